import { EventEmitter } from 'node:events';
import type {
  EvidenceStage,
  PlayRecord,
  PlayRequest,
  RecordedDownload,
  PublishHandle,
  PublishRequest,
  RtpPublication,
  StreamSnapshot,
  Streams,
  StreamsEvents,
  Tap,
  TapReaderSnapshot,
  ViewerHandle,
  ViewerRequest,
  ViewerSnapshot,
} from '../../src/stream/index.ts';
import { NO_STATS } from '../../src/media/no-stats.ts';
import { FakeError } from './fake-platform.ts';
import { FakePlaybacks } from './fake-playbacks.ts';

export { NO_STATS };

/** What `FakeStreams.view` answers with. */
export const FAKE_ANSWER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:serverfrag\r\n';

/** A running 1080p stream of H.264 and G.711. */
export function fakeStream(more: Partial<StreamSnapshot> = {}): StreamSnapshot {
  return {
    name: 'live/34020000001320000001_34020000001310000001',
    source: 'camera',
    playId: 'p1',
    deviceId: '34020000001320000001',
    channelId: '34020000001310000001',
    subStream: 0,
    state: 'playing',
    ssrc: '0200000001',
    transport: 'tcp-passive',
    createdAt: 1_700_000_000_000,
    video: {
      kind: 'video',
      codec: 'h264',
      playable: true,
      profileLevelId: '64001f',
      width: 1920,
      height: 1080,
      ssrc: 1,
      payloadType: 96,
    },
    audio: { kind: 'audio', codec: 'pcma', playable: true, sampleRate: 8000, channels: 1, ssrc: 2, payloadType: 8 },
    stats: NO_STATS,
    viewers: [],
    readers: [],
    ...more,
  };
}

/** An RTSP player of a stream. */
export function fakeReader(more: Partial<TapReaderSnapshot> = {}): TapReaderSnapshot {
  return { id: 'r1', protocol: 'rtsp', remoteAddress: '192.0.2.9', userAgent: 'VLC', createdAt: 1, ...more };
}

export function fakeViewer(more: Partial<ViewerSnapshot> = {}): ViewerSnapshot {
  return {
    id: 'v1',
    stream: 'live/34020000001320000001_34020000001310000001',
    remoteAddress: '127.0.0.1',
    userAgent: 'test',
    createdAt: 1_700_000_000_000,
    iceState: 'connected',
    dtlsState: 'connected',
    bytesSent: 1000,
    ...more,
  };
}

export function fakePlay(more: Partial<PlayRecord> = {}): PlayRecord {
  return {
    id: 'p1',
    stream: 'live/34020000001320000001_34020000001310000001',
    deviceId: '34020000001320000001',
    channelId: '34020000001310000001',
    startedAt: 1_700_000_000_000,
    state: 'playing',
    transport: 'tcp-passive',
    callIds: ['call-1'],
    timeline: [
      { stage: 'requested', at: 1_700_000_000_000, afterMs: 0 },
      { stage: 'invite_sent', at: 1_700_000_000_005, afterMs: 5, detail: 'TCP, port 30000' },
    ],
    ...more,
  };
}

/** Streams without media: opens at once, or fails, or waits for `release`, as a test wants. */
export class FakeStreams extends EventEmitter<StreamsEvents> implements Streams {
  /** What was called, oldest first. */
  readonly calls: unknown[][] = [];
  readonly playbacks = new FakePlaybacks();
  /** Thrown by `open` and `view`. */
  failure: Error | undefined;
  /** While set, `open` waits for it after the timeline has begun. */
  hold: Promise<void> | undefined;
  readonly #streams = new Map<string, StreamSnapshot>();
  readonly #plays: PlayRecord[] = [];
  #nextPlay = 1;
  #nextViewer = 1;

  addStream(stream: StreamSnapshot): this {
    this.#streams.set(stream.name, stream);
    return this;
  }

  addPlay(play: PlayRecord): this {
    this.#plays.unshift(play);
    return this;
  }

  /** Adds a stage to a play's timeline and tells it. */
  grow(playId: string, stage: EvidenceStage, detail?: string): PlayRecord {
    const index = this.#plays.findIndex(({ id }) => id === playId);
    const play = this.#plays[index];
    if (play === undefined) throw new FakeError('play_unknown', playId);
    const at = Date.now();
    const entry = { stage, at, afterMs: at - play.startedAt, ...(detail === undefined ? {} : { detail }) };
    const grown = { ...play, timeline: [...play.timeline, entry] };
    this.#plays[index] = grown;
    this.emit('play', grown);
    return grown;
  }

