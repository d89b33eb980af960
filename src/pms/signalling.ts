import { GatewayError, type Logger } from '../util/index.ts';
import { ended, failure, success, type PmsReply } from './envelope.ts';
import { PmsError } from './errors.ts';
import {
  parseMessage,
  type CloseMessage,
  type Echo,
  type MuteMessage,
  type PlayMessage,
  type PmsRequest,
  type PublishMessage,
  type SetupMessage,
} from './messages.ts';
import { RecordControl } from './record-control.ts';
import { Sessions, type Peer, type Session, type SessionPart } from './sessions.ts';
import type { HandleClosed, PmsRecordings, PmsRights, PmsStreams } from './types.ts';

export interface SignallingParts {
  readonly streams: PmsStreams;
  readonly recordings: PmsRecordings;
  readonly rights: PmsRights;
  readonly log: Logger;
}

interface Outcome {
  readonly session: string;
  readonly data: PmsReply['data'];
}

/** The methods of pms over sessions, whatever carries the messages. */
export class Signalling {
  readonly sessions: Sessions;
  readonly #streams: PmsStreams;
  readonly #rights: PmsRights;
  readonly #record: RecordControl;
  readonly #log: Logger;
  /** Handles that their own session is replacing: their end is no news to it. */
  readonly #replacing = new Set<string>();

  constructor({ streams, recordings, rights, log }: SignallingParts, maxSessions: number) {
    this.sessions = new Sessions(maxSessions);
    this.#streams = streams;
    this.#rights = rights;
    this.#record = new RecordControl({ recordings, rights, log });
    this.#log = log;
    streams.on('publicationClosed', this.#handlePublicationClosed);
    streams.on('viewerClosed', this.#handleViewerClosed);
  }

  /** Answers one message. Never rejects: whatever is wrong with it harms nobody else. */
  async handle(text: string, peer: Peer): Promise<PmsReply> {
    const parsed = parseMessage(text);
    if ('error' in parsed) return failure(parsed.echo, parsed.error);
    const { echo, request } = parsed;
    try {
      const { session, data } = await this.#dispatch(request, peer);
      return success(echo, session, data);
    } catch (error) {
      if (!(error instanceof GatewayError)) this.#log.error({ method: echo.method, error }, 'pms request failed');
      return failure(echo, error);
    }
  }

  /** The WebSocket is gone, and with it what it published and played. */
  leave(peer: Peer): void {
    for (const session of this.sessions.ofPeer(peer)) this.#closeParts(this.sessions.end(session));
  }

  /** Forgets sessions that nobody uses. */
  sweep(idleMs: number): void {
    for (const session of this.sessions.idleSince(Date.now() - idleMs)) this.sessions.end(session);
  }

  close(): void {
    this.#streams.off('publicationClosed', this.#handlePublicationClosed);
    this.#streams.off('viewerClosed', this.#handleViewerClosed);
  }

  async #dispatch(request: PmsRequest, peer: Peer): Promise<Outcome> {
    switch (request.method) {
      case 'stream.publish':
        return this.#publish(request, peer);
      case 'stream.play':
        return this.#play(request, peer);
      case 'stream.mute':
        return this.#mute(request, peer);
      case 'stream.close':
      case 'stream.shutdown':
        return this.#close(request, peer);
      case 'stream.heartbeat':
        return { session: this.#known(request.session, peer), data: {} };
      case 'session.setup':
        return this.#setup(request, peer);
      case 'record.start':
        return this.#ofSession(request.session, peer, () => this.#record.start(request, peer.token));
      case 'record.stop':
        return this.#ofSession(request.session, peer, () => this.#record.stop(request, peer.token));
    }
  }

  /** A recording belongs to no session and outlives it; the session is only checked. */
  async #ofSession(session: string, peer: Peer, work: () => Promise<object>): Promise<Outcome> {
    const known = this.#known(session, peer);
    return { session: known, data: { ...(await work()) } };
  }

  /** Empty stays empty; a client of the older document has no session. @throws PmsError `session_unknown` */
  #known(session: string, peer: Peer): string {
    return session === '' ? (this.sessions.ofPeer(peer)[0]?.id ?? '') : this.sessions.get(session, peer).id;
  }

