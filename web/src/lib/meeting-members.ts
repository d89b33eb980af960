import type { MeetingEndpoint, MeetingRole, MeetingStream } from './meeting-protocol.ts';

/** What members of this page tell each other by broadcast, beside the protocol. */
export interface MemberState {
  readonly name: string;
  readonly audio: boolean;
  readonly video: boolean;
}

export interface Member extends MemberState {
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
    return this.#endpoints.map(({ endpoint, device, role, stream }) => {
      const state = this.#states.get(endpoint);
      const { has_audio = false, has_video = false } = stream ?? {};
      return {
        endpoint,
        device,
        role,
        stream,
        name: this.nameOf(endpoint),
        audio: has_audio && (state?.audio ?? true),
        video: has_video && (state?.video ?? true),
      };
    });
  }
}

/** Pictures on the page at the same time, one's own included. */
export const MAX_TILES = 16;

/** Who gets a tile: those one can see or hear, screens first when there are too many. */
export function tileMembers(members: readonly Member[], own: ReadonlySet<string>): Member[] {
  const seen = ({ role }: Member) => role === 'normal' || role === 'camera';
  const others = members.filter((member) => seen(member) && !own.has(member.endpoint));
  const rank = ({ stream }: Member) => (stream === undefined ? 2 : stream.type === 'desktop' ? 0 : 1);
  const chosen = new Set(others.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_TILES - 1));
  return others.filter((member) => chosen.has(member));
}
