import { EventEmitter } from 'node:events';
import type { Device } from '../gb28181/index.ts';
import type { MediaThreads } from '../media/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import type { MuteState, WebRtc } from '../webrtc/index.ts';
import type { StreamPlatform } from './attempt.ts';
import { StreamLimitError, StreamNotFoundError, StreamTakenError } from './errors.ts';
import type { HistoryDirector } from './history/director.ts';
import { Histories } from './history/histories.ts';
import type { Playbacks, RecordedDownload, RecordedDownloadRequest } from './history/types.ts';
import { LiveStream } from './live-stream.ts';
import { FormerOwners } from './former-owners.ts';
import { fillOptions, type StreamsOptions, type Timing } from './options.ts';
import { logEvidence } from './evidence-log.ts';
import { PlayList } from './play-list.ts';
import { Publications } from './publications.ts';
import type { PublishedStream } from './published-stream.ts';
import type { RtpPublication, RtpPublishRequest } from './rtp-publication-types.ts';
import { Pulling } from './pulling.ts';
import type { StreamPuller } from './puller-types.ts';
import { formatStreamName, isSsrcName, parseStreamName } from './stream-name.ts';
import { ChannelPicture, MainPictures } from './sub-stream.ts';
import type { Tap, TapRequest } from './tap-types.ts';
import type {
  PlayRecord,
  PlayRequest,
  PublishHandle,
  PublishRequest,
  StreamSnapshot,
  Streams,
  StreamsEvents,
  ViewerHandle,
  ViewerRequest,
} from './types.ts';

/** An INVITE that is being cancelled is not waited for longer than this. */
const SHUTDOWN_WAIT_MS = 2000;

export interface StreamsParts {
  readonly platform: StreamPlatform;
  readonly media: Pick<MediaThreads, 'openIngest' | 'openFraming' | 'openRelay'>;
  readonly webrtc: Pick<
    WebRtc,
    | 'createViewer'
    | 'createPublication'
    | 'createPlainPublication'
    | 'createPlayer'
    | 'openPackets'
    | 'checkOffer'
    | 'checkFragment'
  >;
  readonly log: Logger;
}

