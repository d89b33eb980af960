import type { FramedPackets } from '../stream/index.ts';
import { hasVideo, selectPackets, type ChannelMap } from './interleaved.ts';

/** More than this waiting to be sent: frames are left out up to the next key frame. */
export const MAX_WAITING_BYTES = 1_048_576;
/** Handed to the socket at once: it tells of no progress until all of that has gone. */
const IN_FLIGHT_BYTES = 131_072;
/** A key frame is taken when no more than this waits. */
const RESUME_BYTES = MAX_WAITING_BYTES / 4;
/** Publishers send no key frame of their own accord: one that has been missed is asked for again so often. */
export const KEY_FRAME_RETRY_MS = 2000;
/** Sound without any picture flows after this time. */
export const SOUND_ALONE_MS = 2000;
/** A reader for whom nothing could be sent so long is closed. */
export const STUCK_MS = 10_000;

/** The part of a socket that the writer uses. */
export interface WriterSocket {
  readonly writableLength: number;
  readonly bytesWritten: number;
  write(data: Uint8Array, done?: (error?: Error | null) => void): boolean;
}

export interface InterleavedWriterOptions {
  readonly socket: WriterSocket;
  readonly channels: ChannelMap;
  readonly requestKeyFrame: () => void;
  /** Once: the reader does not read. */
  readonly onStuck: () => void;
  readonly now: () => number;
}

/**
 * Framed packets to one reader. What waits is bounded: a slow reader gets key frames and what follows while it keeps up,
 * and one that takes nothing is given up.
 */
export class InterleavedWriter {
  readonly #options: InterleavedWriterOptions;
  #state: 'paused' | 'waiting' | 'live' | 'stuck' = 'paused';
  /** Behind what the socket has. */
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #stuckSinceMs: number | undefined;
  #sentBytes = 0;
  #pictureAtMs = 0;
  #requestedAtMs = 0;
  /** Frames that were left out. */
  dropped = 0;

  constructor(options: InterleavedWriterOptions) {
    this.#options = options;
  }

  /** From the next key frame on. */
  setPlaying(playing: boolean): void {
    if (this.#state === 'stuck') return;
    this.#state = playing ? 'waiting' : 'paused';
    this.#clearQueue();
    // Whoever opens the frames asks for the first one.
    this.#requestedAtMs = this.#options.now();
    this.#pictureAtMs = this.#requestedAtMs;
  }

  onFrames(frames: FramedPackets): void {
    if (this.#state === 'paused' || this.#state === 'stuck') return;
    if (this.#state === 'live' && this.#waitingBytes > MAX_WAITING_BYTES) this.#state = 'waiting';
    if (this.#state === 'waiting' && !this.#takes(frames)) {
      this.dropped += 1;
      return;
    }
    const selected = selectPackets(frames.data, this.#options.channels);
    if (selected.length > 0) this.#send(selected);
  }

  /** To be called about once a second. */
  tick(): void {
    const { socket, now, onStuck } = this.#options;
    // Answers of the connection may be all that has gone since.
    this.#pump();
    const sentBytes = socket.bytesWritten - socket.writableLength;
    if (this.#waitingBytes === 0 || sentBytes !== this.#sentBytes || this.#state === 'paused') {
      this.#sentBytes = sentBytes;
      this.#stuckSinceMs = undefined;
      return;
    }
    this.#stuckSinceMs ??= now();
    if (this.#state === 'stuck' || now() - this.#stuckSinceMs < STUCK_MS) return;
    this.#state = 'stuck';
    onStuck();
  }

  get #waitingBytes(): number {
    return this.#options.socket.writableLength + this.#queuedBytes;
  }

  #send(data: Uint8Array): void {
    this.#queue.push(data);
    this.#queuedBytes += data.length;
    this.#pump();
  }

  readonly #pump = (error?: Error | null): void => {
    if (error) return this.#clearQueue();
    const { socket } = this.#options;
    while (socket.writableLength < IN_FLIGHT_BYTES) {
      const data = this.#queue.shift();
      if (data === undefined) return;
      this.#queuedBytes -= data.length;
      socket.write(data, this.#pump);
    }
  };

  #clearQueue(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** A picture starts with a key frame; sound without one is left out, too, so that both start together. */
  #takes({ data, keyFrame }: FramedPackets): boolean {
    const { now, requestKeyFrame } = this.#options;
    // One that was asked for now would find no room.
    if (this.#waitingBytes > RESUME_BYTES) return false;
    if (keyFrame) {
      this.#state = 'live';
      return true;
    }
    const nowMs = now();
    // The publisher holds its video back.
    if (!hasVideo(data)) return nowMs - this.#pictureAtMs >= SOUND_ALONE_MS;
    this.#pictureAtMs = nowMs;
    if (nowMs - this.#requestedAtMs >= KEY_FRAME_RETRY_MS) {
      this.#requestedAtMs = nowMs;
      requestKeyFrame();
    }
    return false;
  }
}
