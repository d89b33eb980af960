import { createCalls, type CallIce, type CallOptions, type Calls } from '../../src/rooms/call/index.ts';
import type { CallRecords, QualityReport, TalkSession, TalkSubsession } from '../../src/rooms/call/record-types.ts';
import type { RoomClaims, RoomRights, RoomTokenProblem } from '../../src/rooms/rights-types.ts';
import { silentLogger } from '../../src/util/index.ts';
import type { WebSocketProtocol } from '../../src/websocket/index.ts';
import { FakePeer } from './fake-peer.ts';

export type Message = Record<string, unknown>;

/** One server of the configuration, and one that has registered. */
export const FAKE_ICE = {
  servers() {
    const common = { turnPort: 3478, stunPort: 3478, maxBandwidth: 100_000, rxRate: 12, txRate: 34, reserved: 400 };
    return [
      { ...common, ip: '192.0.2.1', country: 'DE', configured: true, heardAt: undefined, handedOut: 0 },
      { ...common, ip: '192.0.2.2', country: '', configured: false, heardAt: 1_700_000_000_000, handedOut: 2 },
    ];
  },
};

/** Keeps what it is told, the last state of each row. */
export class RecordedCalls implements CallRecords {
  readonly sessions = new Map<string, TalkSession>();
  readonly subsessions = new Map<string, TalkSubsession>();
  readonly quality: QualityReport[] = [];

  saveSession(session: TalkSession): void {
    this.sessions.set(session.sessionId, session);
  }

  saveSubsession(subsession: TalkSubsession): void {
    this.subsessions.set(subsession.subSessionId, subsession);
  }

  addQuality(report: QualityReport): void {
    this.quality.push(report);
  }

  sessionOf(uid: string): TalkSession {
    const found = [...this.sessions.values()].findLast(({ userId }) => userId === uid);
    if (found === undefined) throw new Error(`no session of ${uid}`);
    return found;
  }

  /** The subsession `a→b`, the last one. */
  pair(a: string, b: string): TalkSubsession | undefined {
    return [...this.subsessions.values()].findLast(
      ({ sessionId, remoteUserId }) => remoteUserId === b && this.sessions.get(sessionId)?.userId === a,
    );
  }
}

/** The ICE servers of the document's examples. */
export const RTC_CONFIG = {
  bundlePolicy: 'max-bundle',
  iceServers: [
    {
      credential: '123456',
      urls: ['turn:129.204.197.215:3478?transport=udp', 'turn:129.204.197.215:3478?transport=tcp'],
      username: 'lqf',
    },
    { credential: '', urls: ['stun:129.204.197.215:3478'], username: '' },
  ],
  iceTransportPolicy: 'all',
  rtcpMuxPolicy: 'require',
};

export class FakeIce implements CallIce {
  choice = { config: RTC_CONFIG, iceIp: '129.204.197.215', relays: true };
  answer = 'successful';
  readonly handled: Array<{ message: unknown; token: string | undefined }> = [];
  readonly pairs: Parameters<CallIce['rtcConfigFor']>[0][] = [];

  rtcConfigFor(pair: Parameters<CallIce['rtcConfigFor']>[0]): ReturnType<CallIce['rtcConfigFor']> {
    this.pairs.push(pair);
    return this.choice;
  }

  serverFor(): string {
    return '129.204.197.215:3478';
  }

  handle(message: unknown, { token }: Parameters<CallIce['handle']>[1]): string {
    this.handled.push({ message, token });
    return this.answer;
  }
}

export type PeerFacts = NonNullable<ConstructorParameters<typeof FakePeer>[1]>;

/** A client in the same process: what it sends is handled at once, what it gets is kept. */
export class FakeClient extends FakePeer {
  constructor(protocol: WebSocketProtocol, facts: PeerFacts = {}) {
    super(protocol, { address: '203.0.113.1', host: 'rooms.example.org:8890', ...facts });
  }

  get closedWith(): { readonly code: number; readonly reason: string } | undefined {
    return this.closeCode === undefined ? undefined : { code: this.closeCode, reason: this.closeReason };
  }

  override say(message: object | string): Promise<void> {
    return super.say(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The answer to one message that needs no waiting. */
  ask(message: object | string): Message {
    this.take();
    void this.say(message);
    const [first] = this.take();
    if (first === undefined) throw new Error(`no answer to ${JSON.stringify(message)}`);
    return first;
  }
}

/** Tokens by their text. */
export class FakeRights implements RoomRights {
  readonly enabled: boolean;
  readonly tokens = new Map<string, RoomClaims | RoomTokenProblem>();

  constructor(enabled: boolean) {
    this.enabled = enabled;
  }

  verify(token: string | undefined): Promise<RoomClaims | RoomTokenProblem> {
    return Promise.resolve(token === undefined ? 'missing' : (this.tokens.get(token) ?? 'invalid'));
  }
}

export interface CallFixture {
  readonly calls: Calls;
  readonly records: RecordedCalls;
  readonly ice: FakeIce;
  readonly rights: FakeRights;
  connect(facts?: PeerFacts): FakeClient;
  /** Connected and in room 22 of app 10000. */
  member(uid: string, facts?: PeerFacts, join?: Message): FakeClient;
}

export const joinOf = (uid: string, changes: Message = {}): Message => ({
  cmd: 'join',
  appId: '10000',
  token: 'xa3f3fsaf',
  roomId: '22',
  roomName: 'talk-now',
  uid,
  uname: `client_${uid}`,
  userType: 0,
  talkType: 1,
  time: '1560138845',
  osName: 'Win32',
  browser: 'chrome58.0',
  sdkInfo: '1.0.0',
  ...changes,
});

export function openCallFixture(options: Partial<CallOptions> = {}, auth = false): CallFixture {
  const parts = { records: new RecordedCalls(), ice: new FakeIce(), rights: new FakeRights(auth) };
  const calls = createCalls(
    {
      location: '/ws',
      loginLocation: '/login',
      limits: {
        idleTimeoutMs: 60_000,
        messageTimeoutMs: 0,
        maxPayloadBytes: 131_072,
        maxBackpressureBytes: 1_048_576,
        messageRate: 1000,
        maxConnections: 1000,
        ordered: true,
      },
      capacity: 16,
      keepLiveTimeoutMs: 40_000,
      reportStatsIntervalMs: 15_000,
      tokenWarningMs: 60_000,
      costPerMinute: 0,
      apps: [],
      ...options,
    },
    { ...parts, log: silentLogger },
  );
  const connect = (facts?: PeerFacts): FakeClient => new FakeClient(calls.protocol, facts);
  return {
    calls,
    ...parts,
    connect,
    member(uid, facts, join) {
      const client = connect(facts);
      void client.say(joinOf(uid, join));
      return client;
    },
  };
}