  async openDownload(): Promise<RecordedDownload> {
    throw new FakeError('device_offline', 'there are no recordings here');
  }

  async open(request: PlayRequest, signal?: AbortSignal): Promise<StreamSnapshot> {
    this.calls.push(['open', request]);
    const suffix = request.subStream === 0 ? '' : `_${request.subStream}`;
    const name = `live/${request.deviceId}_${request.channelId}${suffix}`;
    const running = this.#streams.get(name);
    if (running !== undefined) return running;
    const id = `p${this.#nextPlay++}`;
    const { deviceId, channelId, subStream } = request;
    const now = Date.now();
    this.addPlay({
      ...fakePlay({ id, stream: name, deviceId, channelId, startedAt: now, state: 'opening' }),
      timeline: [{ stage: 'requested', at: now, afterMs: 0 }],
    });
    await this.hold;
    if (signal?.aborted === true) throw new FakeError('closed', 'aborted');
    if (this.failure !== undefined) throw this.failure;
    const stream = fakeStream({ name, playId: id, deviceId, channelId, subStream, createdAt: now });
    this.addStream(stream);
    this.emit('opened', stream);
    return stream;
  }

  find(name: string): StreamSnapshot | undefined {
    const bare = name.slice(name.indexOf('/') + 1);
    return (
      this.#streams.get(name) ??
      this.#streams.get(`live/${name}`) ??
      this.list().find(({ ssrc }) => ssrc === name || ssrc === bare)
    );
  }

  /** Of publications and viewers. */
  readonly #owners = new Map<string, string | undefined>();
  /** Names that lead to a camera. */
  readonly cameras = new Set<string>();

  ownerOf(name: string): string | undefined {
    return this.#owners.get(this.#streams.get(name)?.publisher?.id ?? '');
  }

  isCamera(name: string): boolean {
    return this.cameras.has(name) || this.#streams.get(name)?.source === 'camera';
  }

