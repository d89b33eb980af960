import type { EventEmitter } from 'node:events';
import type { PublicationEndReason } from './types.ts';

/** One track as its sender describes it (RFC 8866). */
export interface RtpTrackOffer {
  readonly kind: 'video' | 'audio';
  /** Encoding name of `a=rtpmap`, in any case: H264, VP8, VP9, AV1, OPUS, PCMA, PCMU. */
  readonly encoding: string;
  readonly clockRate: number;
  readonly channels?: number;
  readonly payloadType: number;
  /** Value of `a=fmtp` behind the payload type. */
  readonly parameters?: string;
}

/** A stream that comes as plain RTP. */
export interface RtpPublishRequest {
  /** In the order of their channels; at most one of a kind. */
  readonly tracks: readonly RtpTrackOffer[];
  /** `rtsp`: somebody announced it to us; `pull`: we fetch it. */
  readonly source: 'rtsp' | 'pull';
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Member of a room by whose token it is published. */
  readonly owner?: string | undefined;
  /** For the timeline, e.g. which tracks are left out. */
  readonly notes?: readonly string[];
}

/** Where a track comes from over UDP; ports that are not known yet are learnt from the packets. */
export interface RtpRemote {
  readonly address: string;
  readonly rtpPort?: number;
  readonly rtcpPort?: number;
}

export type RtpPublicationEvents = {
  /** Once. `no_media`: nothing has ever come; `media_lost`: nothing came any more. */
  closed: [reason: PublicationEndReason];
  /** RTCP for the sender of a track without UDP ports, framed for its channel (RFC 2326 §10.12). */
  rtcp: [framed: Uint8Array];
  /** The first RTP packet of any track has come. */
  firstMedia: [];
  /** The number of `watchers` has changed. */
  watchers: [count: number];
};

/** A publication whose RTP comes to a media thread: from UDP ports there, or in frames that are pushed. */
export interface RtpPublication extends EventEmitter<RtpPublicationEvents> {
  readonly id: string;
  /** `<app>/<name>`. */
  readonly stream: string;
  readonly closed: boolean;
  /** Players and readers, those on their way included. */
  readonly watchers: number;
  /** Opens an even port and the next one for a track (by its index in the request). @throws PortsExhaustedError (`no_media_port`) */
  openUdp(track: number, remote: RtpRemote): Promise<{ readonly rtp: number; readonly rtcp: number }>;
  /** The ports that the sender has named after ours were opened. */
  setUdpRemote(track: number, remote: RtpRemote): void;
  /**
   * Complete frames of RFC 2326 §10.12, one or more: channel `2 * track` for RTP, `2 * track + 1` for RTCP. The memory
   * must not be used afterwards where it is the whole of its ArrayBuffer: it is handed over.
   */
  push(framed: Uint8Array<ArrayBuffer>): void;
  /** The sender is connected again: it counts anew, its players see it go on. */
  restart(): void;
  /** From now on silence ends the publication (true), or does not (false, as at first). */
  setExpecting(expecting: boolean): void;
  /** Idempotent. */
  close(reason?: PublicationEndReason): void;
}
