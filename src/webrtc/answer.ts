import type { OfferedH264, OfferSection, ViewerOffer } from './offer.ts';

/** Static payload types of RFC 3551 §6. */
export const G711_PAYLOAD_TYPE = { pcma: 8, pcmu: 0 } as const;

/** The feedback that this gateway acts on (RFC 4585, RFC 5104). */
const FEEDBACK = ['nack', 'nack pli', 'ccm fir'];

export interface AnswerTransport {
  readonly usernameFragment: string;
  readonly password: string;
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  /** Values of a=candidate, best first. */
  readonly candidates: readonly string[];
}

export interface AnswerOptions {
  readonly sessionId: number;
  readonly streamId: string;
  readonly offer: ViewerOffer;
  readonly h264: OfferedH264;
  readonly audioCodec: 'pcma' | 'pcmu';
  readonly transport: AnswerTransport;
  /** SSRCs for agents that tell sections apart by them; absent leaves the association to payload types (RFC 9143 §9.2), so that a camera's restart can change them. */
  readonly ssrcs?: { readonly cname: string; readonly video: number; readonly audio?: number };
}

/** Formats the answer (RFC 9429 §5.3): sendonly where the offer receives, everything else refused. */
export function formatAnswer(options: AnswerOptions): string {
  const { offer, sessionId, transport } = options;
  const sections = offer.sections.map((section, index) => answerSection(section, index, options));
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

interface AnsweredSection {
  readonly mid: string | undefined;
  readonly bundled: boolean;
  readonly lines: readonly string[];
}

function answerSection(section: OfferSection, index: number, options: AnswerOptions): AnsweredSection {
  const { offer } = options;
  if (index === offer.video.section) return accepted(section, videoFormat(section, options), options);
  if (index === offer.audio?.section) return accepted(section, audioFormat(options), options);
  return refused(section, options);
}

interface Format {
  readonly payloadType: number;
  readonly attributes: readonly string[];
}

function videoFormat(section: OfferSection, { h264, streamId, ssrcs }: AnswerOptions): Format {
  const { payloadType, fmtp } = h264;
  const offered = section.rtcpFeedback.filter((line) => line.payload === '*' || line.payload === String(payloadType));
  const feedback = FEEDBACK.filter((value) => offered.some((line) => line.value === value));
  return {
    payloadType,
    attributes: [
      `a=msid:${streamId} video`,
      `a=rtpmap:${payloadType} H264/90000`,
      ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
      ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
      ...(ssrcs === undefined ? [] : ssrcLines(ssrcs.video, ssrcs.cname, `${streamId} video`)),
    ],
  };
}

function audioFormat({ audioCodec, streamId, ssrcs }: AnswerOptions): Format {
  const payloadType = G711_PAYLOAD_TYPE[audioCodec];
  return {
    payloadType,
    attributes: [
      `a=msid:${streamId} audio`,
      `a=rtpmap:${payloadType} ${audioCodec.toUpperCase()}/8000`,
      ...(ssrcs?.audio === undefined ? [] : ssrcLines(ssrcs.audio, ssrcs.cname, `${streamId} audio`)),
    ],
  };
}

/** RFC 5576 §4.1. */
function ssrcLines(ssrc: number, cname: string, msid: string): string[] {
  return [`a=ssrc:${ssrc} cname:${cname}`, `a=ssrc:${ssrc} msid:${msid}`];
}

function accepted(section: OfferSection, format: Format, options: AnswerOptions): AnsweredSection {
  return {
    mid: section.mid,
    bundled: true,
    lines: [
      `m=${section.kind} 9 ${section.protocol} ${format.payloadType}`,
      ...transportLines(section, options),
      'a=sendonly',
      ...format.attributes,
      ...options.transport.candidates.map((candidate) => `a=candidate:${candidate}`),
      'a=end-of-candidates',
    ],
  };
}

function transportLines(section: OfferSection, { offer, transport }: AnswerOptions): string[] {
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

/**
 * A bundled audio or video section becomes inactive, not rejected: browsers end the whole BUNDLE group with a rejected
 * first section (RFC 9143 §7.3.3). Anything else gets port 0.
 */
function refused(section: OfferSection, options: AnswerOptions): AnsweredSection {
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