  list(): StreamSnapshot[] {
    return [...this.#streams.values()];
  }

  async view(name: string, viewer: ViewerRequest): Promise<ViewerHandle> {
    this.calls.push(['view', name, viewer]);
    if (this.failure !== undefined) throw this.failure;
    let stream = this.find(name);
    if (stream === undefined) {
      const [deviceId = '', channelId = ''] = name.slice(name.indexOf('/') + 1).split('_');
      if (channelId === '') throw new FakeError('device_offline', `no stream ${name}`);
      stream = await this.open({ deviceId, channelId, subStream: 0 });
    }
    const id = `v${this.#nextViewer++}`;
    const { remoteAddress, userAgent } = viewer;
    const joined = fakeViewer({ id, stream: stream.name, remoteAddress, userAgent, createdAt: Date.now() });
    this.#setViewers(stream, [...stream.viewers, joined]);
    this.#owners.set(id, viewer.owner);
    return { id, answer: FAKE_ANSWER };
  }

  pullFrom(): void {
    // Nothing is fetched.
  }

  async tap(name: string): Promise<Tap> {
    this.calls.push(['tap', name]);
    throw this.failure ?? new FakeError('device_offline', `no stream ${name}`);
  }

  readonly muted = new Map<string, { video: boolean; audio: boolean }>();

  async publish(name: string, request: PublishRequest): Promise<PublishHandle> {
    this.calls.push(['publish', name, request]);
    if (this.failure !== undefined) throw this.failure;
    const stream = name.includes('/') ? name : `live/${name}`;
    const old = this.#streams.get(stream);
    if (old?.publisher !== undefined) this.endPublication(old.publisher.id, 'replaced');
    const id = `pub${this.#nextViewer++}`;
    const { remoteAddress, userAgent } = request;
    const muted = { video: false, audio: false };
    const publisher = { id, remoteAddress, userAgent, iceState: 'new', dtlsState: 'new', muted };
    const published = fakeStream({
      name: stream,
      source: 'publication',
      transport: 'webrtc',
      deviceId: '',
      channelId: '',
      ssrc: '',
      publisher,
    });
    this.addStream(published);
    this.#owners.set(id, request.owner);
    this.muted.set(id, muted);
    this.emit('opened', published);
    return { id, stream, answer: FAKE_ANSWER };
  }

  async publishRtp(): Promise<RtpPublication> {
    throw new TypeError('nothing of the API publishes RTP');
  }

  closePublication(publicationId: string): boolean {
    this.calls.push(['closePublication', publicationId]);
    return this.endPublication(publicationId, 'closed');
  }

  closeOwned(owner: string): void {
    for (const { publisher } of this.list()) {
      if (publisher !== undefined && this.#owners.get(publisher.id) === owner) this.closePublication(publisher.id);
    }
    for (const { name } of this.list()) this.closeViewersOf(name, (other) => other !== owner);
  }

  closeViewersOf(name: string, mayStay: (owner: string) => boolean): void {
    for (const { id } of this.find(name)?.viewers ?? []) {
      const owner = this.#owners.get(id);
      if (owner !== undefined && !mayStay(owner)) this.closeViewer(id);
    }
  }

  /** The publisher goes, and with it everybody who plays it. */
  endPublication(publicationId: string, reason: 'closed' | 'replaced' | 'peer_closed' | 'no_media'): boolean {
    const stream = this.list().find(({ publisher }) => publisher?.id === publicationId);
    if (stream === undefined) return false;
    for (const { id } of stream.viewers)
      this.emit('viewerClosed', { id, stream: stream.name, reason: 'publisher_gone' });
    const owner = this.ownerOf(stream.name);
    this.#streams.delete(stream.name);
    this.emit('publicationClosed', { id: publicationId, stream: stream.name, owner, reason });
    this.emit('closed', stream);
    return true;
  }

  async mute(
    id: string,
    change: { video?: boolean; audio?: boolean },
  ): Promise<{ video: boolean; audio: boolean } | undefined> {
    this.calls.push(['mute', id, change]);
    const known = this.muted.get(id) ?? (this.#ofViewer(id) === undefined ? undefined : { video: false, audio: false });
    if (known === undefined) return undefined;
    const muted = { ...known, ...change };
    this.muted.set(id, muted);
    const stream = this.list().find(({ publisher }) => publisher?.id === id);
    if (stream?.publisher !== undefined) {
      const changed = { ...stream, publisher: { ...stream.publisher, muted } };
      this.addStream(changed);
      this.emit('changed', changed);
    }
    return muted;
  }

  trickle(viewerId: string, fragment: string): boolean {
    this.calls.push(['trickle', viewerId, fragment]);
    return this.#ofViewer(viewerId) !== undefined || this.muted.has(viewerId);
  }

  reportFirstFrame(viewerId: string, afterMs: number): boolean {
    this.calls.push(['reportFirstFrame', viewerId, afterMs]);
    return this.#ofViewer(viewerId) !== undefined;
  }

  closeViewer(viewerId: string): boolean {
    this.calls.push(['closeViewer', viewerId]);
    const stream = this.#ofViewer(viewerId);
    if (stream === undefined) return false;
    this.#setViewers(
      stream,
      stream.viewers.filter(({ id }) => id !== viewerId),
    );
    this.emit('viewerClosed', { id: viewerId, stream: stream.name, reason: 'closed' });
    return true;
  }

  async close(name: string): Promise<boolean> {
    this.calls.push(['close', name]);
    const stream = this.#streams.get(name);
    if (stream === undefined) return false;
    this.#streams.delete(name);
    this.emit('closed', { ...stream, state: 'closed' });
    return true;
  }

  plays(filter: Parameters<Streams['plays']>[0] = {}): PlayRecord[] {
    const { deviceId, channelId, limit } = filter;
    return this.#plays
      .filter(
        (play) =>
          (deviceId === undefined || play.deviceId === deviceId) &&
          (channelId === undefined || play.channelId === channelId),
      )
      .slice(0, limit);
  }

  play(id: string): PlayRecord | undefined {
    return this.#plays.find((play) => play.id === id);
  }

  async shutdown(): Promise<void> {
    for (const name of this.#streams.keys()) await this.close(name);
  }

  #ofViewer(viewerId: string): StreamSnapshot | undefined {
    return this.list().find(({ viewers }) => viewers.some(({ id }) => id === viewerId));
  }

  #setViewers(stream: StreamSnapshot, viewers: readonly ViewerSnapshot[]): void {
    const changed = { ...stream, viewers };
    this.addStream(changed);
    this.emit('viewers', changed);
  }
}
