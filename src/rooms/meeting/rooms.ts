import type { PublicationClosed } from '../../stream/index.ts';
import { MeetingError } from './errors.ts';
import type { MediaServers } from './media-servers.ts';
import { mediaName, Member, newId, type LocalSink, type MemberLink, type MemberRights } from './member.ts';
import type { RoomStream } from './messages.ts';
import { Room } from './room.ts';
import { StreamOwners } from './stream-owners.ts';
import type { MeetingOptions, MeetingParts, MemberRole, MemberStream } from './types.ts';

const MAX_STREAMS = 16;
/** Streams remembered of one member after their media has ended. */
const MAX_ENDED = 16;

/** Who enters, and where. */
export interface Entry {
  /** Of the member, should it be a new one. */
  readonly id: string;
  readonly app: string;
  readonly channel: string;
  readonly endpoint: string;
  readonly device: string;
  readonly role: MemberRole;
  readonly rights: MemberRights;
  /** Present where the token does not say who it is: the session by which a live connection may be replaced. */
  readonly proof?: string | undefined;
  /** A connection that has been asked whether it is there, and has said nothing: it keeps nobody out. */
  readonly silent?: MemberLink | undefined;
  /** It publishes and plays at this gateway itself, whatever media nodes there are. */
  readonly mediaHere: boolean;
}

/** All rooms and what happens in them. */
export class Rooms {
  readonly #options: Pick<MeetingOptions, 'graceMs' | 'maxMembers' | 'limits'>;
  readonly #streams: MeetingParts['streams'];
  readonly #servers: Pick<MediaServers, 'keepHere'>;
  readonly #rooms = new Map<string, Room>();
  readonly #members = new Map<string, Member>();
  readonly owners: StreamOwners;
  /** Events that were sent. */
  events = 0;
  #closed = false;

