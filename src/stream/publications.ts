import { randomUUID } from 'node:crypto';
import type { MediaThreads } from '../media/index.ts';
import type { Logger } from '../util/index.ts';
import type { WebRtc } from '../webrtc/index.ts';
import { StreamLimitError, StreamTakenError } from './errors.ts';
import type { Timing } from './options.ts';
import type { Play } from './play.ts';
import { PublishedStream } from './published-stream.ts';
import { publishedName } from './stream-name.ts';
import type { PublicationEndReason, PublishHandle, PublishRequest, StreamsEvents } from './types.ts';

export interface PublicationsOptions {
  readonly webrtc: Pick<WebRtc, 'createPublication' | 'createPlayer' | 'openPackets'>;
  readonly media: Pick<MediaThreads, 'openFraming'>;
  readonly timing: Pick<Timing, 'firstFrameTimeoutMs' | 'republish'>;
  readonly startPlay: (name: string) => Play;
  /** @throws StreamTakenError for a name that belongs to a camera */
  readonly checkName: (name: string) => void;
  readonly emit: <K extends keyof StreamsEvents>(event: K, ...args: StreamsEvents[K]) => void;
  readonly log: Logger;
}

/** The streams that are published to us, by name. */
export class Publications {
  readonly #options: PublicationsOptions;
  readonly #streams = new Map<string, PublishedStream>();
  #closed = false;

  constructor(options: PublicationsOptions) {
    this.#options = options;
  }

  all(): Iterable<PublishedStream> {
    return this.#streams.values();
  }

  /** By name, with or without app. */
  find(name: string): PublishedStream | undefined {
    const bare = name.replace(/^\/+/, '');
    return this.#streams.get(bare) ?? this.#streams.get(`live/${bare}`);
  }

  byId(id: string): PublishedStream | undefined {
    return [...this.#streams.values()].find((stream) => stream.id === id);
  }

  /** @throws SdpError, StreamNameError, StreamTakenError, PublicationLimitError */
  async publish(given: string, request: PublishRequest): Promise<PublishHandle> {
    const name = publishedName(given);
    this.#checkFree(name);
    const { webrtc, media } = this.#options;
    const publication = await webrtc.createPublication({
      id: randomUUID(),
      offer: request.offer,
      candidates: request.candidate === undefined ? [] : [request.candidate],
      ...(request.maxBitrateBps === undefined ? {} : { maxBitrateBps: request.maxBitrateBps }),
    });
    try {
      if (this.#closed) throw new StreamLimitError('the gateway is closing');
      // Somebody else may have been quicker.
      this.#checkFree(name);
    } catch (error) {
      publication.close();
      throw error;
    }
    this.#streams.get(name)?.close('replaced');
    const stream = new PublishedStream({
      name,
      publication,
      request,
      webrtc,
      media,
      firstFrameTimeoutMs: this.#options.timing.firstFrameTimeoutMs,
      play: this.#options.startPlay(name),
      onViewers: (changed) => this.#options.emit('viewers', changed.snapshot),
      onViewerClosed: (viewer) => this.#options.emit('viewerClosed', viewer),
      onClosed: (closed, reason) => this.#handleClosed(closed, reason),
      log: this.#options.log.child({ stream: name }),
    });
    this.#streams.set(name, stream);
    this.#options.emit('opened', stream.snapshot);
    if (publication.closed) stream.close('peer_closed');
    return { id: publication.id, stream: name, answer: publication.answer };
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.close('closed');
  }

  #checkFree(name: string): void {
    this.#options.checkName(name);
    if (this.#options.timing.republish === 'refuse' && this.#streams.has(name)) {
      throw new StreamTakenError(`${name} is published already`);
    }
  }

  #handleClosed(stream: PublishedStream, reason: PublicationEndReason): void {
    if (this.#streams.get(stream.name) === stream) this.#streams.delete(stream.name);
    this.#options.emit('publicationClosed', { id: stream.id, stream: stream.name, reason });
    this.#options.emit('closed', stream.snapshot);
  }
}
