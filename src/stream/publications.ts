import { randomUUID } from 'node:crypto';
import type { MediaThreads, RelayStats } from '../media/index.ts';
import type { Logger } from '../util/index.ts';
import type { Publication, WebRtc } from '../webrtc/index.ts';
import { StreamError, StreamLimitError, StreamTakenError } from './errors.ts';
import type { Timing } from './options.ts';
import type { Play } from './play.ts';
import { PublishedStream, type Publisher } from './published-stream.ts';
import { RelayedPublication, relayOptionsOf } from './rtp-publication.ts';
import type { RtpPublication, RtpPublishRequest } from './rtp-publication-types.ts';
import { publishedName } from './stream-name.ts';
import type { PublicationEndReason, PublishHandle, PublishRequest, StreamsEvents } from './types.ts';

export interface PublicationsOptions {
  readonly webrtc: Pick<WebRtc, 'createPublication' | 'createPlainPublication' | 'createPlayer' | 'openPackets'>;
  readonly media: Pick<MediaThreads, 'openFraming' | 'openRelay'>;
  readonly timing: Pick<Timing, 'firstFrameTimeoutMs' | 'republish' | 'mediaTimeoutMs' | 'silenceTimeoutMs'>;
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
    const publication = await this.#options.webrtc.createPublication({
      id: randomUUID(),
      offer: request.offer,
      candidates: request.candidate === undefined ? [] : [request.candidate],
      ...(request.maxBitrateBps === undefined ? {} : { maxBitrateBps: request.maxBitrateBps }),
    });
    this.#checkStillFree(name, publication);
    const { remoteAddress, userAgent, owner } = request;
    this.#add(name, publication, {
      transport: 'webrtc',
      remoteAddress,
      userAgent,
      owner,
      states: () => ({ iceState: publication.iceState, dtlsState: publication.dtlsState }),
    });
    return { id: publication.id, stream: name, answer: publication.answer };
  }

  /**
   * @throws OfferCodecError, StreamNameError, StreamTakenError, StreamError, PublicationLimitError, FramingFailedError,
   *   ThreadDiedError
   */
  async publishRtp(given: string, request: RtpPublishRequest): Promise<RtpPublication> {
    const name = publishedName(given);
    const pulled = request.source === 'pull';
    this.#checkFree(name, pulled);
    const { webrtc, media, timing, log } = this.#options;
    const publication = await webrtc.createPlainPublication({ id: randomUUID(), tracks: request.tracks });
    const relay = await media.openRelay(relayOptionsOf(publication, request, timing)).catch((error: unknown) => {
      publication.close();
      throw error;
    });
    try {
      this.#checkStillFree(name, publication, pulled);
    } catch (error) {
      relay.close();
      throw error;
    }
    const { remoteAddress, userAgent, owner, source: transport, notes } = request;
    let stream: PublishedStream | undefined;
    const end = (reason: PublicationEndReason): void => stream?.close(reason);
    const handle = new RelayedPublication({ id: publication.id, stream: name, relay, end, log });
    const stats = (): RelayStats => relay.stats;
    const onEnded = (reason: PublicationEndReason): void => handle.finish(reason);
    const onWatchers = (count: number): void => handle.setWatchers(count);
    const facts = { transport, remoteAddress, userAgent, owner, notes };
    stream = this.#add(name, publication, { ...facts, stats, onEnded, onWatchers });
    relay.once('firstMedia', () => stream.onMedia());
    if (relay.closed) stream.close('media_lost');
    // Whoever gets it could not hear of its end any more.
    if (handle.closed) throw new StreamError('closed', 'the publication ended meanwhile', { playId: stream.playId });
    return handle;
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.close('closed');
  }

  /** The new stream of this name; the one that has it ends. */
  #add(name: string, publication: Publication, publisher: Publisher): PublishedStream {
    this.#streams.get(name)?.close('replaced');
    const { webrtc, media, timing, startPlay, emit, log } = this.#options;
    const stream = new PublishedStream({
      name,
      publication,
      publisher,
      webrtc,
      media,
      firstFrameTimeoutMs: timing.firstFrameTimeoutMs,
      play: startPlay(name),
      onViewers: (changed) => emit('viewers', changed.snapshot),
      onViewerClosed: (viewer) => emit('viewerClosed', viewer),
      onClosed: (closed, reason) => this.#handleClosed(closed, reason),
      log: log.child({ stream: name }),
    });
    this.#streams.set(name, stream);
    emit('opened', stream.snapshot);
    if (publication.closed) stream.close(publisher.transport === 'webrtc' ? 'peer_closed' : 'worker_died');
    return stream;
  }

  /** What we fetch by ourselves takes no name over. */
  #checkFree(name: string, pulled = false): void {
    this.#options.checkName(name);
    if ((pulled || this.#options.timing.republish === 'refuse') && this.#streams.has(name)) {
      throw new StreamTakenError(`${name} is published already`);
    }
  }

  /** Somebody else may have been quicker. */
  #checkStillFree(name: string, publication: Publication, pulled = false): void {
    try {
      if (this.#closed) throw new StreamLimitError('the gateway is closing');
      this.#checkFree(name, pulled);
    } catch (error) {
      publication.close();
      throw error;
    }
  }

  #handleClosed(stream: PublishedStream, reason: PublicationEndReason): void {
    if (this.#streams.get(stream.name) === stream) this.#streams.delete(stream.name);
    this.#options.emit('publicationClosed', { id: stream.id, stream: stream.name, owner: stream.owner, reason });
    this.#options.emit('closed', stream.snapshot);
  }
}
