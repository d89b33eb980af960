import { MeetingError } from './errors.ts';
import { mediaName, type Member } from './member.ts';
import type { MeetingParts } from './types.ts';

/** Names that one member may hold by having asked to publish them. */
const MAX_GRANTS = 16;

/** Whose which stream is: who has declared it, and who may publish it by a member token. */
export class StreamOwners {
  readonly #streams: MeetingParts['streams'];
  /** False: everybody may publish everything, and names are not kept apart between rooms. */
  readonly #guarded: boolean;
  readonly #declared = new Map<string, Set<Member>>();
  readonly #granted = new Map<string, Member>();
  readonly #grantsOf = new Map<Member, Set<string>>();

  constructor(streams: MeetingParts['streams'], guarded: boolean) {
    this.#streams = streams;
    this.#guarded = guarded;
  }

  /** Members that have declared `<app>/<name>`. */
  declarers(name: string): Member[] {
    return [...(this.#declared.get(name) ?? [])];
  }

  /** @throws MeetingError `stream_taken` */
  declare(member: Member, name: string): void {
    const others = this.declarers(name).filter((other) => other !== member);
    const owner = this.#granted.get(name);
    const clash = others.some(
      (other) => other.room === member.room || (this.#guarded && !(isLocal(other) && isLocal(member))),
    );
    if (clash || (owner !== undefined && owner !== member)) {
      throw new MeetingError('stream_taken', `stream_id: ${name} is somebody else's`);
    }
    this.#declared.set(name, (this.#declared.get(name) ?? new Set()).add(member));
  }

  undeclare(member: Member, name: string): void {
    const members = this.#declared.get(name);
    members?.delete(member);
    if (members?.size === 0) this.#declared.delete(name);
  }

  /** A stream that its member did not publish under its own token might be anybody's, also an idle camera. */
  mayPlay(member: Member, name: string): boolean {
    return this.declarers(name).some(
      (declarer) => declarer.room === member.room && (declarer.rights.trusted || this.#granted.get(name) === declarer),
    );
  }

  /** A name that is allowed belongs to the member from now on. */
  mayPublish(member: Member, name: string): boolean {
    const owner = this.#granted.get(name);
    if (owner !== undefined) return owner === member;
    const taken = this.declarers(name).some((other) => other !== member) || this.#streams.find(name) !== undefined;
    if (taken || !this.#makeRoom(member)) return false;
    this.#granted.set(name, member);
    this.#grantsOf.set(member, (this.#grantsOf.get(member) ?? new Set()).add(name));
    return true;
  }

  /** Forgets the member; returns the names that nobody else has a claim on. */
  forget(member: Member): string[] {
    const names = new Set<string>(this.#grantsOf.get(member));
    for (const name of names) this.#granted.delete(name);
    this.#grantsOf.delete(member);
    for (const { stream_id: id } of member.streams.values()) {
      const name = mediaName(id);
      this.undeclare(member, name);
      if (!this.#guarded && !isLocal(member)) names.add(name);
    }
    return [...names].filter((name) => !this.#declared.has(name));
  }

  #makeRoom(member: Member): boolean {
    const grants = this.#grantsOf.get(member);
    if (grants === undefined || grants.size < MAX_GRANTS) return true;
    const unused = [...grants].find((name) => !member.streams.has(name) && this.#streams.find(name) === undefined);
    if (unused === undefined) return false;
    grants.delete(unused);
    return this.#granted.delete(unused);
  }
}

const isLocal = (member: Member): boolean => member.local !== undefined;
