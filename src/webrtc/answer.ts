import type { OfferedH264, ViewerOffer } from './offer.ts';
import type { OfferSection, SessionOffer } from './offer-session.ts';

/** Static payload types of RFC 3551 §6. */
export const G711_PAYLOAD_TYPE = { pcma: 8, pcmu: 0 } as const;

/** The feedback of viewers that this gateway acts on (RFC 4585, RFC 5104). */
export const VIEWER_FEEDBACK: readonly string[] = ['nack', 'nack pli', 'ccm fir'];

export interface AnswerTransport {
  readonly usernameFragment: string;
  readonly password: string;
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  /** Values of a=candidate, best first. */
  readonly candidates: readonly string[];
}

/** SSRCs for agents that tell sections apart by them. */
export interface AnswerSsrcs {
  readonly cname: string;
  readonly video?: number;
  readonly audio?: number;
}

/** What an accepted section says of its media. */
export interface SectionAnswer {
  readonly direction: 'sendonly' | 'recvonly';
  readonly payloadTypes: readonly number[];
  /** b= lines. */
  readonly bandwidth?: readonly string[];
  readonly attributes: readonly string[];
}

export interface SessionAnswer {
  readonly sessionId: number;
  readonly offer: SessionOffer;
  readonly transport: AnswerTransport;
  /** By index of the offer's section; all others are refused. */
  readonly accepted: ReadonlyMap<number, SectionAnswer>;
}

/** Formats an answer (RFC 9429 §5.3) in the order of the offer's sections. */
export function formatSession(options: SessionAnswer): string {
  const { offer, sessionId, transport } = options;
  const sections = offer.sections.map((section, index) => {
    const answer = options.accepted.get(index);
    return answer === undefined ? refused(section, options) : accepted(section, answer, options);
  });
  const bundled = offer.bundle.filter((mid) => sections.some((answered) => answered.bundled && answered.mid === mid));
  const lines = [
    'v=0',
    `o=gbrtc ${sessionId} 1 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    ...(bundled.length > 0 ? [`a=group:BUNDLE ${bundled.join(' ')}`] : []),
    'a=msid-semantic: WMS *',
    `a=fingerprint:${transport.fingerprint.algorithm} ${transport.fingerprint.value}`,
    ...sections.flatMap((section) => section.lines),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

export interface CameraSections {
  readonly streamId: string;
  readonly offer: ViewerOffer;
  readonly h264: OfferedH264;
  readonly audioCodec: 'pcma' | 'pcmu';
  /** Absent leaves the association to payload types (RFC 9143 §9.2), so that a camera's restart can change them. */
  readonly ssrcs?: AnswerSsrcs;
}

/** The sections by which a camera is sent. */
export function cameraSections(options: CameraSections): ReadonlyMap<number, SectionAnswer> {
  const { offer } = options;
  const sections = new Map<number, SectionAnswer>();
  const video = offer.sections[offer.video.section];
  if (video !== undefined) sections.set(offer.video.section, videoFormat(video, options));
  if (offer.audio !== undefined) sections.set(offer.audio.section, audioFormat(options));
  return sections;
}

interface AnsweredSection {
  readonly mid: string | undefined;
  readonly bundled: boolean;
  readonly lines: readonly string[];
}

/** Those of the wanted feedback lines that a section offers for a payload type. */
export function offeredFeedback(section: OfferSection, payloadType: number, wanted: readonly string[]): string[] {
  const offered = section.rtcpFeedback.filter((line) => line.payload === '*' || line.payload === String(payloadType));
  return wanted.filter((value) => offered.some((line) => line.value === value));
}

function videoFormat(section: OfferSection, { h264, streamId, ssrcs }: CameraSections): SectionAnswer {
  const { payloadType, fmtp } = h264;
  const feedback = offeredFeedback(section, payloadType, VIEWER_FEEDBACK);
  return {
    direction: 'sendonly',
    payloadTypes: [payloadType],
    attributes: [
      `a=msid:${streamId} video`,
      `a=rtpmap:${payloadType} H264/90000`,
      ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
      ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
      ...ssrcLines(ssrcs?.video, ssrcs?.cname, `${streamId} video`),
    ],
  };
}

function audioFormat({ audioCodec, streamId, ssrcs }: CameraSections): SectionAnswer {
  const payloadType = G711_PAYLOAD_TYPE[audioCodec];
  return {
    direction: 'sendonly',
    payloadTypes: [payloadType],
    attributes: [
      `a=msid:${streamId} audio`,
      `a=rtpmap:${payloadType} ${audioCodec.toUpperCase()}/8000`,
      ...ssrcLines(ssrcs?.audio, ssrcs?.cname, `${streamId} audio`),
    ],
  };
}

/** RFC 5576 §4.1; none without an SSRC. */
export function ssrcLines(ssrc: number | undefined, cname: string | undefined, msid: string): string[] {
  return ssrc === undefined ? [] : [`a=ssrc:${ssrc} cname:${cname ?? 'gbrtc'}`, `a=ssrc:${ssrc} msid:${msid}`];
}

function accepted(section: OfferSection, answer: SectionAnswer, options: SessionAnswer): AnsweredSection {
  const [connection = '', ...transport] = transportLines(section, options);
  return {
    mid: section.mid,
    bundled: true,
    lines: [
      `m=${section.kind} 9 ${section.protocol} ${answer.payloadTypes.join(' ')}`,
      connection,
      ...(answer.bandwidth ?? []),
      ...transport,
      `a=${answer.direction}`,
      ...answer.attributes,
      ...candidateLines(options),
    ],
  };
}

function transportLines(section: OfferSection, { offer, transport }: SessionAnswer): string[] {
  return [
    'c=IN IP4 0.0.0.0',
    ...(section.mid === undefined ? [] : [`a=mid:${section.mid}`]),
    `a=ice-ufrag:${transport.usernameFragment}`,
    `a=ice-pwd:${transport.password}`,
    `a=setup:${offer.dtlsRole === 'client' ? 'passive' : 'active'}`,
    'a=rtcp-mux',
    ...(section.rtcpRsize ? ['a=rtcp-rsize'] : []),
  ];
}

function candidateLines({ transport }: SessionAnswer): string[] {
  return [...transport.candidates.map((candidate) => `a=candidate:${candidate}`), 'a=end-of-candidates'];
}

/**
 * A bundled audio or video section becomes inactive, not rejected: browsers end the whole BUNDLE group with a rejected
 * first section (RFC 9143 §7.3.3). Anything else gets port 0.
 */
function refused(section: OfferSection, options: SessionAnswer): AnsweredSection {
  const { mid, kind, formats, firstRtpmap } = section;
  const first = formats.split(' ')[0] ?? '0';
  const bundled = mid !== undefined && options.offer.bundle.includes(mid) && firstRtpmap !== undefined;
  if (bundled) {
    return {
      mid,
      bundled,
      lines: [
        `m=${kind} 9 ${section.protocol} ${first}`,
        ...transportLines(section, options),
        'a=inactive',
        `a=rtpmap:${firstRtpmap}`,
        // It may be the tagged one, the only one whose candidates count (RFC 9143 §9.1).
        ...candidateLines(options),
      ],
    };
  }
  return {
    mid,
    bundled: false,
    lines: [
      `m=${kind} 0 ${section.protocol} ${formats === '' ? '0' : formats}`,
      'c=IN IP4 0.0.0.0',
      ...(mid === undefined ? [] : [`a=mid:${mid}`]),
      'a=inactive',
    ],
  };
}
