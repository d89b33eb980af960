import type { FramedPackets, Ingest, PlayableAudio, PlayerOutput } from '../media/index.ts';

/** A reader of a hub. */
export interface FrameReader {
  readonly onFrames: (frames: FramedPackets) => void;
}

/** Framed packets of one ingest, told by its media thread once and handed to every reader. */
export class FrameHub {
  readonly #ingest: Ingest;
  readonly #audioCodec: PlayableAudio;
  readonly #readers = new Set<FrameReader>();
  #output: Promise<PlayerOutput> | undefined;
  #opened: PlayerOutput | undefined;

  constructor(ingest: Ingest, audioCodec: PlayableAudio) {
    this.#ingest = ingest;
    this.#audioCodec = audioCodec;
  }

  /** The reader gets what comes from now on; a key frame is asked for. @throws OutputFailedError */
  async add(reader: FrameReader): Promise<void> {
    this.#readers.add(reader);
    this.#output ??= this.#ingest.openPlayerOutput({
      kind: 'framed',
      audioCodec: this.#audioCodec,
      onFrames: (frames) => {
        for (const { onFrames } of this.#readers) onFrames(frames);
      },
    });
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
