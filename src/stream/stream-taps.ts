import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { PlayerOutput } from '../media/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import { StreamError } from './errors.ts';
import type { FrameReader } from './frame-hub.ts';
import type { TapFeed } from './tap-feed.ts';
import type {
  FrameListener,
  Tap,
  TapEvents,
  TapFrames,
  TapReader,
  TapReaderSnapshot,
  TapRequest,
  TapTrack,
  TapUdpTarget,
} from './tap-types.ts';

const OWN_RECORDING: TapReader = { protocol: 'recording', remoteAddress: '', userAgent: '' };

class StreamTap extends EventEmitter<TapEvents> implements Tap {
  readonly stream: string;
  readonly tracks: readonly TapTrack[];
  readonly ownPace: boolean;
  readonly snapshot: TapReaderSnapshot;
  readonly #feed: TapFeed;
  readonly #log: Logger;
  readonly owner: string | undefined;
  readonly #onClosed: (tap: StreamTap) => void;
  readonly #outputs = new Set<{ close(): void }>();
  #closed = false;

  constructor(options: {
    stream: string;
    feed: TapFeed;
    reader: TapReader;
    owner: string | undefined;
    log: Logger;
    onClosed: (tap: StreamTap) => void;
  }) {
    super();
    this.snapshot = { ...options.reader, id: randomUUID(), createdAt: Date.now() };
    this.stream = options.stream;
    this.owner = options.owner;
    this.#feed = options.feed;
    this.#log = options.log;
    this.#onClosed = options.onClosed;
    this.tracks = options.feed.tracks;
    this.ownPace = options.feed.ownPace === true;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async openUdp(target: TapUdpTarget): Promise<PlayerOutput> {
    return this.#adopt(await this.#feed.openUdp(target));
  }

  async openFrames(onFrames: FrameListener): Promise<TapFrames> {
    const reader: FrameReader = { onFrames };
    const { hub } = this.#feed;
    await hub.add(reader);
    return this.#adopt({ requestKeyFrame: () => hub.requestKeyFrame(), close: () => hub.remove(reader) });
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
  readonly #taps = new Set<StreamTap>();

  constructor(options: StreamTapsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#taps.size;
  }

  snapshots(): TapReaderSnapshot[] {
    return [...this.#taps].map(({ snapshot }) => snapshot);
  }

  open(feed: TapFeed, { reader = OWN_RECORDING, owner }: TapRequest): Tap {
    const { stream, log, onChange } = this.#options;
    const onClosed = (closed: StreamTap): void => {
      this.#taps.delete(closed);
      onChange();
    };
    const tap = new StreamTap({ stream, feed, reader, owner, log, onClosed });
    this.#taps.add(tap);
    onChange();
    return tap;
  }

  closeOwned(mayStay: (owner: string) => boolean): void {
    for (const tap of this.#taps) if (tap.owner !== undefined && !mayStay(tap.owner)) tap.end('closed');
  }

  closeAll(reason: string): void {
    for (const tap of this.#taps) tap.end(reason);
  }
}
