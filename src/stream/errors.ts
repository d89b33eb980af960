import { GatewayError } from '../util/index.ts';
import type { PlayFailure } from './types.ts';

export interface StreamErrorDetails {
  /** Status of the response that refused the INVITE. */
  readonly sipStatus?: number;
  /** Play whose timeline tells more. */
  readonly playId?: string;
  readonly cause?: unknown;
}

/** A channel that cannot be shown; `code` is the reason code of its play. */
export class StreamError extends GatewayError {
  override readonly code: PlayFailure;
  readonly sipStatus: number | undefined;
  readonly playId: string | undefined;

  constructor(code: PlayFailure, message: string, details: StreamErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.sipStatus = details.sipStatus;
    this.playId = details.playId;
  }
}

/** The final response contradicts packets that were taken for an answer (quirks 2.1). */
export function lateRejection(): StreamError {
  return new StreamError('invite_rejected', 'the device refused the INVITE after its first packets');
}

/** A name that no running stream has, and that names no channel either. */
export class StreamNotFoundError extends GatewayError {
  override readonly code = 'stream_not_found';
}

/** More streams than the configured bound. */
export class StreamLimitError extends GatewayError {
  override readonly code = 'stream_limit';
}

/** A name that is live already, or that belongs to a camera. */
export class StreamTakenError extends GatewayError {
  override readonly code = 'stream_taken';
}

/** Asked for by a member of a room that is none any more, or whose room the stream has left meanwhile. */
export class StreamOwnerGoneError extends GatewayError {
  override readonly code = 'member_gone';
}

/** A text that cannot be the name of a stream. */
export class StreamNameError extends GatewayError {
  override readonly code = 'stream_name_invalid';
}

/** No playback has this id. */
export class PlaybackUnknownError extends GatewayError {
  override readonly code = 'playback_unknown';
}

/** Another speed for a device that is known not to take MANSRTSP (GB/T 28181 14). */
export class SpeedRefusedError extends GatewayError {
  override readonly code = 'device_refused';
}

/** A playback that has ended takes no orders. */
export class PlaybackEndedError extends GatewayError {
  override readonly code = 'playback_ended';
}
