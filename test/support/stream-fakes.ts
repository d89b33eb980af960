import { EventEmitter } from 'node:events';
import {
  DEFAULT_SETTINGS,
  resolveSettings,
  type Channel,
  type Device,
  type LiveInvite,
  type LiveSession,
  type LiveSessionEnd,
  type LiveSessionEvents,
  type MediaTransport,
  type PlaybackControl,
  type PlatformEvents,
  type SettingsInForce,
  type SsrcLease,
  type Stretch,
} from '../../src/gb28181/index.ts';
import type {
  AudioTrack,
  FramedPackets,
  Framing,
  FramingEvents,
  FramingOptions,
  FramingStats,
  Ingest,
  IngestAnswer,
  IngestEvents,
  IngestOptions,
  IngestOutput,
  PlayerOutput,
  PlayerOutputEvents,
  IngestStats,
  RelayEndReason,
  RelayEvents,
  RelayOptions,
  RtpRelay,
  VideoTrack,
} from '../../src/media/index.ts';
import { NO_STATS } from '../../src/media/no-stats.ts';
import type { StreamsParts } from '../../src/stream/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import type {
  DtlsState,
  IceState,
  MuteState,
  PacketTarget,
  PlayerOptions,
  Publication,
  PeerPublication,
  PlainPublication,
  PlainPublicationOptions,
  PublicationCloseReason,
  PublicationEvents,
  PublicationOptions,
  Viewer,
  ViewerCloseReason,
  ViewerEvents,
  ViewerOptions,
} from '../../src/webrtc/index.ts';

export const DEVICE_ID = '34020000001320000001';
export const CHANNEL_ID = '34020000001310000001';

export function testDevice(changes: Partial<Device> = {}): Device {
  return {
    id: DEVICE_ID,
    name: 'gate',
    manufacturer: '',
    model: '',
    firmware: '',
    online: true,
    admission: 'approved',
    protocol: 'udp',
    sourceAddress: '127.0.0.9',
    sourcePort: 5060,
    userAgent: '',
    gbVersion: '2.0',
    registeredAt: 1,
    lastSeenAt: 1,
    expiresSec: 3600,
    keepaliveIntervalSec: 60,
    keepaliveCount: 0,
    channelCount: 1,
    settings: {},
    ...changes,
  };
}

/** An ingest whose events the test emits. */
export class ScriptedIngest extends EventEmitter<IngestEvents> implements Ingest {
  readonly options: IngestOptions;
  readonly localPort: number;
  video: VideoTrack | undefined;
  audio: AudioTrack | undefined;
  stats: IngestStats = NO_STATS;
  closed = false;
  outputs = 0;
  answers = 0;
  lastAnswer: IngestAnswer | undefined;
  /** Plays as soon as the 200 is here. */
  playsOnAnswer = false;

  constructor(options: IngestOptions, localPort: number) {
    super();
    this.options = options;
    this.localPort = localPort;
  }

  get id(): string {
    return this.options.id;
  }

  setAnswer(answer: IngestAnswer): void {
    this.answers += 1;
    this.lastAnswer = answer;
    if (this.playsOnAnswer) this.play();
  }

  /** As it was told, oldest first. */
  readonly speeds: number[] = [];
  /** An order is under way, or the device pauses. */
  expectsChange = false;

  expectChange(): void {
    this.expectsChange = true;
  }

  setSpeed(speed: number): void {
    this.expectsChange = false;
    this.speeds.push(speed);
  }

  addOutput(): IngestOutput {
    this.outputs += 1;
    return { close: () => (this.outputs -= 1) };
  }

  async openPlayerOutput(): Promise<PlayerOutput> {
    return Object.assign(new EventEmitter<PlayerOutputEvents>(), {
      ports: { rtp: 0, rtcp: 0 },
      setPlaying: () => undefined,
      requestKeyFrame: () => undefined,
      close: () => undefined,
    });
  }

  close(): void {
    this.end('closed');
  }

  end(reason: 'closed' | 'tcp_closed' | 'thread_died' | 'connect_failed'): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('ended', reason);
  }

  sendRtp(): void {
    this.emit('firstRtp', { address: '127.0.0.9', port: 15060, ssrc: this.options.ssrc, payloadType: 96 });
    this.emit('ssrcOk', this.options.ssrc);
  }

  sendTrack(changes: Partial<VideoTrack> = {}): void {
    const track: VideoTrack = {
      kind: 'video',
      codec: 'h264',
      playable: true,
      profileLevelId: '640028',
      width: 1920,
      height: 1080,
      ssrc: 1,
      payloadType: 96,
      ...changes,
    };
    this.video = track;
    this.emit('track', track);
  }

  sendAudio(codec: AudioTrack['codec']): void {
    const playable = codec === 'pcma' || codec === 'pcmu';
    this.audio = { kind: 'audio', codec, playable, sampleRate: 8000, channels: 1, ssrc: 2, payloadType: 8 };
    this.emit('track', this.audio);
  }

  /** All that a good camera brings. */
  play(): void {
    this.sendRtp();
    this.emit('firstPack');
    this.sendTrack();
    this.emit('firstKeyFrame');
  }
}

