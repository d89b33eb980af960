/** One `<type>=<value>` line, RFC 8866 §5; any letter is kept, known or not. */
export interface SdpLine {
  readonly type: string;
  readonly value: string;
}

/** The lines of the session level or of one media description, in the order of the text. */
export interface SdpSection {
  readonly lines: readonly SdpLine[];
}

/** RFC 8866 §5.14: an `m=` line and what follows it, up to the next one. `lines` is without the `m=` line itself. */
export interface MediaDescription extends SdpSection {
  /** `video`, `audio`, … as written. */
  readonly media: string;
  readonly port: number;
  /** Number behind the slash of `<port>/<number>`. */
  readonly portCount?: number;
  /** Transport protocol as written, e.g. `RTP/AVP` or `TCP/RTP/AVP`. */
  readonly protocol: string;
  readonly formats: readonly string[];
}

/** RFC 8866 §5. The session level is `lines`; format and parse keep the order of every line. */
export interface SessionDescription extends SdpSection {
  readonly media: readonly MediaDescription[];
  /** Lines that were no SDP (blank ones not counted); zero where it was built by hand. */
  readonly ignored?: number;
}

/** RFC 8866 §5.2. */
export interface SdpOrigin {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
  readonly netType: string;
  readonly addressType: string;
  readonly address: string;
}

/** RFC 8866 §5.7; a TTL or an address count behind the address is cut off. */
export interface SdpConnection {
  readonly netType: string;
  readonly addressType: string;
  readonly address: string;
}

/** RFC 8866 §5.9, as numbers of the text; epoch is the writer's affair. */
export interface SdpTiming {
  readonly start: number;
  readonly stop: number;
}

/** RFC 8866 §6.6. */
export interface SdpRtpmap {
  readonly payloadType: number;
  readonly encoding: string;
  readonly clockRate: number;
  readonly parameters?: string;
}

/** Direction attribute, RFC 8866 §6.7. */
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Why a text is no session description. */
export type SdpFault = 'empty' | 'not_sdp' | 'too_long' | 'too_many_lines' | 'too_many_media' | 'bad_media';
