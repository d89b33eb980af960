import type { ConnectType, TalkSession, TalkSubsession } from '../record-types.ts';

/** What one user's records say of a pair. */
export interface Direction {
  readonly session: TalkSession;
  readonly subsession: TalkSubsession;
}

/** Two users of a room who wanted to talk; where only one's records are there, one direction. */
export interface Pair {
  readonly first: Direction;
  readonly second: Direction | undefined;
}

/** Directions of one pair begin together; what is further apart are two attempts. */
const SAME_MS = 60_000;

/** Finds the two directions of each pair: same room, same users, k-th attempt to k-th attempt. */
export function pairsOf(directions: readonly Direction[]): Pair[] {
  const rooms = new Map<string, { readonly there: Direction[]; readonly back: Direction[] }>();
  for (const direction of directions) {
    const { appId, roomId, userId } = direction.session;
    const { remoteUserId } = direction.subsession;
    const forward = userId <= remoteUserId;
    const key = JSON.stringify([appId, roomId, ...(forward ? [userId, remoteUserId] : [remoteUserId, userId])]);
    let found = rooms.get(key);
    if (found === undefined) rooms.set(key, (found = { there: [], back: [] }));
    (forward ? found.there : found.back).push(direction);
  }
  return [...rooms.values()].flatMap(({ there, back }) => merge(there.sort(byBegin), back.sort(byBegin)));
}

const begunAt = ({ subsession }: Direction): number => subsession.begunAt;
const byBegin = (a: Direction, b: Direction): number => begunAt(a) - begunAt(b);

function merge(there: readonly Direction[], back: readonly Direction[]): Pair[] {
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [there[i], back[j]];
    if (a === undefined && b === undefined) return pairs;
    if (a !== undefined && b !== undefined && Math.abs(begunAt(a) - begunAt(b)) <= SAME_MS) {
      pairs.push({ first: a, second: b });
      i += 1;
      j += 1;
    } else if (b === undefined || (a !== undefined && begunAt(a) < begunAt(b))) {
      pairs.push({ first: a as Direction, second: undefined });
      i += 1;
    } else {
      pairs.push({ first: b, second: undefined });
      j += 1;
    }
  }
}

export interface PairFacts {
  readonly begunAt: number;
  readonly connected: boolean;
  /** Ended without a connection. */
  readonly failed: boolean;
  readonly connectType: ConnectType;
  /** Undefined where it never connected. */
  readonly talkMs: number | undefined;
  readonly cost: number;
}

/** Relayed, when one of them says so. */
const STRONGEST: readonly ConnectType[] = ['TURN', 'STUN', 'Unknown'];

/** Both views of a pair as one: connected where one says so, from the first connection to the last end. */
export function factsOf({ first, second }: Pair, now: number): PairFacts {
  const both = second === undefined ? [first] : [first, second];
  const connectedAt = lowest(both.map(({ subsession }) => subsession.connectedAt));
  const ends = both.map(endOf);
  const connected = connectedAt !== undefined;
  const ended = ends.every((end) => end !== undefined);
  const end = ended ? Math.max(...ends) : now;
  const types = both.map(({ subsession }) => subsession.connectType);
  return {
    begunAt: Math.min(...both.map(begunAt)),
    connected,
    failed: !connected && ended,
    connectType: STRONGEST.find((type) => types.includes(type)) ?? 'Unknown',
    talkMs: connected ? Math.max(0, end - connectedAt) : undefined,
    cost: both.reduce((sum, { subsession }) => sum + subsession.cost, 0),
  };
}

/** A pair ends with its session at the latest. */
export function endOf({ session, subsession }: Direction): number | undefined {
  return subsession.finishedAt ?? session.leftAt;
}

function lowest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
