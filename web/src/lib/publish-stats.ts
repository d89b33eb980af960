import { codecName, type Entry, number, text } from './stats.ts';

/** Counters of one getStats() call of a sender that the next one is compared with. */
export interface SendSample {
  readonly at: number;
  readonly bytes: number;
  readonly packets: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly videoCodec: string;
  readonly audioCodec: string;
  /** `cpu`, `bandwidth`, or nothing. */
  readonly limitedBy: string;
  readonly lossRatio: number;
  readonly roundTripMs: number | undefined;
}

export interface SendStats {
  readonly resolution: string;
  readonly codecs: string;
  readonly fps: number;
  readonly bitrateBps: number;
  readonly limitedBy: string;
  readonly lossRatio: number;
  readonly roundTripMs: number | undefined;
}

/** Reads the counters of one report; what a browser does not tell is 0, empty or undefined. */
export function sampleSending(report: Iterable<[string, Entry]>, at: number): SendSample {
  const byId = new Map(report);
  const entries = [...byId.values()];
  const sent = entries.filter(({ type }) => type === 'outbound-rtp');
  const remote = entries.filter(({ type }) => type === 'remote-inbound-rtp');
  const ofKind = (kind: string) => sent.find((entry) => entry['kind'] === kind);
  // Simulcast sends several pictures; the largest is what people mean.
  const video = sent
    .filter((entry) => entry['kind'] === 'video')
    .toSorted((a, b) => number(b, 'frameWidth') - number(a, 'frameWidth'))[0];
  const sum = (key: string) => sent.reduce((total, entry) => total + number(entry, key), 0);
  const roundTrip = remote.map((entry) => entry['roundTripTime']).find((value) => typeof value === 'number');
  const limit = text(video, 'qualityLimitationReason');
  return {
    at,
    bytes: sum('bytesSent'),
    packets: sum('packetsSent'),
    frames: number(video, 'framesEncoded'),
    width: number(video, 'frameWidth'),
    height: number(video, 'frameHeight'),
    videoCodec: codecName(byId.get(text(video, 'codecId'))),
    audioCodec: codecName(byId.get(text(ofKind('audio'), 'codecId'))),
    limitedBy: limit === 'cpu' || limit === 'bandwidth' ? limit : '',
    lossRatio: Math.max(0, ...remote.map((entry) => number(entry, 'fractionLost'))),
    roundTripMs: roundTrip === undefined ? undefined : roundTrip * 1000,
  };
}

/** Rates between two samples; without a previous one they are 0. */
export function computeSending(previous: SendSample | undefined, now: SendSample): SendStats {
  const seconds = previous ? (now.at - previous.at) / 1000 : 0;
  const rate = (key: 'bytes' | 'frames') =>
    previous && seconds > 0 ? Math.max(0, now[key] - previous[key]) / seconds : 0;
  return {
    resolution: now.width > 0 ? `${now.width} × ${now.height}` : '',
    codecs: [now.videoCodec, now.audioCodec].filter(Boolean).join(' + '),
    fps: Math.round(rate('frames')),
    bitrateBps: Math.round(rate('bytes') * 8),
    limitedBy: now.limitedBy,
    lossRatio: now.lossRatio,
    roundTripMs: now.roundTripMs,
  };
}