  constructor(
    options: Pick<MeetingOptions, 'graceMs' | 'maxMembers' | 'limits'>,
    parts: Pick<MeetingParts, 'streams' | 'rights'> & { readonly servers: Pick<MediaServers, 'keepHere'> },
  ) {
    const { streams, rights, servers } = parts;
    this.#servers = servers;
    this.#options = options;
    this.#streams = streams;
    this.owners = new StreamOwners(streams, rights.enabled);
    streams.on('publicationClosed', this.#handlePublicationClosed);
  }

  get memberCount(): number {
    return this.#members.size;
  }

  get all(): Room[] {
    return [...this.#rooms.values()];
  }

  room(app: string, channel: string): Room | undefined {
    return this.#rooms.get(keyOf(app, channel));
  }

  byId(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** The connection that keeps somebody out who may be anybody. */
  holder(entry: Entry, link: MemberLink): MemberLink | undefined {
    const known = this.room(entry.app, entry.channel)?.members.get(entry.endpoint);
    return known !== undefined && isOther(known, entry, link) ? known.link : undefined;
  }

  /** A client is there, or there again. @throws MeetingError `endpoint_taken`, `room_full`, `room_limit`, `room_elsewhere`, `closed` */
  enter(entry: Entry, link: MemberLink): Member {
    const known = this.room(entry.app, entry.channel)?.members.get(entry.endpoint);
    if (known?.local !== undefined || (known !== undefined && isOther(known, entry, link))) throw taken(entry);
    if (known !== undefined && entry.mediaHere) this.#servers.keepHere(known.room);
    const member = known ?? this.#create(entry);
    const [old, oldSession] = [member.link, member.session];
    clearTimeout(member.graceTimer);
    member.graceTimer = undefined;
    if (old !== link) member.session = newId();
    member.link = link;
    member.rights = entry.rights;
    if (old !== undefined && old !== link) this.#end(member, old, oldSession, 'replaced');
    if (known === undefined) this.#announce(member);
    else this.#describe(member, entry);
    return member;
  }

  /** @throws MeetingError `endpoint_taken`, `room_full`, `room_limit`, `room_elsewhere`, `closed` */
  enterLocal(entry: Entry, local: LocalSink): Member {
    if (this.room(entry.app, entry.channel)?.members.has(entry.endpoint) === true) throw taken(entry);
    const member = this.#create(entry);
    member.local = local;
    member.rights = entry.rights;
    this.#announce(member);
    return member;
  }

  /** The connection is lost; within the grace time nobody notices. */
  lose(member: Member, link: MemberLink): void {
    if (member.link !== link) return;
    member.link = undefined;
    if (this.#closed) return;
    member.graceTimer = setTimeout(() => this.leave(member), this.#options.graceMs).unref();
  }

  /** Destroys all of a member: its streams, their media, its rights, and the room with the last one. Idempotent. */
  leave(member: Member): void {
    if (this.#members.get(member.id) !== member) return;
    const { room, device, endpoint } = member;
    clearTimeout(member.graceTimer);
    this.#members.delete(member.id);
    room.members.delete(endpoint);
    room.changed();
    if (room.members.size === 0) this.#rooms.delete(keyOf(room.app, room.channel));
    const orphans = this.owners.forget(member);
    const streams = [...member.streams];
    member.streams.clear();
    for (const [, stream] of streams) this.#tellStream(member, stream, 'unpublish');
    this.events += room.send('endpoint', JSON.stringify({ device, endpoint, stat: 'leave' }), member);
    for (const local of room.locals(member)) local.tell('endpointLeft', endpoint);
    for (const name of orphans) {
      const publication = this.#streams.find(name)?.publisher;
      if (publication !== undefined) this.#streams.closePublication(publication.id);
    }
    this.#streams.closeOwned(member.id);
    for (const [name] of streams) this.#dismissViewers(name);
  }

  kick(member: Member): void {
    const { link, local, session } = member;
    this.leave(member);
    member.link = undefined;
    if (link !== undefined) this.#end(member, link, session, 'kicked');
    local?.tell('ended', 'kicked');
  }

  /** @throws MeetingError `not_allowed`, `stream_limit`, `stream_taken` */
  addStream(member: Member, stream: RoomStream): void {
    if (!member.rights.publish)
      throw new MeetingError('not_allowed', 'stream.add: the token does not allow to publish');
    const name = mediaName(stream.stream_id);
    const known = member.streams.get(name);
    if (known === undefined && member.streams.size >= MAX_STREAMS) {
      throw new MeetingError(
        'stream_limit',
        `the endpoint has ${member.streams.size} streams, the limit is ${MAX_STREAMS}`,
      );
    }
    this.owners.declare(member, name);
    // `a` and `live/a` are one stream: the room knows it by the name that it was told first.
    const told = known === undefined ? stream : { ...stream, stream_id: known.stream_id };
    member.streams.set(name, told);
    member.ended.delete(name);
    member.changed();
    if (known === undefined) this.#tellStream(member, told, 'publish');
  }

  /** True also for a stream whose media has ended by itself. */
  deleteStream(member: Member, streamId: string): boolean {
    const name = mediaName(streamId);
    if (member.ended.delete(name)) return true;
    return this.#undeclare(member, name);
  }

  broadcast(member: Member, payload: string): void {
    if (!member.rights.broadcast) throw new MeetingError('not_allowed', 'broadcast: the token does not allow it');
    const source = JSON.stringify({ device: member.device, endpoint: member.endpoint });
    this.events += member.room.send('broadcast', `{"source_endpoint":${source},"payload":${payload}}`, member);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#streams.off('publicationClosed', this.#handlePublicationClosed);
    for (const { graceTimer, local } of this.#members.values()) {
      clearTimeout(graceTimer);
      local?.tell('ended', 'closed');
    }
    this.#members.clear();
    this.#rooms.clear();
  }

  #create(entry: Entry): Member {
    const { id, app, channel, endpoint, device, role, mediaHere } = entry;
    const { maxMembers, limits } = this.#options;
    if (this.#closed) throw new MeetingError('closed', 'the gateway is closing');
    const room = this.room(app, channel) ?? new Room(app, channel);
    if (room.members.size >= maxMembers) {
      throw new MeetingError('room_full', `the room has ${room.members.size} members, the limit is ${maxMembers}`);
    }
    // Members whose connection is lost count, too.
    const limit = limits.maxConnections * 2;
    if (this.#members.size >= limit) {
      throw new MeetingError('room_limit', `${this.#members.size} members are in all rooms, the limit is ${limit}`);
    }
    if (mediaHere) this.#servers.keepHere(room);
    const member = new Member({ id, room, endpoint });
    Object.assign(member, { device, role });
    this.#rooms.set(keyOf(app, channel), room);
    room.members.set(endpoint, member);
    this.#members.set(id, member);
    return member;
  }

  #announce(member: Member): void {
    const { room, device, endpoint } = member;
    room.changed();
    this.events += room.send('endpoint', JSON.stringify({ device, endpoint, stat: 'join' }), member);
    for (const local of room.locals(member)) local.tell('endpointJoined', endpoint);
  }

  #describe(member: Member, { device, role }: Entry): void {
    if (member.device === device && member.role === role) return;
    Object.assign(member, { device, role });
    member.changed();
  }

  #end({ room }: Member, link: MemberLink, session: string, type: 'replaced' | 'kicked'): void {
    this.events += 1;
    link.end(room.event('error', JSON.stringify({ type })), session, type);
  }

  #undeclare(member: Member, name: string): boolean {
    const stream = member.streams.get(name);
    if (stream === undefined) return false;
    member.streams.delete(name);
    this.owners.undeclare(member, name);
    member.changed();
    this.#tellStream(member, stream, 'unpublish');
    this.#dismissViewers(name);
    return true;
  }

  /** A stream is declared in one room less: who watches it as a member of that one may not any more. */
  #dismissViewers(name: string): void {
    this.#streams.closeViewersOf(name, (id) => {
      const viewer = this.#members.get(id);
      return viewer !== undefined && this.owners.mayPlay(viewer, name);
    });
  }

  #tellStream(member: Member, stream: RoomStream, stat: 'publish' | 'unpublish'): void {
    const { room, device, endpoint } = member;
    this.events += room.send('stream', JSON.stringify({ device, endpoint, stream: stream.stream_id, stat }), member);
    const event = stat === 'publish' ? 'streamPublished' : 'streamUnpublished';
    for (const local of room.locals(member)) local.tell(event, memberStream(member, stream));
  }

  /** The media of a member's stream is over: told once, whatever the client says later. */
  readonly #handlePublicationClosed = ({ stream: name, owner, reason }: PublicationClosed): void => {
    if (reason === 'replaced') return;
    for (const member of this.owners.declarers(name)) {
      if (member.local !== undefined) continue;
      // What a member has published is no other room's, whoever there has said so.
      if (owner !== undefined && member.room !== this.byId(owner)?.room) continue;
      this.#undeclare(member, name);
      member.ended.add(name);
      const [oldest] = member.ended;
      if (member.ended.size > MAX_ENDED && oldest !== undefined) member.ended.delete(oldest);
    }
  };
}

export function memberStream({ endpoint, device, role }: Member, stream: RoomStream): MemberStream {
  return { endpoint, device, role, stream };
}

/** Neither has control characters. */
const keyOf = (app: string, channel: string): string => `${app}\n${channel}`;

/** Whether somebody who may be anybody wants the seat of a member who is there. */
function isOther({ link: live, session }: Member, { proof, silent }: Entry, link: MemberLink): boolean {
  if (live === undefined || live === link || live === silent) return false;
  return proof !== undefined && proof !== session;
}

function taken({ endpoint }: Entry): MeetingError {
  return new MeetingError('endpoint_taken', `endpoint: ${endpoint} is a member already`);
}
