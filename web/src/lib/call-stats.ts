import type { Quality } from './quality.ts';
import { codecName, type Entry, number, selectedPair, text } from './stats.ts';

interface Flow {
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly codecName: string;
}

/** Counters of one getStats() of one pair. */
export interface CallSample {
  readonly at: number;
  readonly sent: { readonly audio: Flow; readonly video: Flow };
  readonly received: { readonly audio: Flow; readonly video: Flow };
  readonly roundTripMs: number | undefined;
  /** Undefined while no pair of candidates is in use. */
  readonly connectType: ConnectType | undefined;
}

/** `TURN`: through a relay on either side; `STUN`: directly or behind a NAT (seed 002 §3). */
export type ConnectType = 'TURN' | 'STUN';

/** Sound and picture of a reportStats, seed 002 §6.24; bit rates in kbit/s, loss as text of a share. */
export interface CallReport {
  readonly audio: { readonly send: AudioReport; readonly recv: AudioReport };
  readonly video: {
    readonly send: VideoReport & { readonly frameRateSent: number };
    readonly recv: VideoReport & { readonly frameRateRecv: number };
  };
}

interface AudioReport {
  readonly bitRate: number;
  readonly packetsLostRate: string;
}

interface VideoReport extends AudioReport {
  readonly width: number;
  readonly height: number;
  readonly codecName: string;
}

type Direction = 'sent' | 'received';
type Kind = 'audio' | 'video';

const COUNTERS = {
  sent: { type: 'outbound-rtp', bytes: 'bytesSent', packets: 'packetsSent', frames: 'framesSent' },
  received: { type: 'inbound-rtp', bytes: 'bytesReceived', packets: 'packetsReceived', frames: 'framesDecoded' },
} as const;

function flow(byId: ReadonlyMap<string, Entry>, direction: Direction, kind: Kind): Flow {
  const names = COUNTERS[direction];
  const entries = [...byId.values()].filter((entry) => entry.type === names.type && entry['kind'] === kind);
  // What was lost on the way out only the other side can tell.
  const losses =
    direction === 'received'
      ? entries
      : [...byId.values()].filter((entry) => entry.type === 'remote-inbound-rtp' && entry['kind'] === kind);
  const sum = (list: readonly Entry[], key: string) => list.reduce((total, entry) => total + number(entry, key), 0);
  const main = entries.toSorted((a, b) => number(b, names.bytes) - number(a, names.bytes))[0];
  return {
    bytes: sum(entries, names.bytes),
    packets: sum(entries, names.packets),
    lost: sum(losses, 'packetsLost'),
    frames: sum(entries, names.frames),
    width: number(main, 'frameWidth'),
    height: number(main, 'frameHeight'),
    codecName: codecName(byId.get(text(main, 'codecId'))),
  };
}

/** Reads the counters of one report; what a browser does not tell is 0 or undefined. */
export function sampleCall(report: Iterable<[string, Entry]>, at: number): CallSample {
  const byId = new Map(report);
  const pair = selectedPair([...byId.values()], byId);
  const types = ['localCandidateId', 'remoteCandidateId'].map((key) =>
    text(byId.get(text(pair, key)), 'candidateType'),
  );
  const roundTrip = pair?.['currentRoundTripTime'];
  return {
    at,
    sent: { audio: flow(byId, 'sent', 'audio'), video: flow(byId, 'sent', 'video') },
    received: { audio: flow(byId, 'received', 'audio'), video: flow(byId, 'received', 'video') },
    roundTripMs: typeof roundTrip === 'number' ? roundTrip * 1000 : undefined,
    connectType: types[0] === '' ? undefined : types.includes('relay') ? 'TURN' : 'STUN',
  };
}

/** What happened to one flow between two samples; nothing without a previous one. */
function rates(previous: CallSample | undefined, now: CallSample, direction: Direction, kind: Kind) {
  const current = now[direction][kind];
  const before = previous?.[direction][kind];
  const seconds = previous ? (now.at - previous.at) / 1000 : 0;
  const delta = (key: 'bytes' | 'packets' | 'lost' | 'frames') =>
    before && seconds > 0 ? Math.max(0, current[key] - before[key]) : 0;
  const expected = direction === 'sent' ? delta('packets') : delta('packets') + delta('lost');
  return {
    bps: seconds > 0 ? (delta('bytes') * 8) / seconds : 0,
    fps: seconds > 0 ? Math.round(delta('frames') / seconds) : 0,
    lost: delta('lost'),
    expected,
    lossRatio: expected > 0 ? Math.min(1, delta('lost') / expected) : 0,
  };
}

export function callReport(previous: CallSample | undefined, now: CallSample): CallReport {
  const audio = (direction: Direction, kind: Kind = 'audio'): AudioReport => {
    const { bps, lossRatio } = rates(previous, now, direction, kind);
    return { bitRate: Math.round(bps / 1000), packetsLostRate: lossRatio.toFixed(2) };
  };
  const video = (direction: Direction): VideoReport => {
    const { width, height, codecName: codec } = now[direction].video;
    return { ...audio(direction, 'video'), width, height, codecName: codec };
  };
  return {
    audio: { send: audio('sent'), recv: audio('received') },
    video: {
      send: { ...video('sent'), frameRateSent: rates(previous, now, 'sent', 'video').fps },
      recv: { ...video('received'), frameRateRecv: rates(previous, now, 'received', 'video').fps },
    },
  };
}

/** What a member's tile shows of its connection. */
export function callQuality(previous: CallSample | undefined, now: CallSample): Quality {
  const of = (direction: Direction) => [
    rates(previous, now, direction, 'audio'),
    rates(previous, now, direction, 'video'),
  ];
  const lossOf = (flows: ReturnType<typeof of>) => {
    const expected = flows.reduce((sum, each) => sum + each.expected, 0);
    return expected > 0 ? Math.min(1, flows.reduce((sum, each) => sum + each.lost, 0) / expected) : 0;
  };
  const received = of('received');
  const { width, height } = now.received.video;
  return {
    bitrateBps: received.reduce((sum, each) => sum + each.bps, 0),
    lossRatio: Math.max(lossOf(of('sent')), lossOf(received)),
    resolution: width > 0 ? `${width} × ${height}` : '',
    fps: received[1]?.fps ?? 0,
    roundTripMs: now.roundTripMs,
  };
}
