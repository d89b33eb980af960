import type { CallRecords, ConnectType, TalkSession, TalkSubsession } from './record-types.ts';
import { ulid } from './ids.ts';

const MINUTE_MS = 60_000;
/** Of one session; later ones are found by their own records. */
const MAX_SUB_SESSION_IDS = 1000;

export interface TalkOptions {
  /** Cents for each begun minute. */
  readonly costPerMinute: number;
  readonly records: CallRecords;
}

type SessionFacts = Omit<TalkSession, 'leftAt' | 'timedOut' | 'subSessionIds' | 'sessionId' | 'createdAt' | 'joinedAt'>;

/** What the records keep of one join and leave (seed 002 §4.2). */
export class Talk {
  readonly sessionId = ulid();
  readonly joinedAt = Date.now();
  readonly #facts: SessionFacts;
  readonly #records: CallRecords;
  readonly #subSessionIds: string[] = [];
  #leftAt: number | undefined;
  #timedOut = false;

  constructor(facts: SessionFacts, records: CallRecords) {
    this.#facts = facts;
    this.#records = records;
    this.#save();
  }

  add(subSessionId: string): void {
    if (this.#subSessionIds.length >= MAX_SUB_SESSION_IDS) return;
    this.#subSessionIds.push(subSessionId);
    this.#save();
  }

  finish(timedOut: boolean): void {
    if (this.#leftAt !== undefined) return;
    this.#leftAt = Date.now();
    this.#timedOut = timedOut;
    this.#save();
  }

  #save(): void {
    this.#records.saveSession({
      ...this.#facts,
      sessionId: this.sessionId,
      timedOut: this.#timedOut,
      // Clients' clocks are not believed.
      createdAt: this.joinedAt,
      joinedAt: this.joinedAt,
      leftAt: this.#leftAt,
      subSessionIds: [...this.#subSessionIds],
    });
  }
}

function costOf(connectedAt: number | undefined, finishedAt: number | undefined, costPerMinute: number): number {
  if (connectedAt === undefined || finishedAt === undefined) return 0;
  return Math.round(Math.max(1, Math.ceil((finishedAt - connectedAt) / MINUTE_MS)) * costPerMinute);
}

/** A subsession whose end nobody saw, ended at that time (Unix ms), and not before it began. */
export function finishSubsession(subsession: TalkSubsession, at: number, costPerMinute: number): TalkSubsession {
  const { begunAt, connectedAt } = subsession;
  const finishedAt = Math.max(at, connectedAt ?? begunAt);
  const cost = costOf(connectedAt, finishedAt, costPerMinute);
  return { ...subsession, status: connectedAt === undefined ? 2 : 1, finishedAt, cost };
}

/** Whom the other end is. */
export interface RemoteFacts {
  readonly userId: string;
  readonly userName: string;
  readonly userIp: string;
}

/**
 * One direction of a pair (seed 002 §4.3): begun by the own offer or answer, connected by the own peerConnected,
 * finished when either end has left. What never began leaves no record.
 */
export class SubTalk {
  readonly subSessionId = ulid();
  /** Of the ICE server that was handed out. */
  iceIp = '';
  readonly #talk: Talk;
  readonly #remote: RemoteFacts;
  readonly #options: TalkOptions;
  #connectType: ConnectType = 'Unknown';
  #begunAt: number | undefined;
  #connectedAt: number | undefined;
  #finishedAt: number | undefined;
  #reportedAt = 0;

  constructor(talk: Talk, remote: RemoteFacts, options: TalkOptions) {
    this.#talk = talk;
    this.#remote = remote;
    this.#options = options;
  }

  get connected(): boolean {
    return this.#connectedAt !== undefined && this.#finishedAt === undefined;
  }

  begin(): void {
    if (this.#begunAt !== undefined || this.#finishedAt !== undefined) return;
    this.#begunAt = Date.now();
    this.#talk.add(this.subSessionId);
    this.#save();
  }

  connect(connectType: ConnectType): void {
    if (this.#finishedAt !== undefined) return;
    this.begin();
    const again = this.#connectedAt !== undefined;
    if (again && this.#connectType === connectType) return;
    this.#connectedAt ??= Date.now();
    this.#connectType = connectType;
    this.#save();
  }

  finish(): void {
    if (this.#finishedAt !== undefined) return;
    this.#finishedAt = Date.now();
    if (this.#begunAt !== undefined) this.#save();
  }

  /** Whether another report may be kept; who reports without end fills no database. */
  takeReport(minGapMs: number): boolean {
    const now = Date.now();
    if (this.#begunAt === undefined || now - this.#reportedAt < minGapMs) return false;
    this.#reportedAt = now;
    return true;
  }

  #status(): TalkSubsession['status'] {
    if (this.#finishedAt !== undefined) return this.#connectedAt === undefined ? 2 : 1;
    return this.#connectedAt === undefined ? -1 : 0;
  }

  #save(): void {
    this.#options.records.saveSubsession({
      subSessionId: this.subSessionId,
      sessionId: this.#talk.sessionId,
      status: this.#status(),
      remoteUserId: this.#remote.userId,
      remoteUserName: this.#remote.userName,
      remoteUserIp: this.#remote.userIp,
      iceIp: this.iceIp,
      connectType: this.#connectType,
      begunAt: this.#begunAt ?? this.#talk.joinedAt,
      connectedAt: this.#connectedAt,
      finishedAt: this.#finishedAt,
      cost: costOf(this.#connectedAt, this.#finishedAt, this.#options.costPerMinute),
    });
  }
}
