import { GatewayError } from '../../util/index.ts';

export type ActorErrorCode = 'channel_unknown' | 'device_offline' | 'actor_exists' | 'actor_limit';

/** A camera, recorder or relayer cannot be brought into a room. */
export class ActorError extends GatewayError {
  readonly code: ActorErrorCode;

  constructor(code: ActorErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
