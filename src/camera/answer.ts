import { parseGbSdp, type GbSdp } from '../gb28181/gb-sdp.ts';
import { subStreamOf } from '../gb28181/sub-stream.ts';
import type { CameraTransport } from './types.ts';

/** What a camera needs to know of an offer (GB/T 28181 13.3). */
export interface LiveOffer {
  readonly transport: CameraTransport;
  readonly address: string;
  readonly port: number;
  readonly ssrc: number | undefined;
  readonly payloadType: number;
  /** `s=`. */
  readonly sessionName: string;
  /** 0 main, 1 sub …, in whichever dialect the offer tells it. */
  readonly subStream: number;
  /** Recorded material (GB/T 28181 13.7); absent: live. */
  readonly history?: OfferedHistory;
}

/** Range and speed that an offer of recorded material asks for. */
export interface OfferedHistory {
  readonly kind: 'playback' | 'download';
  /** Unix seconds. */
  readonly fromSec: number;
  readonly toSec: number;
  /** 1 for a playback. */
  readonly speed: number;
}

/** SIP status with which an offer is refused (GB/T 28181 13.8). */
export type OfferRefusal = 400 | 488;

const MAX_DOWNLOAD_SPEED = 64;

/** Reads an INVITE's offer: live or recorded, PS, and somewhere to send to. */
export function readOffer(body: Buffer): LiveOffer | OfferRefusal {
  const sdp = parseGbSdp(body);
  if (typeof sdp === 'string') return 400;
  const payload = sdp.payloads.find(({ encoding }) => encoding === 'PS');
  // Nothing but PS.
  if (payload === undefined || sdp.media !== 'video' || /^talk$/i.test(sdp.sessionName)) return 488;
  const history = historyOf(sdp);
  if (history === 'no_range') return 488;
  const transport = sdp.transport === 'udp' ? 'udp' : sdp.setup === 'active' ? 'tcp-active' : 'tcp-passive';
  if (transport !== 'tcp-active' && (sdp.port === 0 || sdp.address === '')) return 488;
  return {
    transport,
    address: sdp.address,
    port: sdp.port,
    ssrc: sdp.ssrc,
    payloadType: payload.payloadType,
    sessionName: sdp.sessionName === '' ? 'Play' : sdp.sessionName,
    subStream: subStreamOf(sdp.attributes),
    ...(history !== undefined && { history }),
  };
}

function historyOf({ sessionName, start, stop, attributes }: GbSdp): OfferedHistory | 'no_range' | undefined {
  const kind = sessionName.toLowerCase();
  if (kind !== 'playback' && kind !== 'download') return undefined;
  if (start <= 0 || stop <= start) return 'no_range';
  const [, speed = '1'] = attributes.find(([name]) => name.toLowerCase() === 'downloadspeed') ?? [];
  const times = kind === 'download' && Number(speed) > 0 ? Math.min(Number(speed), MAX_DOWNLOAD_SPEED) : 1;
  return { kind, fromSec: start, toSec: stop, speed: times };
}

export interface AnswerParts {
  readonly offer: LiveOffer;
  readonly channelId: string;
  readonly address: string;
  readonly port: number;
  /** Ten digits; absent: no `y=` line. */
  readonly y: string | undefined;
  readonly h265: boolean;
  readonly audio: boolean;
  /** Bytes of a download. */
  readonly fileSize?: number;
}

/** Lines of the answer; setup is the offer's turned round (GB/T 28181 13.2). */
export function answerLines(parts: AnswerParts): string[] {
  const { offer, channelId, address, port, y, h265, audio, fileSize } = parts;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const tcp = offer.transport !== 'udp';
  return [
    'v=0',
    `o=${channelId} 0 0 IN ${family} ${address}`,
    `s=${offer.sessionName}`,
    `c=IN ${family} ${address}`,
    `t=${offer.history?.fromSec ?? 0} ${offer.history?.toSec ?? 0}`,
    `m=video ${port} ${tcp ? 'TCP/RTP/AVP' : 'RTP/AVP'} ${offer.payloadType}`,
    'a=sendonly',
    `a=rtpmap:${offer.payloadType} PS/90000`,
    ...(tcp ? [`a=setup:${offer.transport === 'tcp-active' ? 'passive' : 'active'}`, 'a=connection:new'] : []),
    ...(fileSize === undefined ? [] : [`a=filesize:${fileSize}`]),
    ...(y === undefined ? [] : [`y=${y}`]),
    `f=v/${h265 ? 5 : 2}/5/25/2/2000a/${audio ? '1/8/1' : '//'}`,
  ];
}
