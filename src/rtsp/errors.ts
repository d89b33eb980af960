import { GatewayError } from '../util/index.ts';

/** The RTSP port cannot be opened. */
export class RtspListenError extends GatewayError {
  override readonly code = 'rtsp_listen_failed';
}
