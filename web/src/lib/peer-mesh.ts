import type { Quality } from './quality.ts';
import type { Entry } from './stats.ts';
import type { JoinedRoom } from './call-client.ts';
import {
  type CallDevice,
  type CallMessage,
  type CallUser,
  DEVICE_INDEX,
  readRtcConfig,
  readUser,
  textOf,
} from './call-message.ts';
import { CallPeer, type LocalTracks } from './call-peer.ts';
import { callQuality, callReport, type CallSample, type ConnectType, sampleCall } from './call-stats.ts';

/** `waiting`: in the room, has not offered a connection yet. */
export type MemberPhase = 'waiting' | 'connecting' | 'connected' | 'lost';

/** Somebody else in the room, as the page shows it. */
export interface CallMember extends CallUser {
  readonly phase: MemberPhase;
  readonly connectType: ConnectType | undefined;
  readonly quality: Quality | undefined;
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly audioTrack: MediaStreamTrack | undefined;
  readonly videoTrack: MediaStreamTrack | undefined;
}

export interface PeerMeshOptions {
  readonly uid: string;
  readonly create: (config: RTCConfiguration) => RTCPeerConnection;
  /** A request to the room server; false = it could not be sent. */
  readonly send: (cmd: string, fields: Readonly<Record<string, unknown>>) => boolean;
  /** After every change; oldest member first. */
  readonly onMembers: (members: readonly CallMember[]) => void;
}

interface Slot {
  member: CallMember;
  peer: CallPeer | undefined;
  /** Of our side of the pair. */
  subSessionId: string;
  config: RTCConfiguration;
  sample: CallSample | undefined;
  reported: CallSample | undefined;
  /** What the server was told. */
  told: ConnectType | undefined;
  rebuilds: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A room server's capacity is bounded; so is what we keep of it. */
const MAX_MEMBERS = 1000;
export const SAMPLE_MS = 2000;
const FIRST_REBUILD_MS = 1000;
const MAX_REBUILD_MS = 30_000;
/** What our pictures may take of the way out, all pairs together. */
const UPLINK_BPS = 3_000_000;
const VIDEO_BPS = { min: 150_000, max: 1_500_000 };

/** By the index of turnTalkType; sound of the system is heard, not shown. */
const DEVICE_FIELDS = ['camera', 'microphone', 'screen'] as const;

/** Results of seed 002 for somebody who has left halfway. */
const UID_UNKNOWN = new Set<unknown>([2, 6]);

/** One connection with every other user of the room: who was there before offers to who comes (seed 002 §6.3, 6.9). */
export class PeerMesh {
  readonly #options: PeerMeshOptions;
  readonly #slots = new Map<string, Slot>();
  #tracks: LocalTracks = { audio: undefined, video: undefined };
  #devices: Partial<Record<CallDevice, boolean>> = {};
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(options: PeerMeshOptions) {
    this.#options = options;
  }