export class ScriptedSession extends EventEmitter<LiveSessionEvents> implements LiveSession {
  readonly callId: string;
  /** Of another network than its SIP: as behind NAT. */
  readonly answer = { address: '10.0.0.9', port: 15060, payloads: [{ payloadType: 96, encoding: 'PS' }], sdp: '' };
  ended = false;
  takesControl = true;
  byes = 0;

  constructor(callId: string) {
    super();
    this.callId = callId;
  }

  /** What it was asked, oldest first. */
  readonly controls: PlaybackControl[] = [];
  /** Thrown instead of agreeing. */
  refusal: Error | undefined;
  /** Before it answers. */
  onControl: () => void = () => undefined;

  async control(control: PlaybackControl): Promise<void> {
    this.controls.push(control);
    this.onControl();
    if (this.refusal !== undefined) throw this.refusal;
  }

  async bye(): Promise<void> {
    if (this.ended) return;
    this.byes += 1;
    this.end('local_bye');
  }

  end(reason: LiveSessionEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.emit('ended', reason);
  }
}

/** What a device does with an INVITE; by default it answers and plays. */
export type InviteScript = (
  invite: LiveInvite,
  ingest: ScriptedIngest,
  session: ScriptedSession,
) => void | Promise<void>;

/** What a good camera does. */
export const playOnAnswer: InviteScript = (_invite, ingest) => {
  ingest.playsOnAnswer = true;
};

/** A platform with one device. */
export class ScriptedPlatform extends EventEmitter<PlatformEvents> {
  current: Device | undefined = testDevice();
  transports: readonly MediaTransport[] = ['tcp-passive', 'udp', 'tcp-active'];
  remembered: MediaTransport | undefined;
  script: InviteScript = playOnAnswer;
  /** Whether it takes MANSRTSP, as far as that is known. */
  takesControl = true;
  readonly invites: LiveInvite[] = [];
  readonly sessions: ScriptedSession[] = [];
  readonly leases = new Set<string>();
  keyFrameRequests = 0;
  touches = 0;
  readonly #media: ScriptedMedia;
  #nextSsrc = 200_001_000;

  constructor(media: ScriptedMedia) {
    super();
    this.#media = media;
  }

  device(id: string): Device | undefined {
    return id === this.current?.id ? this.current : undefined;
  }

  findChannel(): Channel | undefined {
    return undefined;
  }

  settingsInForce(id: string): SettingsInForce {
    return resolveSettings(this.device(id) ?? testDevice(), DEFAULT_SETTINGS);
  }

