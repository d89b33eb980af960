import { GatewayError, type Logger } from '../../util/index.ts';
import type { Peer, PeerHandler } from '../../websocket/index.ts';
import { admit } from './admission.ts';
import { failure, jsonOf, success, type EventText } from './envelope.ts';
import { AdmissionError, MeetingError } from './errors.ts';
import type { MediaServers } from './media-servers.ts';
import { newId, type Member, type MemberLink } from './member.ts';
import { NOBODY, parseMessage, type Echo, type JoinRequest, type MeetingRequest } from './messages.ts';
import type { Rooms } from './rooms.ts';
import type { MeetingRights } from './types.ts';

/** Who only holds a connection open takes the place of one who joins. */
const JOIN_TIMEOUT_MS = 10_000;
/** After a change of network the old connection of a client is never heard of again, and nobody says so. */
const ANSWER_MS = 2000;
/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;

export interface ConnectionParts {
  readonly rooms: Rooms;
  readonly servers: MediaServers;
  readonly rights: MeetingRights;
  readonly counted: { requests: number; failures: number };
  readonly log: Logger;
}

/** One client: what it says (seed 004 §1), as the member that it has joined as. */
export class Connection implements PeerHandler, MemberLink {
  readonly #peer: Peer;
  readonly #parts: ConnectionParts;
  #member: Member | undefined;
  #joinTimer: NodeJS.Timeout | undefined;

  constructor(peer: Peer, parts: ConnectionParts) {
    this.#peer = peer;
    this.#parts = parts;
    this.#awaitJoin();
  }

  get address(): string {
    return this.#peer.address;
  }

  send(text: string): void {
    this.#peer.send(text);
  }

  answers(withinMs: number): Promise<boolean> {
    return this.#peer.answers(withinMs);
  }

  end(event: EventText, session: string, reason: string): void {
    this.#member = undefined;
    this.#peer.send(event.for(session));
    this.#peer.close(POLICY_VIOLATION, reason);
  }

  handleMessage(text: string): void | Promise<void> {
    this.#parts.counted.requests += 1;
    const parsed = parseMessage(text);
    if ('error' in parsed) return this.#fail(parsed.echo, parsed.error);
    const { echo, request } = parsed;
    try {
      const answer = this.#handle(echo, request);
      if (typeof answer === 'string') return this.#peer.send(answer);
      return answer.then(
        (later) => this.#peer.send(later),
        (error: unknown) => this.#fail(echo, error),
      );
    } catch (error) {
      return this.#fail(echo, error);
    }
  }

  handleRefused(reason: string): void {
    this.#fail(NOBODY, new MeetingError('too_many_messages', reason));
  }

  handleClose(): void {
    clearTimeout(this.#joinTimer);
    const member = this.#member;
    this.#member = undefined;
    if (member !== undefined) this.#parts.rooms.lose(member, this);
  }

  #awaitJoin(): void {
    clearTimeout(this.#joinTimer);
    const close = (): void => this.#peer.close(POLICY_VIOLATION, `not joined within ${JOIN_TIMEOUT_MS} ms`);
    this.#joinTimer = setTimeout(close, JOIN_TIMEOUT_MS).unref();
  }

  #handle(echo: Echo, request: MeetingRequest): string | Promise<string> {
    if (request.method === 'channel.join') return this.#join(echo, request);
    const { rooms } = this.#parts;
    const member = this.#joined(request.session);
    const { session } = member;
    switch (request.method) {
      case 'channel.leave':
        this.#member = undefined;
        rooms.leave(member);
        this.#awaitJoin();
        return success(echo, session);
      case 'stream.add':
        rooms.addStream(member, request.data.stream);
        return success(echo, session);
      case 'stream.delete':
        return this.#deleteStream(echo, member, request.data.stream_id);
      case 'channel.dump':
        return success(echo, session, member.room.dump);
      case 'media_server.dump':
        return this.#mediaServer(echo, member);
      case 'broadcast':
        rooms.broadcast(member, jsonOf(request.data, 'data'));
        return success(echo, session);
    }
  }

  /** A client that has only one session need not name it. @throws MeetingError `not_joined`, `session_unknown` */
  #joined(session: string): Member {
    if (this.#member === undefined) throw new MeetingError('not_joined', 'session: channel.join comes first');
    if (session !== '' && session !== this.#member.session) {
      throw new MeetingError('session_unknown', `session: ${session} is not the one of this connection`);
    }
    return this.#member;
  }

  async #join(echo: Echo, { data, session }: JoinRequest): Promise<string> {
    const { rooms, servers, rights } = this.#parts;
    const { endpoint, rights: allowed, anyone } = await admit(rights, data, this.#peer.token);
    const { app, channel, device, role, media_here: mediaHere } = data;
    this.#checkSame(app, channel, endpoint);
    // Signed before it enters: nothing may reach the client before the answer.
    const id = rooms.room(app, channel)?.members.get(endpoint)?.id ?? newId();
    let token = rights.enabled ? await rights.signMember(id) : undefined;
    const proof = anyone ? session : undefined;
    const entry = { id, app, channel, endpoint, device, role, rights: allowed, proof, mediaHere };
    const holder = rooms.holder(entry, this);
    const silent = holder === undefined || (await holder.answers(ANSWER_MS)) ? undefined : holder;
    if (this.#peer.closed) throw new MeetingError('closed', 'the connection is closed');
    const member = rooms.enter({ ...entry, silent }, this);
    this.#member = member;
    clearTimeout(this.#joinTimer);
    // Another connection of the same endpoint was faster.
    if (member.id !== id && rights.enabled) token = await rights.signMember(member.id);
    const addresses = servers.addresses(member.room, this.#peer.host, token);
    const own = data.endpoint === '' ? { endpoint } : {};
    return success(echo, member.session, JSON.stringify({ ...own, media_server: addresses, media_token: token }));
  }

  #checkSame(app: string, channel: string, endpoint: string): void {
    const member = this.#member;
    if (member === undefined) return;
    const { room } = member;
    if (room.app === app && room.channel === channel && member.endpoint === endpoint) return;
    throw new MeetingError('already_joined', `channel.join: this connection is ${member.endpoint} already`);
  }

  #deleteStream(echo: Echo, member: Member, streamId: string): string {
    if (!this.#parts.rooms.deleteStream(member, streamId)) {
      throw new MeetingError('stream_unknown', `stream_id: ${streamId} is no stream of this endpoint`);
    }
    return success(echo, member.session);
  }

  async #mediaServer(echo: Echo, { id, room, session }: Member): Promise<string> {
    const { servers, rights } = this.#parts;
    const token = rights.enabled ? await rights.signMember(id) : undefined;
    const addresses = servers.addresses(room, this.#peer.host, token);
    return success(echo, session, JSON.stringify({ media_server: addresses, media_token: token }));
  }

  #fail(echo: Echo, error: unknown): void {
    this.#parts.counted.failures += 1;
    if (!(error instanceof GatewayError)) this.#parts.log.error({ method: echo.method, error }, 'request failed');
    this.#peer.send(failure(echo, error));
    if (error instanceof AdmissionError) this.#peer.close(POLICY_VIOLATION, error.code);
  }
}
