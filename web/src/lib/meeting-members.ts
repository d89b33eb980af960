import type { MeetingEndpoint, MeetingRole, MeetingStream } from './meeting-protocol.ts';

/** What members of this page tell each other by broadcast, beside the protocol. */
export interface MemberState {
  readonly name: string;
  readonly audio: boolean;
  readonly video: boolean;
}

/** One stream of an endpoint, or an endpoint without one. */
export interface Member extends MemberState {
  /** Unlike the endpoint, each has its own. */
  readonly key: string;
  readonly endpoint: string;
  readonly device: string;
  readonly role: MeetingRole;
  readonly stream: MeetingStream | undefined;
}

const MAX_STATES = 1000;
const MAX_NAME = 60;

/** Control characters would break the line that a name stands in. */
const cleanName = (value: unknown, fallback: string) =>
  (typeof value === 'string' ? value.replaceAll(/\p{C}/gu, ' ').trim().slice(0, MAX_NAME) : '') || fallback;

/** Who is in the room, from the server's list and from what the members say about themselves. */
export class Roster {
  #endpoints: readonly MeetingEndpoint[] = [];
  /** Also of members that the list does not have yet: a state may overtake it. */
  readonly #states = new Map<string, MemberState>();

  /** The list of a dump. */
  setEndpoints(endpoints: readonly MeetingEndpoint[]): void {
    this.#endpoints = endpoints;
  }

  /** A payload of type `state`. */
  setState(endpoint: string, payload: Readonly<Record<string, unknown>>): void {
    this.#states.delete(endpoint);
    this.#states.set(endpoint, {
      name: cleanName(payload['name'], endpoint),
      audio: payload['audio'] === true,
      video: payload['video'] === true,
    });
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= MAX_STATES) break;
      this.#states.delete(oldest);
    }
  }

  remove(endpoint: string): void {
    this.#states.delete(endpoint);
    this.#endpoints = this.#endpoints.filter((entry) => entry.endpoint !== endpoint);
  }

  nameOf(endpoint: string): string {
    return this.#states.get(endpoint)?.name ?? cleanName(endpoint, '?');
  }

  /** In the server's order; without its own word a member is as its stream is declared. */
  list(): Member[] {
    return this.#endpoints.flatMap(({ endpoint, device, role, streams: [first, ...others] }) => {
      const of = (stream: MeetingStream | undefined, key: string, state?: MemberState): Member => ({
        key,
        endpoint,
        device,
        role,
        stream,
        name: this.nameOf(endpoint),
        audio: (stream?.has_audio ?? false) && (state?.audio ?? true),
        video: (stream?.has_video ?? false) && (state?.video ?? true),
      });
      // Members of this page have one stream; what they say is of that one.
      return [
        of(first, endpoint, this.#states.get(endpoint)),
        ...others.map((stream) => of(stream, `${endpoint}\n${stream.stream_id}`)),
      ];
    });
  }
}

/** People on the page at the same time, oneself included. */
export const MAX_PEOPLE = 16;
/** Screens, cameras of the tree and second pictures of people; they take nobody's place. */
export const MAX_PICTURES = 16;

/** By key: of each endpoint that is somebody, the entry that stands for the person. A screen alone is its owner's. */
function personKeys(members: readonly Member[]): ReadonlySet<string> {
  const byEndpoint = new Map<string, string>();
  for (const { role, stream, endpoint, key } of members) {
    if (role === 'normal' && stream?.type !== 'desktop' && !byEndpoint.has(endpoint)) byEndpoint.set(endpoint, key);
  }
  return new Set(byEndpoint.values());
}

/** Those who talk with each other: neither screens nor cameras of the tree nor recorders. */
export const countPeople = (members: readonly Member[]): number => personKeys(members).size;

export interface Tiles {
  /** In the order of the room. */
  readonly shown: readonly Member[];
  /** People and pictures without a place. */
  readonly hidden: number;
}

/** Who gets a tile: all the people that the page is made for, and beside them screens and cameras. */
export function tileMembers(members: readonly Member[], own: ReadonlySet<string>): Tiles {
  const persons = personKeys(members);
  const others = members.filter(({ role, endpoint }) => (role === 'normal' || role === 'camera') && !own.has(endpoint));
  const best = (list: readonly Member[], rank: (member: Member) => number, count: number) =>
    list.toSorted((a, b) => rank(a) - rank(b)).slice(0, count);
  const chosen = new Set([
    // Who sends nothing is the least loss.
    ...best(
      others.filter(({ key }) => persons.has(key)),
      ({ stream }) => (stream ? 0 : 1),
      MAX_PEOPLE - 1,
    ),
    ...best(
      others.filter(({ key }) => !persons.has(key)),
      ({ stream }) => (stream?.type === 'desktop' ? 0 : 1),
      MAX_PICTURES,
    ),
  ]);
  return { shown: others.filter((member) => chosen.has(member)), hidden: others.length - chosen.size };
}