  reserveSsrc(): SsrcLease {
    this.#nextSsrc += 1;
    const text = String(this.#nextSsrc).padStart(10, '0');
    this.leases.add(text);
    return { value: this.#nextSsrc, text, release: () => this.leases.delete(text) };
  }

  async mediaAddress(): Promise<string> {
    return '127.0.0.1';
  }

  mediaTransports(): readonly MediaTransport[] {
    return this.transports;
  }

  rememberTransport(_deviceId: string, transport: MediaTransport): void {
    this.remembered = transport;
  }

  /** What is known of the channel's recordings. */
  recorded: Stretch[] = [];

  recordedStretches(): Stretch[] {
    return this.recorded;
  }

  async invite(invite: LiveInvite): Promise<LiveSession> {
    this.invites.push(invite);
    const callId = `call-${this.invites.length}`;
    invite.onProgress?.('invite_sent', '', callId);
    const session = new ScriptedSession(callId);
    session.takesControl = this.takesControl;
    const ingest = this.#media.opened.at(-1);
    if (ingest === undefined) throw new Error('no ingest was opened before the INVITE');
    await this.script(invite, ingest, session);
    this.sessions.push(session);
    invite.onProgress?.('ok', '200 OK', callId);
    return session;
  }

  async requestKeyFrame(): Promise<void> {
    this.keyFrameRequests += 1;
  }

  touch(): void {
    this.touches += 1;
  }
}

/** A framing whose packets the test tells. */
export class ScriptedFraming extends EventEmitter<FramingEvents> implements Framing {
  readonly options: FramingOptions;
  readonly port: number;
  readonly ports = { rtp: 43_000, rtcp: 43_001 };
  readonly stats: FramingStats = { packets: 0, bytes: 0, lost: 0, reordered: 0, keyFrames: 0, errors: {} };
  closed = false;

  constructor(options: FramingOptions, port: number) {
    super();
    this.options = options;
    this.port = port;
  }

  tell(frames: FramedPackets): void {
    if (this.options.output.kind === 'frames') this.options.output.onFrames(frames);
  }

  close(): void {
    this.closed = true;
  }
}

/** Plain RTP of a publication to a receiver that is not there. */
export class ScriptedPackets extends EventEmitter<PlayerOutputEvents> implements PlayerOutput {
  readonly target: PacketTarget;
  readonly ports = { rtp: 41_000, rtcp: 41_001 };
  readonly ssrc = 77;
  playing = false;
  keyFrameRequests = 0;
  closed = false;

  constructor(target: PacketTarget) {
    super();
    this.target = target;
  }

  setPlaying(playing: boolean): void {
    this.playing = playing;
  }

  requestKeyFrame(): void {
    this.keyFrameRequests += 1;
  }

  close(): void {
    this.closed = true;
  }
}

/** A relay whose media a test brings. */
export class ScriptedRelay extends EventEmitter<RelayEvents> implements RtpRelay {
  readonly options: RelayOptions;
  readonly stats = { packets: 5, bytes: 500, lost: 1, rtcpPackets: 0, bitrateBps: 4000, errors: { wrong_ssrc: 1 } };
  readonly pushed: Uint8Array[] = [];
  expecting = false;
  restarts = 0;
  closed = false;

  constructor(options: RelayOptions) {
    super();
    this.options = options;
  }

  get id(): string {
    return this.options.id;
  }

  async openUdp(track: number): Promise<{ rtp: number; rtcp: number }> {
    return { rtp: 50_000 + track * 2, rtcp: 50_001 + track * 2 };
  }

  setRemote(): void {}

  push(framed: Uint8Array): void {
    this.pushed.push(framed);
  }

  restart(): void {
    this.restarts += 1;
  }

  setExpecting(expecting: boolean): void {
    this.expecting = expecting;
  }

  close(): void {
    this.end('closed');
  }

  end(reason: RelayEndReason): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('ended', reason);
  }
}

export class ScriptedMedia {
  readonly opened: ScriptedIngest[] = [];
  readonly framings: ScriptedFraming[] = [];
  readonly relays: ScriptedRelay[] = [];
  failure: Error | undefined;

  async openFraming(options: FramingOptions): Promise<Framing> {
    if (this.failure !== undefined) throw this.failure;
    const framing = new ScriptedFraming(options, 42_000 + this.framings.length);
    this.framings.push(framing);
    return framing;
  }

  get open(): number {
    return this.opened.filter((ingest) => !ingest.closed).length;
  }

  async openRelay(options: RelayOptions): Promise<RtpRelay> {
    if (this.failure !== undefined) throw this.failure;
    const relay = new ScriptedRelay(options);
    this.relays.push(relay);
    return relay;
  }

  async openIngest(options: IngestOptions): Promise<Ingest> {
    if (this.failure !== undefined) throw this.failure;
    const ingest = new ScriptedIngest(options, 30_000 + 2 * this.opened.length);
    this.opened.push(ingest);
    return ingest;
  }
}

export class ScriptedViewer extends EventEmitter<ViewerEvents> implements Viewer {
  readonly id: string;
  readonly answer = 'v=0';
  readonly workerIndex = 0;
  readonly ingests: Ingest[];
  iceState: IceState = 'new';
  dtlsState: DtlsState = 'new';
  bytesSent = 0;
  closed = false;
  canMove = true;
  muted: MuteState = { video: false, audio: false };

  constructor({ id, ingest }: { readonly id: string; readonly ingest?: Ingest }) {
    super();
    this.id = id;
    this.ingests = ingest === undefined ? [] : [ingest];
  }

  async setMuted(change: Partial<MuteState>): Promise<MuteState> {
    this.muted = { ...this.muted, ...change };
    return this.muted;
  }

  async rebind(ingest: Ingest): Promise<void> {
    if (!this.canMove) throw new Error('cannot move');
    this.ingests.push(ingest);
  }

  close(reason: ViewerCloseReason = 'closed'): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('closed', reason);
  }

  connect(): void {
    this.iceState = 'completed';
    this.emit('iceStateChange', 'completed');
    this.dtlsState = 'connected';
    this.emit('dtlsStateChange', 'connected');
  }
}

