import type { EventEmitter } from 'node:events';
import { errorMessage } from './errors.ts';
import type { Logger } from './logger.ts';

type EventMap = Record<keyof unknown, unknown[]>;

/** Emits so that a throwing listener never reaches the I/O path that emits. */
export function safeEmit<T extends Record<keyof T, unknown[]>, K extends keyof T & string>(
  emitter: EventEmitter<T>,
  log: Logger,
  event: K,
  ...args: T[K]
): void {
  try {
    (emitter as unknown as EventEmitter<EventMap>).emit(event as never, ...(args as never));
  } catch (error) {
    log.error({ event, error: errorMessage(error) }, 'listener threw');
  }
}
