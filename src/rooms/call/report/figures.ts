import type { CallStatistics, FailedPair, WorstCall } from '../statistics/types.ts';

/** `1:02:03`, `4:07`, as the console has it. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `0 %`, `0.4 %`, `37 %`. */
export function percentText(ratio: number): string {
  const percent = ratio * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

const share = (part: number, whole: number): string =>
  whole === 0 ? String(part) : `${part} (${percentText(part / whole)})`;

const kbit = (value: number): string => `${Math.round(value)} kbit/s`;

/** `Call report 2026-11-21`. */
export function titleOf({ from, to }: CallStatistics): string {
  return `Call report ${from}${to === from ? '' : ` to ${to}`}`;
}

export interface FigureGroup {
  readonly title: string;
  readonly rows: ReadonlyArray<readonly [name: string, value: string]>;
}

/** The figures in words, the same for every form of the report. */
export function figureGroups({ sessions, users, rooms, pairs, quality }: CallStatistics): FigureGroup[] {
  const { audio, video } = quality;
  const { connectTypes, connected } = pairs;
  const spread = ({ totalMs, meanMs, medianMs, p95Ms, maxMs }: typeof pairs.durations): [string, string][] => [
    ['Total time', durationText(totalMs)],
    ['Mean', durationText(meanMs)],
    ['Median', durationText(medianMs)],
    ['95 % up to', durationText(p95Ms)],
    ['Longest', durationText(maxMs)],
  ];
  return [
    {
      title: 'Calls',
      rows: [
        ['Calls (joins)', String(sessions.total)],
        ['Users', String(users)],
        ['Rooms', String(rooms)],
        ['Still running', String(sessions.running)],
        ['Ended by silence', String(sessions.timedOut)],
        ...spread(sessions.durations),
      ],
    },
    {
      title: 'Connections (pairs of users)',
      rows: [
        ['Pairs', String(pairs.total)],
        ['Connected', share(connected, pairs.total)],
        ['Never connected', share(pairs.failed, pairs.total)],
        ['Relayed (TURN)', share(connectTypes.TURN, connected)],
        ['Direct (STUN)', share(connectTypes.STUN, connected)],
        ['Way unknown', share(connectTypes.Unknown, connected)],
        ...spread(pairs.durations),
        ['Cost', `${(pairs.cost / 100).toFixed(2)}`],
      ],
    },
    {
      title: 'Quality as received',
      rows: [
        ['Audio: loss, mean', percentText(audio.meanLostRate)],
        ['Audio: loss, worst', percentText(audio.worstLostRate)],
        ['Audio: bitrate, mean', kbit(audio.meanBitrate)],
        ['Audio: bitrate, worst', kbit(audio.worstBitrate)],
        ['Video: loss, mean', percentText(video.meanLostRate)],
        ['Video: loss, worst', percentText(video.worstLostRate)],
        ['Video: bitrate, mean', kbit(video.meanBitrate)],
        ['Video: bitrate, worst', kbit(video.worstBitrate)],
        ['Video: pictures a second, mean', video.meanFrameRate.toFixed(1)],
        ['Video: pictures a second, worst', video.worstFrameRate.toFixed(1)],
      ],
    },
  ];
}

export interface FigureTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const named = (id: string, name: string): string => (name === '' || name === id ? id : `${name} (${id})`);

export function worstTable(worst: readonly WorstCall[], timeOf: (at: number) => string): FigureTable {
  return {
    title: 'Worst calls',
    columns: ['Time', 'Room', 'Receiver', 'Sender', 'Duration', 'Audio loss', 'Video loss', 'Bitrate', 'fps', 'Way'],
    rows: worst.map((call) => [
      timeOf(call.begunAt),
      call.roomId,
      named(call.userId, call.userName),
      named(call.remoteUserId, call.remoteUserName),
      durationText(call.durationMs),
      percentText(call.audioLostRate),
      percentText(call.videoLostRate),
      kbit(call.bitrate),
      call.frameRate.toFixed(1),
      call.connectType,
    ]),
  };
}

export function failedTable(failed: readonly FailedPair[], timeOf: (at: number) => string): FigureTable {
  return {
    title: 'Never connected',
    columns: ['Time', 'Room', 'User', 'Other user', 'ICE server'],
    rows: failed.map((pair) => [
      timeOf(pair.begunAt),
      pair.roomId,
      named(pair.userId, pair.userName),
      named(pair.remoteUserId, pair.remoteUserName),
      pair.iceIp === '' ? 'none' : pair.iceIp,
    ]),
  };
}

export const TRUNCATED = 'There are more records than are read at once: the figures are too small.';