/** A publisher that a test connects and loses. */
export class ScriptedPublication extends EventEmitter<PublicationEvents> implements PeerPublication {
  readonly id: string;
  readonly options: PublicationOptions;
  readonly answer = 'v=0 publication';
  readonly workerIndex = 0;
  tracks: PeerPublication['tracks'] = [
    { kind: 'video', codec: 'vp8', payloadType: 96, ssrc: 1 },
    { kind: 'audio', codec: 'opus', payloadType: 111, ssrc: 2 },
  ];
  readonly stats = { packets: 10, bytes: 1000, lost: 0, bitrateBps: 8000 };
  iceState: IceState = 'new';
  dtlsState: DtlsState = 'new';
  muted: MuteState = { video: false, audio: false };
  closed = false;

  constructor(options: PublicationOptions) {
    super();
    this.id = options.id;
    this.options = options;
  }

  async setMuted(change: Partial<MuteState>): Promise<MuteState> {
    this.muted = { ...this.muted, ...change };
    return this.muted;
  }

  close(reason: PublicationCloseReason = 'closed'): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('closed', reason);
  }

  connect(): void {
    this.iceState = 'completed';
    this.emit('iceStateChange', 'completed');
    this.dtlsState = 'connected';
    this.emit('dtlsStateChange', 'connected');
  }
}

/** A publication of H.264 and PCMA as plain RTP. */
export class ScriptedPlainPublication extends EventEmitter<PublicationEvents> implements PlainPublication {
  readonly id: string;
  readonly options: PlainPublicationOptions;
  readonly input = { address: '127.0.0.1', port: 40_000 };
  readonly workerIndex = 0;
  readonly tracks: PlainPublication['tracks'];
  readonly stats = { packets: 0, bytes: 0, lost: 0, bitrateBps: 0 };
  muted: MuteState = { video: false, audio: false };
  closed = false;

  constructor(options: PlainPublicationOptions) {
    super();
    this.id = options.id;
    this.options = options;
    this.tracks = options.tracks.map(({ kind, encoding, payloadType, parameters }, index) => {
      const profileLevelId = /profile-level-id=([0-9a-f]{6})/i.exec(parameters ?? '')?.[1]?.toLowerCase();
      return {
        kind,
        codec: encoding.toLowerCase() as 'h264',
        payloadType,
        ssrc: 100 + index,
        ...(parameters === undefined ? {} : { parameters }),
        ...(profileLevelId === undefined ? {} : { profileLevelId }),
      };
    });
  }

  async setMuted(change: Partial<MuteState>): Promise<MuteState> {
    this.muted = { ...this.muted, ...change };
    return this.muted;
  }

  close(reason: PublicationCloseReason = 'closed'): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('closed', reason);
  }
}

export class ScriptedWebRtc {
  readonly viewers: ScriptedViewer[] = [];
  readonly publications: ScriptedPublication[] = [];
  readonly packets: ScriptedPackets[] = [];
  readonly plainPublications: ScriptedPlainPublication[] = [];
  failure: Error | undefined;

  checkOffer(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  checkFragment(fragment: string): boolean {
    return fragment.startsWith('a=');
  }

  /** How long a viewer takes to come about. */
  viewerDelayMs = 0;

  async createPublication(options: PublicationOptions): Promise<PeerPublication> {
    if (this.failure !== undefined) throw this.failure;
    const publication = new ScriptedPublication(options);
    this.publications.push(publication);
    return publication;
  }

  async openPackets(_publication: Publication, target: PacketTarget): Promise<PlayerOutput> {
    if (this.failure !== undefined) throw this.failure;
    const packets = new ScriptedPackets(target);
    this.packets.push(packets);
    return packets;
  }

  async createPlainPublication(options: PlainPublicationOptions): Promise<PlainPublication> {
    if (this.failure !== undefined) throw this.failure;
    const publication = new ScriptedPlainPublication(options);
    this.plainPublications.push(publication);
    return publication;
  }

  async createPlayer(options: PlayerOptions): Promise<Viewer> {
    const viewer = new ScriptedViewer(options);
    this.viewers.push(viewer);
    return viewer;
  }

  async createViewer(options: ViewerOptions): Promise<Viewer> {
    if (this.viewerDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.viewerDelayMs));
    const viewer = new ScriptedViewer(options);
    this.viewers.push(viewer);
    return viewer;
  }
}

/** Parts of a Streams under test, all scripted. */
export function scriptedParts(): StreamsParts & {
  readonly platform: ScriptedPlatform;
  readonly media: ScriptedMedia;
  readonly webrtc: ScriptedWebRtc;
} {
  const media = new ScriptedMedia();
  return { media, platform: new ScriptedPlatform(media), webrtc: new ScriptedWebRtc(), log: silentLogger };
}
