import type { ConnectType } from '../record-types.ts';

/** In milliseconds; all 0 where nothing was measured. */
export interface Durations {
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly medianMs: number;
  /** So long or shorter were 95 % (nearest rank). */
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** What receivers saw of one medium. */
export interface MediumQuality {
  /** Directions of pairs that received some of it. */
  readonly count: number;
  /** 0 to 1, over all reports. */
  readonly meanLostRate: number;
  /** Of the worst direction. */
  readonly worstLostRate: number;
  /** kbit/s. */
  readonly meanBitrate: number;
  readonly worstBitrate: number;
}

export interface VideoQuality extends MediumQuality {
  readonly meanFrameRate: number;
  readonly worstFrameRate: number;
}

/** One direction of a pair, as its receiver saw it. */
export interface WorstCall {
  readonly subSessionId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly userName: string;
  readonly remoteUserId: string;
  readonly remoteUserName: string;
  readonly begunAt: number;
  readonly durationMs: number;
  readonly connectType: ConnectType;
  readonly audioLostRate: number;
  readonly videoLostRate: number;
  /** kbit/s, of both media. */
  readonly bitrate: number;
  readonly frameRate: number;
}

/** A pair of users that never got a connection. */
export interface FailedPair {
  readonly roomId: string;
  readonly userId: string;
  readonly userName: string;
  readonly remoteUserId: string;
  readonly remoteUserName: string;
  readonly begunAt: number;
  /** The ICE server that was handed out; empty = none. */
  readonly iceIp: string;
}

/** One hour of the clock; where it comes twice in a day both are in it. */
export interface HourOfCalls {
  readonly hour: number;
  /** Joined in it. */
  readonly sessions: number;
  /** Of the pairs that began in it. */
  readonly talkMs: number;
}

/** Days of calls. Sessions count on the day they were joined on, pairs with the sessions of their users. */
export interface CallStatistics {
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  /** Unix ms. */
  readonly rangeFrom: number;
  readonly rangeTo: number;
  readonly generatedAt: number;
  /** There are more records than are read at once: the figures are too small. */
  readonly truncated: boolean;
  readonly sessions: {
    readonly total: number;
    readonly running: number;
    /** Put out because they had gone silent. */
    readonly timedOut: number;
    /** From join to leave, running ones until now or the end of the days. */
    readonly durations: Durations;
  };
  /** Different ones, of different apps. */
  readonly users: number;
  readonly rooms: number;
  readonly pairs: {
    readonly total: number;
    readonly connected: number;
    /** Ended without a connection. */
    readonly failed: number;
    /** Of the connected ones. */
    readonly connectTypes: Readonly<Record<ConnectType, number>>;
    /** From connection to end, running ones until now or the end of the days. */
    readonly durations: Durations;
    /** In cents, of both users. */
    readonly cost: number;
  };
  readonly quality: { readonly audio: MediumQuality; readonly video: VideoQuality };
  /** 24. */
  readonly hours: readonly HourOfCalls[];
  /** At most 10, the one that lost most first; none that lost nothing. */
  readonly worst: readonly WorstCall[];
  /** The first 20. */
  readonly failed: readonly FailedPair[];
}
