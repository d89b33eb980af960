import type { FramedPackets } from '../media/index.ts';
import type { FrameListener } from './tap-types.ts';

/** A reader of a hub. */
export interface FrameReader {
  readonly onFrames: FrameListener;
}

/** What brings a hub its packets; paused until `setPlaying`. */
export interface HubOutput {
  setPlaying(playing: boolean): void;
  requestKeyFrame(): void;
  close(): void;
}

/** Framed packets of one stream, told by a media thread once and handed to every reader. */
export class FrameHub {
  readonly #open: (onFrames: (frames: FramedPackets) => void) => Promise<HubOutput>;
  readonly #readers = new Set<FrameReader>();
  #output: Promise<HubOutput> | undefined;
  #opened: HubOutput | undefined;

  constructor(open: (onFrames: (frames: FramedPackets) => void) => Promise<HubOutput>) {
    this.#open = open;
  }

  /** The reader gets what comes from now on; a key frame is asked for. @throws GatewayError */
  async add(reader: FrameReader): Promise<void> {
    this.#readers.add(reader);
    this.#output ??= this.#open((frames) => this.#tell(frames));
    const opening = this.#output;
    try {
      const output = await opening;
      if (this.#output !== opening || this.#readers.size === 0) return;
      // The first reader starts with the cached key frame, the others ask for theirs.
      if (this.#opened === output) output.requestKeyFrame();
      else output.setPlaying(true);
      this.#opened = output;
    } catch (error) {
      this.#readers.delete(reader);
      if (this.#output === opening) this.#output = undefined;
      throw error;
    }
  }

  #tell(frames: FramedPackets): void {
    let kept = false;
    for (const { onFrames } of this.#readers) kept = onFrames(frames) !== 'done' || kept;
    // Megabytes a second outside of the heap would else make the collector of the main thread mark all of it each second.
    if (!kept) frames.data.buffer.transfer(0);
  }

  requestKeyFrame(): void {
    this.#opened?.requestKeyFrame();
  }

  /** Without readers nothing is framed any more. */
  remove(reader: FrameReader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    const output = this.#output;
    this.#output = undefined;
    this.#opened = undefined;
    output?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}
