import type {
  CallHistory,
  QualityReport,
  SubsessionQuality,
  TalkSession,
  TalkSubsession,
  TimeRange,
} from '../../src/rooms/call/record-types.ts';
import type { ApiParts } from '../../src/api/index.ts';
import { callReport } from '../../src/rooms/call/report/report.ts';
import { createStatisticsReader } from '../../src/rooms/call/statistics/reader.ts';

/** What the API needs, over these records. */
export function apiCallStatistics(history: CallHistory): ApiParts['callStatistics'] {
  const reader = createStatisticsReader(history, { timeZone: 'UTC' });
  return { read: (days) => reader.read(days), report: (days) => callReport(reader, days) };
}

/** A session with everything that a test does not say. */
export function talkSession(given: Partial<TalkSession> & Pick<TalkSession, 'sessionId' | 'joinedAt'>): TalkSession {
  return {
    appId: 'app',
    roomId: 'room',
    userId: given.sessionId,
    userName: given.sessionId.toUpperCase(),
    talkType: 1,
    userIp: '192.0.2.1',
    timedOut: false,
    createdAt: given.joinedAt,
    leftAt: undefined,
    subSessionIds: [],
    osName: 'Linux',
    browser: 'Chrome',
    sdkInfo: '1.0',
    ...given,
  };
}

export function talkSubsession(
  given: Partial<TalkSubsession> & Pick<TalkSubsession, 'subSessionId' | 'sessionId' | 'remoteUserId' | 'begunAt'>,
): TalkSubsession {
  return {
    status: given.connectedAt === undefined ? (given.finishedAt === undefined ? -1 : 2) : 1,
    remoteUserName: given.remoteUserId.toUpperCase(),
    remoteUserIp: '192.0.2.2',
    iceIp: '',
    connectType: 'Unknown',
    connectedAt: undefined,
    finishedAt: undefined,
    cost: 0,
    ...given,
  };
}

const NOTHING = { sendLostRate: 0, sendBitrate: 0, receiveLostRate: 0, receiveBitrate: 0 };

export function qualityReport(
  given: Partial<QualityReport> & Pick<QualityReport, 'subSessionId' | 'createdAt'>,
): QualityReport {
  return {
    remoteUserId: '',
    audio: NOTHING,
    video: NOTHING,
    sendWidth: 640,
    sendHeight: 360,
    sendFrameRate: 25,
    receiveFrameRate: 0,
    ...given,
  };
}

/** Received, of one medium. */
export const received = (receiveLostRate: number, receiveBitrate: number) => ({
  ...NOTHING,
  receiveLostRate,
  receiveBitrate,
});

/** Records in memory; a test makes it fail. */
export class FakeCallHistory implements CallHistory {
  allSessions: TalkSession[] = [];
  allSubsessions: TalkSubsession[] = [];
  allQuality: QualityReport[] = [];
  failure: Error | undefined;
  reads = 0;

  async sessions({ from, to }: TimeRange, limit: number): Promise<TalkSession[]> {
    this.reads += 1;
    if (this.failure !== undefined) throw this.failure;
    return this.allSessions.filter(({ joinedAt }) => joinedAt >= from && joinedAt < to).slice(0, limit);
  }

  async subsessions(range: TimeRange, limit: number): Promise<TalkSubsession[]> {
    const ids = new Set((await this.sessions(range, Infinity)).map(({ sessionId }) => sessionId));
    return this.allSubsessions.filter(({ sessionId }) => ids.has(sessionId)).slice(0, limit);
  }

  async quality(range: TimeRange, limit: number): Promise<SubsessionQuality[]> {
    const rows: SubsessionQuality[] = [];
    for (const { subSessionId } of await this.subsessions(range, Infinity)) {
      const own = this.allQuality.filter((report) => report.subSessionId === subSessionId);
      if (own.length === 0) continue;
      const mean = (value: (report: QualityReport) => number): number =>
        own.reduce((sum, report) => sum + value(report), 0) / own.length;
      const medium = (name: 'audio' | 'video') => ({
        sendLostRate: mean((report) => report[name].sendLostRate),
        sendBitrate: mean((report) => report[name].sendBitrate),
        receiveLostRate: mean((report) => report[name].receiveLostRate),
        receiveBitrate: mean((report) => report[name].receiveBitrate),
      });
      rows.push({
        subSessionId,
        reports: own.length,
        audio: medium('audio'),
        video: medium('video'),
        receiveFrameRate: mean(({ receiveFrameRate }) => receiveFrameRate),
      });
    }
    return rows.slice(0, limit);
  }
}
