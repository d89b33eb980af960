import { MeetingError } from './errors.ts';
import { mediaName, type Member } from './member.ts';
import type { MeetingParts } from './types.ts';

/** Names that one member may hold by having asked to publish them. */
const MAX_GRANTS = 16;
/** From the check to the publication. */
const KEEP_MS = 10_000;

/** Whose which stream is: who has declared it, and who may publish it by a member token. */
export class StreamOwners {
  readonly #streams: MeetingParts['streams'];
  /** False: everybody may publish everything, and names are not kept apart between rooms. */
  readonly #guarded: boolean;
  readonly #declared = new Map<string, Set<Member>>();
  readonly #granted = new Map<string, { readonly member: Member; readonly until: number }>();
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
    if (this.declarers(name).some((other) => this.#clash(member, other, name)) || this.#isHeld(member, name)) {
      throw new MeetingError('stream_taken', `stream_id: ${name} is somebody else's`);
    }
    this.#declared.set(name, (this.#declared.get(name) ?? new Set()).add(member));
  }

  undeclare(member: Member, name: string): void {
    const members = this.#declared.get(name);
    members?.delete(member);
    if (members?.size === 0) this.#declared.delete(name);
  }

  /** A stream that its member does not publish under its own token might be anybody's, also an idle camera. */
  mayPlay(member: Member, name: string): boolean {
    return this.declarers(name).some(
      (declarer) => declarer.room === member.room && (declarer.rights.trusted || this.#publishes(declarer, name)),
    );
  }

  /** A name that is allowed is kept for the member until it has had the time to publish. */
  mayPublish(member: Member, name: string): boolean {
    if (this.#publishes(member, name)) return true;
    if (this.#streams.isCamera(name) || this.#streams.find(name) !== undefined) return false;
    if (this.declarers(name).some((other) => this.#claims(other, member, name))) return false;
    if (this.#isHeld(member, name)) return false;
    const former = this.#granted.get(name)?.member;
    if (former !== member && !this.#makeRoom(member)) return false;
    if (former !== undefined) this.#grantsOf.get(former)?.delete(name);
    this.#granted.set(name, { member, until: Date.now() + KEEP_MS });
    this.#grantsOf.set(member, (this.#grantsOf.get(member) ?? new Set()).add(name));
    return true;
  }

  /** Forgets the member; returns the names of its publications that nobody else has a claim on. */
  forget(member: Member): string[] {
    const grants = this.#grantsOf.get(member) ?? new Set<string>();
    const names = new Set([...grants].filter((name) => this.#publishes(member, name)));
    for (const name of grants) this.#granted.delete(name);
    this.#grantsOf.delete(member);
    for (const { stream_id: id } of member.streams.values()) {
      const name = mediaName(id);
      this.undeclare(member, name);
      if (!this.#guarded && !isLocal(member)) names.add(name);
    }
    return [...names].filter((name) => !this.#declared.has(name));
  }

  #publishes(member: Member, name: string): boolean {
    return this.#streams.ownerOf(name) === member.id;
  }

  #clash(member: Member, other: Member, name: string): boolean {
    if (!this.#claims(other, member, name)) return false;
    return other.room === member.room || (this.#guarded && !(isLocal(other) && isLocal(member)));
  }

  /**
   * Whether what somebody has declared stands in a member's way. What it has only said, of a stream that it does not
   * publish, is of no concern to other rooms, nor to who is trusted.
   */
  #claims(other: Member, member: Member, name: string): boolean {
    if (other === member) return false;
    if (other.rights.trusted || this.#publishes(other, name)) return true;
    return other.room === member.room && !member.rights.trusted;
  }

  /** Another member publishes it by its token, or is about to. */
  #isHeld(member: Member, name: string): boolean {
    const grant = this.#granted.get(name);
    if (grant === undefined || grant.member === member) return false;
    return this.#publishes(grant.member, name) || (!member.rights.trusted && Date.now() < grant.until);
  }

  #makeRoom(member: Member): boolean {
    const grants = this.#grantsOf.get(member);
    if (grants === undefined || grants.size < MAX_GRANTS) return true;
    const unused = [...grants].find((name) => !member.streams.has(name) && !this.#publishes(member, name));
    if (unused === undefined) return false;
    grants.delete(unused);
    return this.#granted.delete(unused);
  }
}

const isLocal = (member: Member): boolean => member.local !== undefined;
