import { randomBytes } from 'node:crypto';
import type { PmsReply } from './envelope.ts';
import { PmsError } from './errors.ts';
import type { SessionRole } from './messages.ts';

/** Streams of one session; a client of the original has one. */
const MAX_PARTS = 64;
/** Sessions of one WebSocket that have no stream any more: each publication without a session begins a new one. */
const MAX_IDLE_OF_PEER = 16;

/** Where messages come from: one WebSocket, or one HTTP request. */
export interface Peer {
  readonly address: string;
  readonly userAgent: string;
  /** Of the URL or the Authorization header; one in a message goes before it. */
  readonly token: string | undefined;
  /** Its sessions end with it; false for HTTP. */
  readonly lasting: boolean;
  readonly closed: boolean;
  send(reply: PmsReply): void;
}

/** One stream that a session publishes or plays. */
export interface SessionPart {
  readonly session: Session;
  readonly role: 'publisher' | 'player';
  /** As the client calls it. */
  readonly stream: string;
  readonly handleId: string;
  /** The WebSocket that asked for it and hears of its end, whosever the session is. */
  readonly peer: Peer | undefined;
}

export interface Session {
  readonly id: string;
  /** Of session.setup; a session that came about otherwise may do both. */
  role: SessionRole | undefined;
  /** The WebSocket that it ends with. */
  readonly peer: Peer | undefined;
  readonly parts: Map<string, SessionPart>;
  /** Of the last message. */
  usedAt: number;
}

/** All sessions and what they hold, by id and by handle. */
export class Sessions {
  readonly #max: number;
  readonly #sessions = new Map<string, Session>();
  readonly #ofPeer = new Map<Peer, Set<Session>>();
  readonly #byHandle = new Map<string, SessionPart>();
  #next = 1;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** @throws PmsError `session_limit` */
  create(peer: Peer | undefined, role?: SessionRole): Session {
    if (peer !== undefined) this.#forgetIdle(peer);
    if (this.#sessions.size >= this.#max && !this.#forgetUnused()) {
      throw new PmsError('session_limit', `${this.#sessions.size} sessions are open, the limit is ${this.#max}`);
    }
    // The number is the original's; the rest keeps others from guessing it.
    const id = `sid${this.#next}-${randomBytes(9).toString('base64url')}`;
    this.#next += 1;
    const session: Session = { id, role, peer, parts: new Map(), usedAt: Date.now() };
    this.#sessions.set(id, session);
    if (peer !== undefined) this.#ofPeer.set(peer, (this.#ofPeer.get(peer) ?? new Set()).add(session));
    return session;
  }

  /** A session that this peer may use. @throws PmsError `session_unknown` */
  get(id: string, peer: Peer): Session {
    const session = this.#sessions.get(id);
    if (session === undefined || (session.peer !== undefined && session.peer !== peer)) {
      throw new PmsError('session_unknown', `Session not found. session: ${id.slice(0, 64)}`);
    }
    session.usedAt = Date.now();
    return session;
  }

  isOpen(session: Session): boolean {
    return this.#sessions.get(session.id) === session;
  }

  ofPeer(peer: Peer): Session[] {
    return [...(this.#ofPeer.get(peer) ?? [])];
  }

  part(session: Session, role: SessionPart['role'], stream: string): SessionPart | undefined {
    return session.parts.get(`${role} ${stream}`);
  }

  publicationOf(sessions: readonly Session[], stream: string): SessionPart | undefined {
    return this.#newest(sessions, 'publisher', stream);
  }

  /** What a message means that names only the stream: the publication before the play, the newer play before the older. */
  partOf(sessions: readonly Session[], stream: string): SessionPart | undefined {
    return this.publicationOf(sessions, stream) ?? this.#newest(sessions, 'player', stream);
  }

  byHandle(handleId: string): SessionPart | undefined {
    return this.#byHandle.get(handleId);
  }

  /** @throws PmsError `session_limit` */
  checkRoom(session: Session): void {
    if (session.parts.size >= MAX_PARTS) {
      throw new PmsError('session_limit', `the session has ${session.parts.size} streams, the limit is ${MAX_PARTS}`);
    }
  }

  add(part: SessionPart): void {
    part.session.parts.set(`${part.role} ${part.stream}`, part);
    this.#byHandle.set(part.handleId, part);
  }

  remove(part: SessionPart): void {
    const key = `${part.role} ${part.stream}`;
    this.#byHandle.delete(part.handleId);
    const { session } = part;
    if (session.parts.get(key) === part) session.parts.delete(key);
    // Nothing else tells that a session without a WebSocket is over.
    if (session.peer === undefined && session.parts.size === 0 && session.role === undefined) this.end(session);
  }

  /** Forgets a session; returns what it held. */
  end(session: Session): SessionPart[] {
    this.#sessions.delete(session.id);
    if (session.peer !== undefined) {
      const others = this.#ofPeer.get(session.peer);
      others?.delete(session);
      if (others?.size === 0) this.#ofPeer.delete(session.peer);
    }
    const parts = [...session.parts.values()];
    for (const part of parts) this.#byHandle.delete(part.handleId);
    session.parts.clear();
    return parts;
  }

  /** @param sessions the oldest first */
  #newest(sessions: readonly Session[], role: SessionPart['role'], stream: string): SessionPart | undefined {
    return sessions.map((session) => this.part(session, role, stream)).findLast((part) => part !== undefined);
  }

  #forgetIdle(peer: Peer): void {
    const idle = this.ofPeer(peer).filter(({ parts }) => parts.size === 0);
    const oldest = idle.toSorted((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest !== undefined && idle.length >= MAX_IDLE_OF_PEER) this.end(oldest);
  }

  /** session.setup costs its sender nothing: what it made and nobody has used since must not keep others out. */
  #forgetUnused(): boolean {
    for (const session of this.#sessions.values()) {
      if (session.peer !== undefined || session.parts.size > 0) continue;
      this.end(session);
      return true;
    }
    return false;
  }

  /** Sessions without a WebSocket, without a stream and without a message since that time. */
  idleSince(time: number): Session[] {
    return [...this.#sessions.values()].filter(
      ({ peer, parts, usedAt }) => peer === undefined && parts.size === 0 && usedAt < time,
    );
  }
}
