import { call } from './http.ts';

export interface CallDurations {
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

interface MediumQuality {
  readonly count: number;
  readonly meanLostRate: number;
  readonly worstLostRate: number;
  /** kbit/s. */
  readonly meanBitrate: number;
  readonly worstBitrate: number;
}

export type CallWay = 'TURN' | 'STUN' | 'Unknown';

interface PairNames {
  readonly roomId: string;
  readonly userId: string;
  readonly userName: string;
  readonly remoteUserId: string;
  readonly remoteUserName: string;
  readonly begunAt: number;
}

export interface WorstCall extends PairNames {
  readonly subSessionId: string;
  readonly durationMs: number;
  readonly connectType: CallWay;
  readonly audioLostRate: number;
  readonly videoLostRate: number;
  readonly bitrate: number;
  readonly frameRate: number;
}

export interface FailedPair extends PairNames {
  readonly iceIp: string;
}

export interface HourOfCalls {
  readonly hour: number;
  readonly sessions: number;
  readonly talkMs: number;
}

/** Figures of a day's peer-to-peer calls, as the daily report has them. */
export interface CallStatistics {
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  readonly rangeTo: number;
  readonly generatedAt: number;
  readonly truncated: boolean;
  readonly sessions: {
    readonly total: number;
    readonly running: number;
    readonly timedOut: number;
    readonly durations: CallDurations;
  };
  readonly users: number;
  readonly rooms: number;
  readonly pairs: {
    readonly total: number;
    readonly connected: number;
    readonly failed: number;
    readonly connectTypes: Readonly<Record<CallWay, number>>;
    readonly durations: CallDurations;
    /** In cents. */
    readonly cost: number;
  };
  readonly quality: {
    readonly audio: MediumQuality;
    readonly video: MediumQuality & { readonly meanFrameRate: number; readonly worstFrameRate: number };
  };
  readonly hours: readonly HourOfCalls[];
  readonly worst: readonly WorstCall[];
  readonly failed: readonly FailedPair[];
}

export interface CallStatisticsQuery {
  /** `2026-11-21`; empty: today, as the gateway has it. */
  readonly date: string;
}

export const getCallStatistics = (query: CallStatisticsQuery, signal: AbortSignal) =>
  call<CallStatistics>('GET', '/call-statistics', { query: { ...query }, signal });

/** For a link; the login's cookie opens it. */
export const callReportUrl = (date: string, format: 'html' | 'csv') =>
  `/api/v1/call-statistics?date=${encodeURIComponent(date)}&format=${format}`;
