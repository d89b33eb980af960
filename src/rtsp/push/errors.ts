import { GatewayError } from '../../util/index.ts';

/** The URL is none of an RTSP server. */
export class PushInvalidError extends GatewayError {
  override readonly code = 'push_invalid';
}

export class PushLimitError extends GatewayError {
  override readonly code = 'push_limit';
}
