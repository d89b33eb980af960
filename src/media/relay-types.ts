import type { EventEmitter } from 'node:events';

/** One track that comes as RTP and is sent on as such. */
export interface RelayTrackOptions {
  readonly kind: 'video' | 'audio';
  readonly clockRate: number;
  /** What the source sends; packets of others are counted and left out. */
  readonly payloadType: number;
  /** What is sent on. */
  readonly sentPayloadType: number;
  readonly sentSsrc: number;
  /** Of H.264 (RFC 6184 §8.1), empty where the description has none: sent before each IDR that comes without. */
  readonly spropParameterSets?: string;
}

export interface RelayOptions {
  readonly id: string;
  /** Channel `2 * index` carries the RTP of a track, the next one its RTCP. */
  readonly tracks: readonly RelayTrackOptions[];
  /** Takes RTP and RTCP of all tracks on one port, and answers with RTCP. */
  readonly target: { readonly address: string; readonly port: number };
  /** While media is expected: no first packet for so long ends the relay. */
  readonly firstMediaMs: number;
  /** The same for the next packet. */
  readonly silenceMs: number;
}

/** Where a track comes from over UDP; ports that are not known yet are learnt from the packets. */
export interface RelayRemote {
  readonly address: string;
  readonly rtpPort?: number;
  readonly rtcpPort?: number;
}

/** Counters since the relay opened; `errors` is keyed by the reason why something was left out. */
export interface RelayStats {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly rtcpPackets: number;
  readonly bitrateBps: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** `failed`: its port could not be opened; `no_media`: nothing has ever come; `silent`: nothing came any more. */
export type RelayEndReason = 'closed' | 'failed' | 'no_media' | 'silent' | 'thread_died';

export type RelayEvents = {
  /** The first RTP packet of any track. */
  firstMedia: [];
  /** RTCP for the source of a track without UDP ports, framed for its channel (RFC 2326 §10.12). */
  rtcp: [framed: Uint8Array];
  /** Once. */
  ended: [reason: RelayEndReason];
};

/** RTP of somebody else on its way through a media thread. */
export interface RtpRelay extends EventEmitter<RelayEvents> {
  readonly id: string;
  readonly closed: boolean;
  /** At most a second old. */
  readonly stats: RelayStats;
  /** An even port and the next one. @throws PortsExhaustedError (`no_media_port`), MediaBindError, ThreadDiedError */
  openUdp(track: number, remote: RelayRemote): Promise<{ readonly rtp: number; readonly rtcp: number }>;
  setRemote(track: number, remote: RelayRemote): void;
  /** Complete frames of RFC 2326 §10.12; memory that is a whole ArrayBuffer is handed over. */
  push(framed: Uint8Array<ArrayBuffer>): void;
  /** What comes from now on is counted anew by its source; what is sent on goes on. */
  restart(): void;
  /** From now on silence ends the relay (true), or does not (false, as at first). */
  setExpecting(expecting: boolean): void;
  /** Idempotent. */
  close(): void;
}