  /** What is connected at the moment, by uid. */
  get connections(): Map<string, RTCPeerConnection> {
    const peers = [...this.#slots].flatMap(([uid, { peer }]) => (peer ? [[uid, peer.connection] as const] : []));
    return new Map(peers);
  }

  /** We are in the room, for the first time or again; those who are there will offer. */
  handleJoined({ users, reportStatsIntervalSec }: JoinedRoom): void {
    const present = new Set(users.map(({ uid }) => uid));
    for (const uid of this.#slots.keys()) if (!present.has(uid)) this.#remove(uid);
    for (const user of users) {
      this.#slots.get(user.uid)?.peer?.yield();
      this.#put(user);
    }
    this.#stopTimers();
    this.#timers = [
      setInterval(() => void this.#sampleAll(), SAMPLE_MS),
      setInterval(() => void this.#reportAll(), reportStatsIntervalSec * 1000),
    ];
    this.#announce();
    this.#changed();
  }

  /** The session goes on after a lost connection; the server may not have heard the last that was said. */
  handleResumed(): void {
    for (const slot of this.#slots.values()) slot.told = undefined;
    this.#announce();
  }

  handleMessage(message: CallMessage): void {
    const uid = textOf(message['uid']);
    switch (message.cmd) {
      case 'notifyNewPeer':
        return this.#handleNewPeer(message);
      case 'relayLeave':
        this.#remove(uid);
        return this.#changed();
      case 'relayOffer':
        return this.#handleOffer(message);
      case 'relayAnswer':
        return this.#slots.get(uid)?.peer?.handleAnswer(message['msg']);
      case 'relayCandidate':
        return this.#slots.get(uid)?.peer?.handleCandidate(message['msg']);
      case 'relayTurnTalkType':
        return this.#handleDevice(uid, message['index'], message['enable'] === true);
      case 'respOffer':
      case 'respAnswer':
        return this.#handleAccepted(message);
      default:
    }
  }

  /** What is sent to everybody from now on. */
  setTracks(tracks: LocalTracks): void {
    this.#tracks = tracks;
    for (const { peer } of this.#slots.values()) peer?.replaceTracks(tracks);
  }

  /** Tells the others; who comes later is told too. */
  turnDevice(device: CallDevice, enable: boolean): void {
    this.#devices[device] = enable;
    this.#options.send('turnTalkType', { index: DEVICE_INDEX[device], enable });
  }

  /** Looks for other ways at once, e.g. because the network came back. */
  restart(): void {
    for (const { peer, member } of this.#slots.values()) if (member.phase === 'lost') peer?.restart();
  }

  /** Idempotent. */
  close(): void {
    this.#stopTimers();
    for (const uid of this.#slots.keys()) this.#remove(uid);
    this.#changed();
  }

  #handleNewPeer(message: CallMessage): void {
    const user = readUser(message);
    if (!user || user.uid === this.#options.uid) return;
    const slot = this.#put(user);
    if (!slot) return;
    slot.config = readRtcConfig(message['rtcConfig']);
    slot.rebuilds = 0;
    this.#build(slot, true);
    // The newcomer cannot know what was said before it came.
    this.#announce();
    this.#changed();
  }

  #handleOffer(message: CallMessage): void {
    const uid = textOf(message['uid']);
    const known = this.#slots.get(uid);
    const slot = known ?? this.#put(readUser({ uid, uname: message['uname'] }));
    if (!slot) return;
    const { peer } = slot;
    // Both offered at the same time: the greater uid stands back.
    if (peer?.initiator && peer.offering && this.#options.uid < uid) return;
    slot.subSessionId = textOf(message['subSessionId']) || slot.subSessionId;
    if (message['rtcConfig']) slot.config = readRtcConfig(message['rtcConfig']);
    if (!peer?.accepts(message['msg'])) this.#build(slot, false);
    slot.peer?.handleOffer(message['msg']);
    this.#changed();
  }

  /** The server has relayed our offer, or knows nobody of that uid. */
  #handleAccepted(message: CallMessage): void {
    const uid = textOf(message['remoteUid']);
    const slot = this.#slots.get(uid);
    if (!slot) return;
    if (message.result === 0) slot.subSessionId = textOf(message['subSessionId']) || slot.subSessionId;
    else if (UID_UNKNOWN.has(message.result)) {
      this.#remove(uid);
      this.#changed();
    }
  }

  #handleDevice(uid: string, index: unknown, enable: boolean): void {
    const slot = this.#slots.get(uid);
    if (!slot) return;
    const key = typeof index === 'number' ? DEVICE_FIELDS[index] : undefined;
    if (key !== undefined) this.#update(slot, { [key]: enable });
  }

  #put(user: CallUser | undefined): Slot | undefined {
    if (!user || user.uid === this.#options.uid) return undefined;
    const known = this.#slots.get(user.uid);
    const has = {
      microphone: user.talkType === 0 || user.talkType === 1,
      camera: user.talkType === 1 || user.talkType === 2,
      screen: false,
    };
    if (known) {
      known.member = { ...known.member, ...user, ...has };
      return known;
    }
    if (this.#slots.size >= MAX_MEMBERS) return undefined;
    const slot: Slot = {
      member: {
        ...user,
        ...has,
        phase: 'waiting',
        connectType: undefined,
        quality: undefined,
        audioTrack: undefined,
        videoTrack: undefined,
      },
      peer: undefined,
      subSessionId: '',
      config: {},
      sample: undefined,
      reported: undefined,
      told: undefined,
      rebuilds: 0,
      timer: undefined,
    };
    this.#slots.set(user.uid, slot);
    this.#shareUplink();
    return slot;
  }

  #remove(uid: string): void {
    const slot = this.#slots.get(uid);
    if (!slot) return;
    clearTimeout(slot.timer);
    slot.peer?.close();
    this.#slots.delete(uid);
    this.#shareUplink();
  }

  /** A new connection in the place of the old one. */
  #build(slot: Slot, initiator: boolean): void {
    const { uid } = slot.member;
    clearTimeout(slot.timer);
    slot.timer = undefined;
    slot.peer?.close();
    Object.assign(slot, { sample: undefined, reported: undefined, told: undefined });
    slot.member = { ...slot.member, phase: 'connecting', connectType: undefined, quality: undefined };
    const peer = new CallPeer({
      create: this.#options.create,
      config: slot.config,
      initiator,
      tracks: this.#tracks,
      maxVideoBps: this.#videoBps(),
      send: (cmd, msg) => void this.#options.send(cmd, { remoteUid: uid, msg }),
      onPhase: (phase) => {
        if (slot.peer !== peer) return;
        if (phase === 'connected') {
          slot.rebuilds = 0;
          void this.#sample(slot);
        }
        this.#update(slot, { phase });
      },
      onTrack: (track) => {
        if (slot.peer === peer)
          this.#update(slot, track.kind === 'audio' ? { audioTrack: track } : { videoTrack: track });
      },
      onBroken: () => {
        if (slot.peer === peer) this.#rebuild(slot, peer.initiator);
      },
    });
    slot.peer = peer;
    if (initiator) peer.start();
  }

  #rebuild(slot: Slot, initiator: boolean): void {
    this.#update(slot, { phase: 'lost' });
    if (!initiator || slot.timer !== undefined) return;
    const delay = Math.min(MAX_REBUILD_MS, FIRST_REBUILD_MS * 2 ** Math.min(slot.rebuilds++, 10));
    slot.timer = setTimeout(() => {
      this.#build(slot, true);
      this.#update(slot, { phase: 'lost' });
    }, delay);
  }

  #announce(): void {
    const devices = Object.entries(this.#devices) as [CallDevice, boolean][];
    for (const [device, enable] of devices) {
      this.#options.send('turnTalkType', { index: DEVICE_INDEX[device], enable });
    }
  }

  #videoBps(): number {
    return Math.min(VIDEO_BPS.max, Math.max(VIDEO_BPS.min, Math.floor(UPLINK_BPS / Math.max(1, this.#slots.size))));
  }

  #shareUplink(): void {
    const bps = this.#videoBps();
    for (const { peer } of this.#slots.values()) peer?.limitVideo(bps);
  }

  async #sampleAll(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => this.#sample(slot)));
  }

  async #sample(slot: Slot): Promise<void> {
    const now = await this.#read(slot);
    if (!now) return;
    const { connectType } = now;
    if (connectType && connectType !== slot.told) {
      const sent = this.#options.send('peerConnected', { connectType, remoteUid: slot.member.uid });
      if (sent) slot.told = connectType;
    }
    const quality = slot.sample ? callQuality(slot.sample, now) : undefined;
    slot.sample = now;
    this.#update(slot, { connectType, quality });
  }

  async #reportAll(): Promise<void> {
    for (const slot of this.#slots.values()) {
      const now = await this.#read(slot);
      if (!now || slot.subSessionId === '') continue;
      const { uid } = slot.member;
      const report = callReport(slot.reported, now);
      slot.reported = now;
      this.#options.send('reportStats', { subSessionId: slot.subSessionId, remoteId: uid, remoteUid: uid, ...report });
    }
  }

  /** Undefined where it is not connected. */
  async #read(slot: Slot): Promise<CallSample | undefined> {
    const { peer } = slot;
    if (!peer || slot.member.phase !== 'connected') return undefined;
    const report = await peer.connection.getStats().catch(() => undefined);
    if (!report || slot.peer !== peer || slot.member.phase !== 'connected') return undefined;
    return sampleCall(report as unknown as Iterable<[string, Entry]>, performance.now());
  }

  #update(slot: Slot, change: Partial<CallMember>): void {
    if (this.#slots.get(slot.member.uid) !== slot) return;
    slot.member = { ...slot.member, ...change };
    this.#changed();
  }

  #stopTimers(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #changed(): void {
    this.#options.onMembers([...this.#slots.values()].map(({ member }) => member));
  }
}
