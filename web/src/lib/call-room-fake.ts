import type { CallMessage } from './call-message.ts';
import { type CallMember, PeerMesh } from './peer-mesh.ts';

export const track = (kind: string, id: string) => ({ kind, id }) as MediaStreamTrack;

interface Transceiver {
  direction: string;
  currentDirection: string | null;
  readonly receiver: { readonly track: MediaStreamTrack };
  readonly sender: {
    track: MediaStreamTrack | null;
    limit: number | undefined;
    replaceTrack: (next: MediaStreamTrack | null) => Promise<void>;
    getParameters: () => { encodings: { maxBitrate?: number }[] };
    setParameters: (parameters: { encodings: { maxBitrate?: number }[] }) => Promise<void>;
  };
}

let sessions = 0;

/** A browser's connection, as far as its negotiation goes. */
export class FakePeer extends EventTarget {
  readonly session = `${++sessions}`;
  readonly config: RTCConfiguration;
  readonly transceivers: Transceiver[] = [];
  readonly candidates: RTCIceCandidateInit[] = [];
  signalingState = 'stable';
  connectionState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  restarts = 0;
  relayed = false;
  closed = false;

  constructor(config: RTCConfiguration) {
    super();
    this.config = config;
  }

  addTransceiver(kind: string, { direction }: { direction: string }): Transceiver {
    const sender: Transceiver['sender'] = {
      track: null,
      limit: undefined,
      replaceTrack: async (next) => void (sender.track = next),
      getParameters: () => ({ encodings: [{}] }),
      setParameters: async ({ encodings }) => void (sender.limit = encodings[0]?.maxBitrate),
    };
    const made = {
      direction,
      currentDirection: null,
      receiver: { track: track(kind, `from ${this.session}`) },
      sender,
    };
    this.transceivers.push(made);
    return made;
  }

  getTransceivers = () => this.transceivers;

  async createOffer({ iceRestart }: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    if (iceRestart) this.restarts++;
    return { type: 'offer', sdp: `v=0\r\no=- ${this.session} ${this.restarts} IN IP4 127.0.0.1\r\n` };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return { type: 'answer', sdp: `v=0\r\no=- ${this.session} 1 IN IP4 127.0.0.1\r\n` };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (!description.sdp?.startsWith('v=0')) throw new TypeError('no SDP');
    if (description.type === 'offer' && this.transceivers.length === 0) {
      for (const kind of ['audio', 'video']) this.addTransceiver(kind, { direction: 'recvonly' });
    }
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) throw new Error('no description');
    this.candidates.push(candidate);
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map<string, object>([
      ['T', { type: 'transport', selectedCandidatePairId: 'P' }],
      ['P', { type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'L', currentRoundTripTime: 0.01 }],
      ['L', { type: 'local-candidate', candidateType: this.relayed ? 'relay' : 'host' }],
    ]);
  }

  close(): void {
    this.closed = true;
  }

  find(candidate: string): void {
    const init = { candidate, sdpMid: '0', sdpMLineIndex: 0 };
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: { candidate, toJSON: () => init } }));
  }

  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  receive(kind: string): void {
    this.dispatchEvent(Object.assign(new Event('track'), { track: track(kind, `from ${this.session}`) }));
  }
}

/** Two or more users of one room; messages go through at once, unless the line is cut. */
export class Room {
  readonly users = new Map<string, User>();
  readonly log: CallMessage[] = [];
  /** In the room, but without a client that answers. */
  readonly silent = new Set<string>();

  join(uid: string): User {
    const others = [...this.users.values()].filter((user) => user.uid !== uid);
    const user = this.users.get(uid) ?? new User(this, uid);
    user.online = true;
    this.users.set(uid, user);
    const list = others.map((other) => ({ uid: other.uid, uname: other.uid, userType: 0, talkType: 1 as const }));
    user.mesh.handleJoined({ roomId: '22', uname: uid, reportStatsIntervalSec: 15, users: list });
    for (const other of others) {
      other.hear({ cmd: 'notifyNewPeer', uid, uname: uid, userType: 0, talkType: 1, rtcConfig: { iceServers: [] } });
    }
    return user;
  }

  leave(uid: string): void {
    this.users.get(uid)?.mesh.close();
    this.users.delete(uid);
    for (const other of this.users.values()) other.hear({ cmd: 'relayLeave', uid });
  }

  relay(from: User, cmd: string, fields: Readonly<Record<string, unknown>>): void {
    this.log.push({ cmd, uid: from.uid, ...fields });
    const relayed = `relay${cmd[0]!.toUpperCase()}${cmd.slice(1)}`;
    const to = this.users.get(String(fields['remoteUid']));
    switch (cmd) {
      case 'offer':
        if (this.silent.has(String(fields['remoteUid']))) return undefined;
        if (!to) return from.hear({ cmd: 'respOffer', result: 6, remoteUid: fields['remoteUid'] });
        from.hear({ cmd: 'respOffer', result: 0, remoteUid: to.uid, subSessionId: `${from.uid}-${to.uid}` });
        return to.hear({
          cmd: relayed,
          uid: from.uid,
          subSessionId: `${to.uid}-${from.uid}`,
          msg: fields['msg'],
          rtcConfig: {},
        });
      case 'answer':
      case 'candidate':
        return to?.hear({ cmd: relayed, uid: from.uid, msg: fields['msg'] });
      case 'turnTalkType':
        for (const other of this.users.values())
          if (other !== from) other.hear({ cmd: relayed, uid: from.uid, ...fields });
        return undefined;
      default:
    }
  }

  sent(cmd: string): CallMessage[] {
    return this.log.filter((message) => message.cmd === cmd);
  }
}

export class User {
  readonly uid: string;
  readonly mesh: PeerMesh;
  readonly peers: FakePeer[] = [];
  members: readonly CallMember[] = [];
  online = true;

  constructor(room: Room, uid: string) {
    this.uid = uid;
    this.mesh = new PeerMesh({
      uid,
      create: (config) => {
        const peer = new FakePeer(config);
        this.peers.push(peer);
        return peer as unknown as RTCPeerConnection;
      },
      send: (cmd, fields) => {
        if (this.online) room.relay(this, cmd, fields);
        return this.online;
      },
      onMembers: (members) => {
        this.members = members;
      },
    });
  }

  hear(message: CallMessage): void {
    if (this.online) this.mesh.handleMessage(message);
  }

  get open(): FakePeer[] {
    return this.peers.filter((peer) => !peer.closed);
  }

  get phases(): Record<string, string> {
    return Object.fromEntries(this.members.map(({ uid, phase }) => [uid, phase]));
  }
}
