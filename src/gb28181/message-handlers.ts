import type { DeviceRecord } from './device/record.ts';
import type { Manscdp } from './manscdp/index.ts';

/** What a device has sent by itself: an alarm, a position, the end of a file. */
export interface DeviceMessage {
  readonly record: DeviceRecord;
  readonly message: Manscdp;
  readonly method: 'MESSAGE' | 'NOTIFY';
  readonly callId: string;
}

export type MessageHandler = (message: DeviceMessage) => void;

/** Who takes which CmdType that answers no Query of ours. */
export class MessageHandlers {
  readonly #handlers = new Map<string, MessageHandler>();

  /** One for each CmdType, whose case does not count. */
  set(cmdType: string, handler: MessageHandler): void {
    this.#handlers.set(cmdType.toLowerCase(), handler);
  }

  /** False where nobody takes it. */
  deliver(message: DeviceMessage): boolean {
    const handler = this.#handlers.get(message.message.cmdType.toLowerCase());
    handler?.(message);
    return handler !== undefined;
  }
}