class LiveStreams extends EventEmitter<StreamsEvents> implements Streams {
  readonly #parts: StreamsParts;
  readonly #timing: Timing;
  readonly #plays: PlayList;
  readonly #streams = new Map<string, LiveStream>();
  readonly #publications: Publications;
  readonly #pulling = new Pulling();
  readonly #formerOwners = new FormerOwners();
  readonly #histories: Histories;
  readonly #mainPictures = new MainPictures((main) => this.#judgeSubStreams(main));
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(options: StreamsOptions, parts: StreamsParts) {
    super();
    this.#parts = parts;
    this.#timing = fillOptions(options);
    this.#plays = new PlayList(this.#timing.maxPlays, (play) => {
      logEvidence(parts.log, play);
      this.#emit('play', play);
    });
    this.#publications = new Publications({
      webrtc: parts.webrtc,
      media: parts.media,
      timing: this.#timing,
      startPlay: (name) => this.#plays.start(name, { deviceId: '', channelId: '', subStream: 0 }),
      checkName: (name) => this.#checkName(name),
      emit: (event, ...args) => this.#emit(event, ...args),
      log: parts.log,
    });
    this.#histories = new Histories({
      platform: parts.platform,
      open: (name, request, director) => this.#open(name, request, director),
      log: parts.log,
    });
    parts.platform.on('deviceOnline', this.#handleDevice);
    parts.platform.on('deviceChanged', this.#handleDevice);
  }

  get playbacks(): Playbacks {
    return this.#histories.playbacks;
  }

  openDownload(request: RecordedDownloadRequest, signal?: AbortSignal): Promise<RecordedDownload> {
    return this.#histories.openDownload(request, signal);
  }

  async open(request: PlayRequest, signal?: AbortSignal): Promise<StreamSnapshot> {
    const stream = this.#stream(request);
    await stream.join(signal);
    return stream.snapshot;
  }

  find(name: string): StreamSnapshot | undefined {
    return this.#find(name)?.snapshot;
  }

  list(): StreamSnapshot[] {
    return [...this.#streams.values(), ...this.#publications.all()].map((stream) => stream.snapshot);
  }

  ownerOf(name: string): string | undefined {
    const published = this.#publications.find(name);
    return published?.name === name ? published.owner : undefined;
  }

  isCamera(name: string): boolean {
    const last = name.slice(name.lastIndexOf('/') + 1);
    return [name, last].some((given) => this.#findLive(given) !== undefined || this.#isOurs(given));
  }

  async view(name: string, viewer: ViewerRequest): Promise<ViewerHandle> {
    const { owner } = viewer;
    return this.#formerOwners.keep({ owner, watched: name }, this.#view(name, viewer), ({ id }) =>
      this.closeViewer(id),
    );
  }

  async #view(name: string, viewer: ViewerRequest): Promise<ViewerHandle> {
    const published = this.#publications.find(name);
    if (published !== undefined) return published.view(viewer);
    this.#parts.webrtc.checkOffer(viewer.offer);
    return this.#withStream(name, undefined, (stream) => stream.view(viewer));
  }

  async tap(name: string, request: TapRequest = {}): Promise<Tap> {
    const { hops } = request;
    const published = this.#publications.find(name);
    if (published !== undefined) this.#pulling.checkServed(published.name, hops);
    const opening = this.#withStream(name, hops, (stream) => stream.tap(request));
    return this.#formerOwners.keep({ owner: request.owner, watched: name }, opening, (tap) => tap.close());
  }

  pullFrom(puller: StreamPuller): void {
    this.#pulling.puller = puller;
  }

  async publish(name: string, request: PublishRequest): Promise<PublishHandle> {
    if (this.#closed) throw new StreamLimitError('the gateway is closing');
    const publishing = this.#publications.publish(name, request);
    return this.#formerOwners.keep(request, publishing, ({ id }) => this.closePublication(id));
  }

  async publishRtp(name: string, request: RtpPublishRequest): Promise<RtpPublication> {
    if (this.#closed) throw new StreamLimitError('the gateway is closing');
    const publishing = this.#publications.publishRtp(name, request);
    return this.#formerOwners.keep(request, publishing, (publication) => publication.close());
  }

  closePublication(publicationId: string): boolean {
    const stream = this.#publications.byId(publicationId);
    stream?.close('closed');
    return stream !== undefined;
  }

  closeOwned(owner: string): void {
    this.#formerOwners.add(owner);
    const others = (other: string): boolean => other !== owner;
    for (const stream of this.#publications.all()) if (stream.owner === owner) stream.close('closed');
    for (const stream of [...this.#streams.values(), ...this.#publications.all()]) stream.closeOwned(others);
  }

  closeViewersOf(name: string, mayStay: (owner: string) => boolean): void {
    const stream = this.#find(name);
    stream?.closeOwned(mayStay);
    const isStream = (asked: string): boolean =>
      asked === name || (stream !== undefined && this.#find(asked) === stream);
    this.#formerOwners.refuse(isStream, mayStay);
  }

  async mute(id: string, change: Partial<MuteState>): Promise<MuteState | undefined> {
    const published = this.#publications.byId(id);
    if (published === undefined) return this.#streamOf(id)?.viewers.mute(id, change);
    const muted = await published.setMuted(change);
    if (this.#publications.byId(id) === published) this.#emit('changed', published.snapshot);
    return muted;
  }

  trickle(viewerId: string, fragment: string): boolean {
    const known = this.#streamOf(viewerId) !== undefined || this.#publications.byId(viewerId) !== undefined;
    return known && this.#parts.webrtc.checkFragment(fragment);
  }

  reportFirstFrame(viewerId: string, afterMs: number): boolean {
    return this.#streamOf(viewerId)?.viewers.reportFirstFrame(viewerId, afterMs) ?? false;
  }

  closeViewer(viewerId: string): boolean {
    return this.#streamOf(viewerId)?.viewers.close(viewerId) ?? false;
  }

  async close(name: string): Promise<boolean> {
    const published = this.#publications.find(name);
    published?.close('closed');
    if (published !== undefined) return true;
    const stream = this.#findLive(name);
    await stream?.close();
    return stream !== undefined;
  }

  plays(filter?: Parameters<Streams['plays']>[0]): PlayRecord[] {
    return this.#plays.list(filter);
  }

  play(id: string): PlayRecord | undefined {
    return this.#plays.get(id);
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#parts.platform.off('deviceOnline', this.#handleDevice);
    this.#parts.platform.off('deviceChanged', this.#handleDevice);
    this.#publications.close();
    for (const stream of this.#streams.values()) void stream.close();
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_WAIT_MS);
    });
    await Promise.race([Promise.all(this.#closing), waited]);
    clearTimeout(timer);
  }

  /** The running stream, else that of a device of ours, else one that is fetched from elsewhere. */
  async #withStream<T>(
    name: string,
    hops: readonly string[] | undefined,
    use: (stream: LiveStream | PublishedStream) => Promise<T>,
  ): Promise<T> {
    const running = this.#find(name);
    if (running !== undefined) return use(running);
    const hold = this.#isOurs(name) || this.#closed ? undefined : await this.#pulling.pull(name, hops);
    try {
      return await use(this.#publications.find(name) ?? this.#streamFor(name));
    } finally {
      hold?.release();
    }
  }

  #isOurs(name: string): boolean {
    const request = this.#requestOf(name);
    return request !== undefined && this.#parts.platform.device(request.deviceId) !== undefined;
  }

  /** The running stream of this name, or a new one. */
  #streamFor(name: string): LiveStream {
    const running = this.#findLive(name);
    if (running !== undefined) return running;
    const request = this.#requestOf(name);
    if (request === undefined) throw new StreamNotFoundError(`no stream or channel is named ${name.slice(0, 200)}`);
    return this.#stream(request);
  }

  #stream(request: PlayRequest): LiveStream {
    const name = formatStreamName(request);
    return this.#streams.get(name) ?? this.#open(name, request);
  }

  /** @throws StreamTakenError, StreamLimitError */
  #open(name: string, request: PlayRequest, director?: HistoryDirector): LiveStream {
    const { maxStreams } = this.#timing;
    if (this.#publications.find(name) !== undefined) throw new StreamTakenError(`${name} is a publication`);
    if (this.#closed) throw new StreamLimitError('the gateway is closing');
    if (this.#streams.size >= maxStreams) {
      throw new StreamLimitError(`${this.#streams.size} streams are open, the limit is ${maxStreams}`);
    }
    const stream = new LiveStream({
      ...this.#parts,
      name,
      request,
      ...(director !== undefined && { director }),
      // What was recorded of the main stream may have had another size than it has now.
      ...((director === undefined || request.subStream > 0) && {
        picture: new ChannelPicture(request, this.#mainPictures),
      }),
      timing: this.#timing,
      startPlay: () => this.#plays.start(name, request),
      onOpened: (opened) => this.#emit('opened', opened.snapshot),
      onViewers: (changed) => this.#emit('viewers', changed.snapshot),
      onViewerClosed: (viewer) => this.#emit('viewerClosed', viewer),
      onClosed: (closed, last) => this.#handleClosed(closed, last),
    });
    this.#streams.set(name, stream);
    return stream;
  }

  #judgeSubStreams({ deviceId, channelId }: PlayRequest): void {
    for (const stream of this.#streams.values()) {
      const { request } = stream;
      if (request.deviceId !== deviceId || request.channelId !== channelId) continue;
      if (stream.picture?.judge() === true) this.#emit('viewers', stream.snapshot);
    }
  }

  #handleClosed(stream: LiveStream, last: StreamSnapshot): void {
    if (this.#streams.get(stream.name) === stream) this.#streams.delete(stream.name);
    const done = stream.close().finally(() => this.#closing.delete(done));
    this.#closing.add(done);
    this.#emit('closed', last);
  }

  /** A publication must not stand in for a camera. @throws StreamTakenError */
  #checkName(name: string): void {
    if (this.#streams.has(name)) throw new StreamTakenError(`${name} is a camera's stream`);
    const request = parseStreamName(name);
    if (request !== undefined && this.#parts.platform.device(request.deviceId) !== undefined) {
      throw new StreamTakenError(`${name} belongs to the device ${request.deviceId}`);
    }
  }

  #find(name: string): LiveStream | PublishedStream | undefined {
    return this.#publications.find(name) ?? this.#findLive(name);
  }

  #findLive(name: string): LiveStream | undefined {
    const bare = name.replace(/^\/+/, '');
    const byName = this.#streams.get(bare) ?? this.#streams.get(`live/${bare}`);
    if (byName !== undefined) return byName;
    const ssrc = bare.replace(/^live\//, '');
    if (!isSsrcName(ssrc)) return undefined;
    return [...this.#streams.values()].find((stream) => stream.ssrc === ssrc);
  }

  /** A name tells device and channel; some players know only the channel. */
  #requestOf(name: string): PlayRequest | undefined {
    const bare = name.replace(/^\/+/, '');
    const request = parseStreamName(bare);
    if (request !== undefined) return request;
    const channel = this.#parts.platform.findChannel(bare.replace(/^live\//, ''));
    return channel === undefined ? undefined : { deviceId: channel.deviceId, channelId: channel.id, subStream: 0 };
  }

  #streamOf(viewerId: string): LiveStream | PublishedStream | undefined {
    return [...this.#streams.values(), ...this.#publications.all()].find((stream) => stream.viewers.has(viewerId));
  }

  /** A restarted camera registers again, mostly from another port, before anybody has noticed that it was gone. */
  readonly #handleDevice = (device: Device): void => {
    for (const stream of this.#streams.values()) {
      if (stream.request.deviceId === device.id) stream.handleDevice(device);
    }
  };

  #emit<K extends keyof StreamsEvents>(event: K, ...args: StreamsEvents[K]): void {
    safeEmit<StreamsEvents, K>(this, this.#parts.log, event, ...args);
  }
}

/** The streams of a gateway. Synchronous: nothing is opened before somebody asks for it. */
export function createStreams(options: StreamsOptions, parts: StreamsParts): Streams {
  return new LiveStreams(options, parts);
}
