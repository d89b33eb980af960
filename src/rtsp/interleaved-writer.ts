import type { FramedPackets } from '../stream/index.ts';
import { hasVideo, selectPackets, type ChannelMap } from './interleaved.ts';

/** More than this waiting to be sent: frames are left out up to the next key frame. */
export const MAX_WAITING_BYTES = 1_048_576;
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
  write(data: Uint8Array): boolean;
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
 * Framed packets to one reader. What waits in the socket is bounded: a slow reader gets key frames and what follows
 * while it keeps up, and one that takes nothing is given up.
 */
export class InterleavedWriter {
  readonly #options: InterleavedWriterOptions;
  #state: 'paused' | 'waiting' | 'live' | 'stuck' = 'paused';
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
    // Whoever opens the frames asks for the first one.
    this.#requestedAtMs = this.#options.now();
    this.#pictureAtMs = this.#requestedAtMs;
  }

  onFrames(frames: FramedPackets): void {
    if (this.#state === 'paused' || this.#state === 'stuck') return;
    const { socket, channels } = this.#options;
    if (this.#state === 'live' && socket.writableLength > MAX_WAITING_BYTES) this.#state = 'waiting';
    if (this.#state === 'waiting' && !this.#takes(frames)) {
      this.dropped += 1;
      return;
    }
    const selected = selectPackets(frames.data, channels);
    if (selected.length > 0) socket.write(selected);
  }

  /** To be called about once a second. */
  tick(): void {
    const { socket, now, onStuck } = this.#options;
    const sentBytes = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength === 0 || sentBytes !== this.#sentBytes || this.#state === 'paused') {
      this.#sentBytes = sentBytes;
      this.#stuckSinceMs = undefined;
      return;
    }
    this.#stuckSinceMs ??= now();
    if (this.#state === 'stuck' || now() - this.#stuckSinceMs < STUCK_MS) return;
    this.#state = 'stuck';
    onStuck();
  }

  /** A picture starts with a key frame; sound without one is left out, too, so that both start together. */
  #takes({ data, keyFrame }: FramedPackets): boolean {
    const { socket, now, requestKeyFrame } = this.#options;
    // One that was asked for now would find no room.
    if (socket.writableLength > RESUME_BYTES) return false;
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
