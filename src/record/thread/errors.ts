import { GatewayError } from '../../util/index.ts';
import type { StartFailure } from './protocol.ts';

/** A recording did not begin; the reason is part of the code. */
export class RecordingStartError extends GatewayError {
  override readonly code = 'recording_not_started';
  readonly reason: StartFailure | 'thread_died' | 'stream_ended';

  constructor(reason: RecordingStartError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A file cannot be made complete. */
export class RecordingRepairError extends GatewayError {
  override readonly code = 'recording_not_repaired';
  /** `thread`: nobody has looked at it to the end. */
  readonly reason: 'file' | 'thread';

  constructor(reason: RecordingRepairError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
