/** Counters of one getStats() call that the next one is compared with. */
export interface StatsSample {
  readonly at: number;
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly width: number;
  readonly height: number;
  readonly videoCodec: string;
  readonly audioCodec: string;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly bufferMs: number | undefined;
  readonly remote: string;
}

/** What the overlay shows. */
export interface VideoStats {
  readonly resolution: string;
  readonly codec: string;
  readonly audio: string;
  readonly fps: number;
  readonly bitrateBps: number;
  readonly lossRatio: number;
  readonly lost: number;
  readonly dropped: number;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly bufferMs: number | undefined;
  readonly remote: string;
}

export type Entry = Readonly<Record<string, unknown>> & { readonly type: string };

export const number = (entry: Entry | undefined, key: string): number => {
  const value = entry?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
};

export const text = (entry: Entry | undefined, key: string): string => {
  const value = entry?.[key];
  return typeof value === 'string' ? value : '';
};

const optionalMs = (entry: Entry | undefined, key: string): number | undefined =>
  typeof entry?.[key] === 'number' ? number(entry, key) * 1000 : undefined;

/** `video/H264` → `H264`. */
export const codecName = (entry: Entry | undefined) => text(entry, 'mimeType').replace(/^\w+\//, '');

const inbound = (entries: readonly Entry[], kind: string) =>
  entries.find((entry) => entry.type === 'inbound-rtp' && entry['kind'] === kind);

/** The pair in use: by the transport (Chromium), by `selected` (Firefox), else the one that carries most. */
export function selectedPair(entries: readonly Entry[], byId: ReadonlyMap<string, Entry>): Entry | undefined {
  const transport = entries.find((entry) => entry.type === 'transport');
  const named = byId.get(text(transport, 'selectedCandidatePairId'));
  if (named) return named;
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair');
  return (
    pairs.find((pair) => pair['selected'] === true) ??
    pairs.toSorted((a, b) => number(b, 'bytesReceived') - number(a, 'bytesReceived'))[0]
  );
}

function averageBufferMs(video: Entry | undefined): number | undefined {
  const emitted = number(video, 'jitterBufferEmittedCount');
  return emitted > 0 ? (number(video, 'jitterBufferDelay') / emitted) * 1000 : undefined;
}

/** Reads the counters of one report; what a browser does not tell is 0, empty or undefined. */
export function sampleStats(report: Iterable<[string, Entry]>, at: number): StatsSample {
  const byId = new Map(report);
  const entries = [...byId.values()];
  const video = inbound(entries, 'video');
  const audio = inbound(entries, 'audio');
  const pair = selectedPair(entries, byId);
  const remote = byId.get(text(pair, 'remoteCandidateId'));
  return {
    at,
    bytes: number(video, 'bytesReceived') + number(audio, 'bytesReceived'),
    packets: number(video, 'packetsReceived') + number(audio, 'packetsReceived'),
    lost: number(video, 'packetsLost') + number(audio, 'packetsLost'),
    framesDecoded: number(video, 'framesDecoded'),
    framesDropped: number(video, 'framesDropped'),
    width: number(video, 'frameWidth'),
    height: number(video, 'frameHeight'),
    videoCodec: codecName(byId.get(text(video, 'codecId'))),
    audioCodec: codecName(byId.get(text(audio, 'codecId'))),
    jitterMs: optionalMs(video, 'jitter'),
    roundTripMs: optionalMs(pair, 'currentRoundTripTime'),
    bufferMs: averageBufferMs(video),
    remote: remote
      ? `${text(remote, 'address') || text(remote, 'ip')}:${number(remote, 'port')} ${text(remote, 'protocol').toUpperCase()}`
      : '',
  };
}

/** Rates between two samples; without a previous one they are 0. */
export function computeStats(previous: StatsSample | undefined, now: StatsSample): VideoStats {
  const seconds = previous ? (now.at - previous.at) / 1000 : 0;
  const delta = (key: 'bytes' | 'packets' | 'lost' | 'framesDecoded') =>
    previous ? Math.max(0, now[key] - previous[key]) : 0;
  const expected = delta('packets') + delta('lost');
  return {
    resolution: now.width > 0 ? `${now.width} × ${now.height}` : '',
    codec: now.videoCodec,
    audio: now.audioCodec,
    fps: seconds > 0 ? Math.round(delta('framesDecoded') / seconds) : 0,
    bitrateBps: seconds > 0 ? Math.round((delta('bytes') * 8) / seconds) : 0,
    lossRatio: expected > 0 ? delta('lost') / expected : 0,
    lost: now.lost,
    dropped: now.framesDropped,
    jitterMs: now.jitterMs,
    roundTripMs: now.roundTripMs,
    bufferMs: now.bufferMs,
    remote: now.remote,
  };
}
