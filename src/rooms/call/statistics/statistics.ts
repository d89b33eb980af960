import type { ConnectType, SubsessionQuality, TalkSession, TalkSubsession } from '../record-types.ts';
import { durationsOf } from './durations.ts';
import type { LocalDays } from './local-day.ts';
import { type Direction, factsOf, type Pair, type PairFacts, pairsOf } from './pairs.ts';
import { audioQuality, type Received, videoQuality, worstCalls } from './quality.ts';
import type { CallStatistics, FailedPair, HourOfCalls } from './types.ts';

const MAX_FAILED = 20;

export interface StatisticsInput {
  readonly days: LocalDays;
  readonly from: string;
  readonly to: string;
  /** Unix ms; what still runs counts until then, at most until the end of the range. */
  readonly now: number;
  readonly sessions: readonly TalkSession[];
  readonly subsessions: readonly TalkSubsession[];
  readonly quality: readonly SubsessionQuality[];
  readonly truncated: boolean;
}

interface KnownPair {
  readonly pair: Pair;
  readonly facts: PairFacts;
}

/** All figures of the report; pure. */
export function callStatistics(input: StatisticsInput): CallStatistics {
  const { days, from, to, sessions, quality } = input;
  const { from: rangeFrom, to: rangeTo } = days.range(from, to);
  const now = Math.min(input.now, rangeTo);
  const directions = directionsOf(input, rangeTo);
  const pairs = pairsOf([...directions.values()]).map((pair): KnownPair => ({ pair, facts: factsOf(pair, now) }));
  const connected = pairs.filter(({ facts }) => facts.connected);
  const received = quality.flatMap((each): Received[] => {
    const direction = directions.get(each.subSessionId);
    return direction === undefined ? [] : [{ direction, quality: each }];
  });
  return {
    from,
    to,
    timeZone: days.timeZone,
    rangeFrom,
    rangeTo,
    generatedAt: input.now,
    truncated: input.truncated,
    sessions: {
      total: sessions.length,
      running: sessions.filter(({ leftAt }) => leftAt === undefined).length,
      timedOut: sessions.filter(({ timedOut }) => timedOut).length,
      durations: durationsOf(sessions.map(({ joinedAt, leftAt }) => Math.max(0, (leftAt ?? now) - joinedAt))),
    },
    users: distinct(sessions.map(({ appId, userId }) => [appId, userId])),
    rooms: distinct(sessions.map(({ appId, roomId }) => [appId, roomId])),
    pairs: {
      total: pairs.length,
      connected: connected.length,
      failed: pairs.filter(({ facts }) => facts.failed).length,
      connectTypes: connectTypesOf(connected),
      durations: durationsOf(connected.map(({ facts }) => facts.talkMs ?? 0)),
      cost: pairs.reduce((sum, { facts }) => sum + facts.cost, 0),
    },
    quality: {
      audio: audioQuality(received.map((each) => each.quality)),
      video: videoQuality(received.map((each) => each.quality)),
    },
    hours: hoursOf(sessions, pairs, days),
    worst: worstCalls(received, now),
    failed: failedPairs(pairs),
  };
}

function directionsOf({ sessions, subsessions }: StatisticsInput, rangeTo: number): Map<string, Direction> {
  const bySession = new Map(sessions.map((session) => [session.sessionId, session]));
  const directions = new Map<string, Direction>();
  for (const subsession of subsessions) {
    const session = bySession.get(subsession.sessionId);
    // What began behind the range belongs to the next one; there its other direction is, too.
    if (session !== undefined && subsession.begunAt < rangeTo)
      directions.set(subsession.subSessionId, { session, subsession });
  }
  return directions;
}

const distinct = (keys: readonly (readonly string[])[]): number => new Set(keys.map((key) => JSON.stringify(key))).size;

function connectTypesOf(connected: readonly KnownPair[]): Record<ConnectType, number> {
  const counts = { TURN: 0, STUN: 0, Unknown: 0 };
  for (const { facts } of connected) counts[facts.connectType] += 1;
  return counts;
}

function hoursOf(sessions: readonly TalkSession[], pairs: readonly KnownPair[], days: LocalDays): HourOfCalls[] {
  const hours = Array.from({ length: 24 }, (_, hour) => ({ hour, sessions: 0, talkMs: 0 }));
  for (const { joinedAt } of sessions) {
    const hour = hours[days.hourOf(joinedAt)];
    if (hour !== undefined) hour.sessions += 1;
  }
  for (const { facts } of pairs) {
    const hour = hours[days.hourOf(facts.begunAt)];
    if (hour !== undefined) hour.talkMs += facts.talkMs ?? 0;
  }
  return hours;
}

function failedPairs(pairs: readonly KnownPair[]): FailedPair[] {
  return pairs
    .filter(({ facts }) => facts.failed)
    .sort((a, b) => a.facts.begunAt - b.facts.begunAt)
    .slice(0, MAX_FAILED)
    .map(({ pair: { first }, facts }) => ({
      roomId: first.session.roomId,
      userId: first.session.userId,
      userName: first.session.userName,
      remoteUserId: first.subsession.remoteUserId,
      remoteUserName: first.subsession.remoteUserName,
      begunAt: facts.begunAt,
      iceIp: first.subsession.iceIp,
    }));
}