  #setup({ session, data: { role } }: SetupMessage, peer: Peer): Outcome {
    if (session === '') return { session: this.sessions.create(undefined, role).id, data: { role } };
    const known = this.sessions.get(session, peer);
    const other = [...known.parts.values()].find((part) => part.role !== role);
    if (other !== undefined) {
      throw new PmsError('session_role', `the session has a ${other.role}: StreamId[${other.stream}]`);
    }
    known.role = role;
    return { session: known.id, data: { role } };
  }

  async #publish({ session, stream, data }: PublishMessage, peer: Peer): Promise<Outcome> {
    const given = session === '' ? undefined : this.sessions.get(session, peer);
    this.#checkRole(given, 'publisher');
    const token = data.token ?? peer.token;
    await this.#checkRight(token, 'publish', stream);
    const owner = await this.#rights.memberOf(token);
    // Without a session the WebSocket is all that a client of the older document has.
    const own = given === undefined ? this.sessions.ofPeer(peer) : [given];
    const previous = this.sessions.publicationOf(own, stream);
    if (previous !== undefined) this.#replacing.add(previous.handleId);
    try {
      const { id, answer } = await this.#streams.publish(stream, {
        offer: data.sdp,
        remoteAddress: peer.address,
        userAgent: peer.userAgent,
        owner,
        ...(data.max_bitrate === undefined ? {} : { maxBitrateBps: data.max_bitrate }),
      });
      const adopted = this.#adopt({ given, role: 'publisher', stream, handleId: id }, peer);
      return { session: adopted.id, data: { sdp: answer } };
    } finally {
      if (previous !== undefined) this.#replacing.delete(previous.handleId);
    }
  }

  async #play({ session, stream, data }: PlayMessage, peer: Peer): Promise<Outcome> {
    const given = session === '' ? undefined : this.sessions.get(session, peer);
    this.#checkRole(given, 'player');
    const token = data.token ?? peer.token;
    await this.#checkRight(token, 'play', stream);
    const owner = await this.#rights.memberOf(token);
    const { id, answer } = await this.#view(stream, data.sdp, { peer, owner });
    const previous = given === undefined ? undefined : this.sessions.part(given, 'player', stream);
    if (previous !== undefined) this.#closeParts([previous]);
    const own = this.#adopt({ given, role: 'player', stream, handleId: id }, peer);
    return { session: own.id, data: { sdp: answer } };
  }

  async #view(
    stream: string,
    offer: string,
    { peer, owner }: { readonly peer: Peer; readonly owner: string | undefined },
  ): Promise<{ id: string; answer: string }> {
    const { address: remoteAddress, userAgent } = peer;
    try {
      return await this.#streams.view(stream, { offer, remoteAddress, userAgent, owner });
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'stream_not_found') {
        throw new PmsError('publisher_not_found', `StreamId[${stream}] Publisher not found`, { cause: error });
      }
      throw error;
    }
  }

  async #mute({ session, stream, data }: MuteMessage, peer: Peer): Promise<Outcome> {
    const part = this.#partOf(session, stream, peer);
    const { video, audio } = data;
    const change = { ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
    const muted = await this.#streams.mute(part.handleId, change);
    if (muted === undefined) throw new PmsError('stream_unknown', `StreamId[${stream}] has ended`);
    return { session: part.session.id, data: { video: muted.video, audio: muted.audio } };
  }

  #close({ session, stream }: CloseMessage, peer: Peer): Outcome {
    const part = this.#partOf(session, stream, peer);
    this.#closeParts([part]);
    return { session: part.session.id, data: {} };
  }

  /** @throws PmsError `session_unknown` | `stream_unknown` */
  #partOf(sessionId: string, stream: string, peer: Peer): SessionPart {
    const sessions = sessionId === '' ? this.sessions.ofPeer(peer) : [this.sessions.get(sessionId, peer)];
    const part = this.sessions.partOf(sessions, stream);
    if (part !== undefined) return part;
    if (sessions.length === 0) throw new PmsError('session_unknown', 'Session not found. session: (empty)');
    throw new PmsError('stream_unknown', `StreamId[${stream}] is neither published nor played in this session`);
  }

  /** Keeps a handle in the given session or a new one; nobody is left to keep it for if the WebSocket has gone. */
  #adopt(
    { given, role, stream, handleId }: Omit<SessionPart, 'session' | 'peer'> & { readonly given: Session | undefined },
    peer: Peer,
  ): Session {
    const orphan = (error: PmsError): never => {
      this.#closeHandle(role, handleId);
      throw error;
    };
    if (given !== undefined && !this.sessions.isOpen(given)) {
      orphan(new PmsError('session_unknown', `Session not found. session: ${given.id}`));
    }
    if (peer.lasting && peer.closed) orphan(new PmsError('session_unknown', 'the connection was lost meanwhile'));
    try {
      const lasting = peer.lasting ? peer : undefined;
      const session = given ?? this.sessions.create(lasting);
      this.sessions.checkRoom(session);
      this.sessions.add({ session, role, stream, handleId, peer: lasting });
      return session;
    } catch (error) {
      return orphan(error as PmsError);
    }
  }

  /** @throws PmsError `session_role` */
  #checkRole(session: Session | undefined, role: SessionPart['role']): void {
    if (session?.role === undefined || session.role === role) return;
    throw new PmsError('session_role', `the session's role is ${session.role}, ${role} needed`);
  }

  /** @throws PmsError `not_allowed` */
  async #checkRight(token: string | undefined | null, right: 'play' | 'publish', stream: string): Promise<void> {
    const names = [stream.includes('/') ? stream : `live/${stream}`];
    const running = right === 'play' ? this.#streams.find(stream)?.name : undefined;
    if (running !== undefined) names.push(running);
    const found: string[] = [];
    for (const name of new Set(names)) found.push(await this.#rights.check(token ?? undefined, right, name));
    if (found.includes('ok')) return;
    const why = found.includes('other') ? 'this token does not allow that' : 'a valid token is needed';
    throw new PmsError('not_allowed', `${right} not allowed: ${why}`);
  }

  #closeParts(parts: readonly SessionPart[]): void {
    for (const part of parts) {
      this.sessions.remove(part);
      this.#closeHandle(part.role, part.handleId);
    }
  }

  #closeHandle(role: SessionPart['role'], handleId: string): void {
    if (role === 'publisher') this.#streams.closePublication(handleId);
    else this.#streams.closeViewer(handleId);
  }

  readonly #handlePublicationClosed = ({ id, reason }: HandleClosed): void => {
    this.#tell(id, reason, `publish ended: ${reason}`);
  };

  readonly #handleViewerClosed = ({ id, reason }: HandleClosed): void => {
    this.#tell(id, reason, reason === 'publisher_gone' ? 'Publisher closed' : `play ended: ${reason}`);
  };

  #tell(handleId: string, reason: string, text: string): void {
    const part = this.sessions.byHandle(handleId);
    if (part === undefined) return;
    this.sessions.remove(part);
    if (this.#replacing.has(handleId)) return;
    const echo: Omit<Echo, 'method'> = { stream: part.stream, session: part.session.id };
    part.peer?.send(ended(echo, text, reason));
  }
}
