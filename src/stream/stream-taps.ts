import { EventEmitter } from 'node:events';
import type { FramedPackets, Ingest, PlayableAudio, PlayerOutput } from '../media/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import { StreamError } from './errors.ts';
import { FrameHub, type FrameReader } from './frame-hub.ts';
import type { Tap, TapEvents, TapFrames, TapTrack, TapUdpTarget } from './tap-types.ts';

/** RFC 3551 §6. */
const G711_CLOCK_RATE = 8000;
/** RFC 6184 §8.2.1. */
const H264_CLOCK_RATE = 90_000;

function audioCodecOf({ audio }: Ingest): PlayableAudio {
  return audio?.codec === 'pcmu' ? 'pcmu' : 'pcma';
}

function tracksOf({ video, audio }: Ingest): TapTrack[] {
  const tracks: TapTrack[] = [];
  if (video?.playable === true) {
    const { payloadType, ssrc, profileLevelId, spropParameterSets } = video;
    const parameters = ['packetization-mode=1'];
    if (profileLevelId !== undefined) parameters.push(`profile-level-id=${profileLevelId.toUpperCase()}`);
    if (spropParameterSets !== undefined) parameters.push(`sprop-parameter-sets=${spropParameterSets}`);
    const rtp = { encoding: 'H264', clockRate: H264_CLOCK_RATE, payloadType, ssrc };
    tracks.push({ kind: 'video', ...rtp, parameters: parameters.join('; ') });
  }
  if (audio?.playable === true) {
    const { payloadType, ssrc, codec } = audio;
    tracks.push({ kind: 'audio', encoding: codec.toUpperCase(), clockRate: G711_CLOCK_RATE, payloadType, ssrc });
  }
  return tracks;
}

class IngestTap extends EventEmitter<TapEvents> implements Tap {
  readonly stream: string;
  readonly tracks: readonly TapTrack[];
  readonly #ingest: Ingest;
  readonly #hub: FrameHub;
  readonly #log: Logger;
  readonly #onClosed: (tap: IngestTap) => void;
  readonly #outputs = new Set<{ close(): void }>();
  #closed = false;

  constructor(options: {
    stream: string;
    ingest: Ingest;
    hub: FrameHub;
    log: Logger;
    onClosed: (tap: IngestTap) => void;
  }) {
    super();
    this.stream = options.stream;
    this.#ingest = options.ingest;
    this.#hub = options.hub;
    this.#log = options.log;
    this.#onClosed = options.onClosed;
    this.tracks = tracksOf(options.ingest);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async openUdp(target: TapUdpTarget): Promise<PlayerOutput> {
    const audioCodec = audioCodecOf(this.#ingest);
    const output = await this.#ingest.openPlayerOutput({ kind: 'udp', ...target, audioCodec });
    return this.#adopt(output);
  }

  async openFrames(onFrames: (frames: FramedPackets) => void): Promise<TapFrames> {
    const reader: FrameReader = { onFrames };
    await this.#hub.add(reader);
    return this.#adopt({
      requestKeyFrame: () => this.#hub.requestKeyFrame(),
      close: () => this.#hub.remove(reader),
    });
  }

  close(): void {
    this.end('closed');
  }

  end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const output of this.#outputs) output.close();
    this.#outputs.clear();
    this.#onClosed(this);
    safeEmit<TapEvents, 'closed'>(this, this.#log, 'closed', reason);
  }

  #adopt<T extends { close(): void }>(output: T): T {
    if (this.#closed) {
      output.close();
      throw new StreamError('closed', 'the tap was closed meanwhile');
    }
    this.#outputs.add(output);
    return output;
  }
}

export interface StreamTapsOptions {
  readonly stream: string;
  readonly onChange: () => void;
  readonly log: Logger;
}

/** The taps of one stream, over all of its sources: those of a lost source are closed. */
export class StreamTaps {
  readonly #options: StreamTapsOptions;
  readonly #taps = new Set<IngestTap>();
  #hub: { readonly ingest: Ingest; readonly hub: FrameHub } | undefined;

  constructor(options: StreamTapsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#taps.size;
  }

  open(ingest: Ingest): Tap {
    const { stream, log, onChange } = this.#options;
    if (this.#hub?.ingest !== ingest) this.#hub = { ingest, hub: new FrameHub(ingest, audioCodecOf(ingest)) };
    const onClosed = (closed: IngestTap): void => {
      this.#taps.delete(closed);
      onChange();
    };
    const tap = new IngestTap({ stream, ingest, hub: this.#hub.hub, log, onClosed });
    this.#taps.add(tap);
    return tap;
  }

  closeAll(reason: string): void {
    for (const tap of this.#taps) tap.end(reason);
    this.#hub = undefined;
  }
}
