import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import { MeetingError } from './errors.ts';
import { ALL_RIGHTS, newId, type LocalSink, type Member } from './member.ts';
import { nameSchema, problemsOf, streamSchema, type RoomStream } from './messages.ts';
import { memberStream, type Rooms } from './rooms.ts';
import type { LocalMember, LocalMemberEvents, LocalMemberRequest, MemberRole, MemberStream } from './types.ts';

/** The handle of a member that the gateway itself brings in. */
export class LocalHandle extends EventEmitter<LocalMemberEvents> implements LocalMember, LocalSink {
  readonly #rooms: Rooms;
  readonly #log: Logger;
  readonly #member: Member;
  #closed = false;

  /** @throws MeetingError (`name_invalid`, `endpoint_taken`, `room_full`, `room_limit`, `room_elsewhere`, `closed`) */
  constructor(request: LocalMemberRequest, rooms: Rooms, log: Logger) {
    super();
    this.#rooms = rooms;
    this.#log = log;
    for (const field of ['app', 'channel', 'endpoint'] as const) {
      const { error } = nameSchema.safeParse(request[field]);
      if (error !== undefined) throw new MeetingError('name_invalid', `${field}${problemsOf(error)}`);
    }
    this.#member = rooms.enterLocal({ ...request, id: newId(), rights: ALL_RIGHTS, mediaHere: true }, this);
  }

  get app(): string {
    return this.#member.room.app;
  }

  get channel(): string {
    return this.#member.room.channel;
  }

  get endpoint(): string {
    return this.#member.endpoint;
  }

  get closed(): boolean {
    return this.#closed;
  }

  streams(): MemberStream[] {
    return this.#others().flatMap((member) =>
      [...member.streams.values()].map((stream) => memberStream(member, stream)),
    );
  }

  others(): Array<{ readonly endpoint: string; readonly role: MemberRole }> {
    return this.#others().map(({ endpoint, role }) => ({ endpoint, role }));
  }

  addStream(stream: RoomStream): void {
    const result = streamSchema.safeParse(stream);
    if (!result.success) throw new MeetingError('name_invalid', problemsOf(result.error));
    if (!this.#closed) this.#rooms.addStream(this.#member, result.data);
  }

  deleteStream(streamId: string): boolean {
    return this.#rooms.deleteStream(this.#member, streamId);
  }

  leave(): void {
    this.#closed = true;
    this.#rooms.leave(this.#member);
  }

  tell<K extends keyof LocalMemberEvents>(event: K, ...args: LocalMemberEvents[K]): void {
    if (this.#closed) return;
    if (event === 'ended') this.#closed = true;
    safeEmit<LocalMemberEvents, K>(this, this.#log, event, ...args);
  }

  #others(): Member[] {
    if (this.#closed) return [];
    return [...this.#member.room.members.values()].filter((member) => member !== this.#member);
  }
}
