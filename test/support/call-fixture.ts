import { finishSubsession } from '../../src/rooms/call/index.ts';
import type { QualityReport, TalkSession, TalkSubsession } from '../../src/rooms/index.ts';

export const DAY = Date.UTC(2026, 2, 29);

/** At 5 cents a minute. */
export const finish = (subsession: TalkSubsession, at: number): TalkSubsession => finishSubsession(subsession, at, 5);

/** The n-th session of a day, 37 s and 500 ms long. */
export function talkSession(n: number, changes: Partial<TalkSession> = {}): TalkSession {
  const joinedAt = DAY + n * 1_000 + 123;
  return {
    sessionId: `S${String(n).padStart(25, '0')}`,
    appId: '10000',
    roomId: '8004571670628757',
    userId: '782920256',
    userName: 'client_51',
    talkType: 1,
    userIp: '2001:db8:85a3::8a2e:370:7334',
    timedOut: false,
    createdAt: joinedAt - 23,
    joinedAt,
    leftAt: joinedAt + 37_500,
    subSessionIds: [talkSubsession(n).subSessionId],
    osName: 'Win32',
    browser: 'chrome58.0',
    sdkInfo: '1.0.0',
    ...changes,
  };
}

/** Of the n-th session, 30 s connected. */
export function talkSubsession(n: number, changes: Partial<TalkSubsession> = {}): TalkSubsession {
  const begunAt = DAY + n * 1_000 + 456;
  return {
    subSessionId: `B${String(n).padStart(25, '0')}`,
    sessionId: `S${String(n).padStart(25, '0')}`,
    status: 1,
    remoteUserId: '546109670',
    remoteUserName: 'client_514',
    remoteUserIp: '10.0.0.7',
    iceIp: '192.0.2.7',
    connectType: 'TURN',
    begunAt,
    connectedAt: begunAt + 1_000,
    finishedAt: begunAt + 31_999,
    cost: 5,
    ...changes,
  };
}

/** Of the n-th subsession. */
export function qualityReport(n: number, changes: Partial<QualityReport> = {}): QualityReport {
  return {
    subSessionId: talkSubsession(n).subSessionId,
    remoteUserId: '546109670',
    createdAt: DAY + n * 1_000 + 15_000,
    audio: { sendLostRate: 0.01, sendBitrate: 32, receiveLostRate: 0.25, receiveBitrate: 31 },
    video: { sendLostRate: 0, sendBitrate: 1200, receiveLostRate: 0.125, receiveBitrate: 1100 },
    sendWidth: 1280,
    sendHeight: 720,
    sendFrameRate: 25,
    receiveFrameRate: 24,
    ...changes,
  };
}
