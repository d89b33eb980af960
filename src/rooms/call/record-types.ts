/** Seed 002 §4: what is kept of calls. All times are Unix ms, written as UTC. */

/** One join and leave of one user, a row of `rtc_talk_sessions`. */
export interface TalkSession {
  readonly sessionId: string;
  readonly appId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly userName: string;
  /** 0 audio, 1 audio and video, 2 video, 3 none. */
  readonly talkType: number;
  readonly userIp: string;
  /** The user was put out because it had gone silent. */
  readonly timedOut: boolean;
  readonly createdAt: number;
  readonly joinedAt: number;
  /** Undefined while the user is in the room. */
  readonly leftAt: number | undefined;
  readonly subSessionIds: readonly string[];
  readonly osName: string;
  readonly browser: string;
  readonly sdkInfo: string;
}

/** `TURN`: relayed; `STUN`: directly, or behind a NAT; `Unknown` until told. */
export type ConnectType = 'TURN' | 'STUN' | 'Unknown';

/** One direction of a pair, a row of `rtc_talk_subsessions`: a→b and b→a are two. */
export interface TalkSubsession {
  readonly subSessionId: string;
  /** Of the session whose user sees it so. */
  readonly sessionId: string;
  /** -1 begun, 0 connected, 1 ended after a connection, 2 ended without one. */
  readonly status: -1 | 0 | 1 | 2;
  readonly remoteUserId: string;
  readonly remoteUserName: string;
  readonly remoteUserIp: string;
  /** Address of the ICE server that was handed out; empty = none. */
  readonly iceIp: string;
  readonly connectType: ConnectType;
  readonly begunAt: number;
  /** Duration and cost count from here. */
  readonly connectedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** In cents. */
  readonly cost: number;
}

export interface SentAndReceived {
  /** 0 to 1. */
  readonly sendLostRate: number;
  /** kbit/s. */
  readonly sendBitrate: number;
  readonly receiveLostRate: number;
  readonly receiveBitrate: number;
}

/** One report of a client, a row of `rtc_talk_quality_stats_infos`. */
export interface QualityReport {
  readonly subSessionId: string;
  readonly remoteUserId: string;
  readonly createdAt: number;
  readonly audio: SentAndReceived;
  readonly video: SentAndReceived;
  readonly sendWidth: number;
  readonly sendHeight: number;
  readonly sendFrameRate: number;
  readonly receiveFrameRate: number;
}

/** Takes what happens in calls; writes it in batches behind the caller's back. Never throws, never blocks. */
export interface CallRecords {
  /** Adds it, or replaces the one with the same id. */
  saveSession(session: TalkSession): void;
  /** Adds it, or replaces the one with the same id. */
  saveSubsession(subsession: TalkSubsession): void;
  addQuality(report: QualityReport): void;
}

/** Unix ms; `to` is not included. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Mean values of the reports of one subsession. */
export interface SubsessionQuality {
  readonly subSessionId: string;
  readonly reports: number;
  readonly audio: SentAndReceived;
  readonly video: SentAndReceived;
  readonly receiveFrameRate: number;
}

/** Reads calls back. Rejects where the database cannot be reached. */
export interface CallHistory {
  /** Sessions that were joined in the range, oldest first, at most `limit`. */
  sessions(range: TimeRange, limit: number): Promise<TalkSession[]>;
  /** Of those sessions. */
  subsessions(range: TimeRange, limit: number): Promise<TalkSubsession[]>;
  /** Of those subsessions. */
  quality(range: TimeRange, limit: number): Promise<SubsessionQuality[]>;
}
