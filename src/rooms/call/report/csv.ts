import type { CallStatistics, Durations, FailedPair, MediumQuality, WorstCall } from '../statistics/types.ts';

type Cell = string | number;

/**
 * One cell of RFC 4180. A text that a spreadsheet would calculate gets an apostrophe in front; numbers of ours are
 * written as they are.
 */
export function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return String(Math.round(cell * 1e6) / 1e6);
  const safe = /^[\s\p{Cf}]*[=+\-@＝＋－＠\t\r]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

type Figures = Readonly<Record<string, Cell>>;

const durations = ({ totalMs, meanMs, medianMs, p95Ms, maxMs }: Durations): Figures => ({
  total_seconds: totalMs / 1000,
  mean_seconds: meanMs / 1000,
  median_seconds: medianMs / 1000,
  p95_seconds: p95Ms / 1000,
  max_seconds: maxMs / 1000,
});

const medium = (of: MediumQuality): Figures => ({
  directions: of.count,
  loss_mean: of.meanLostRate,
  loss_worst: of.worstLostRate,
  kbit_mean: of.meanBitrate,
  kbit_worst: of.worstBitrate,
});

const iso = (at: number): string => new Date(at).toISOString();

function worstFigures(call: WorstCall): Figures {
  return {
    begun_at_utc: iso(call.begunAt),
    sub_session_id: call.subSessionId,
    room_id: call.roomId,
    user_id: call.userId,
    user_name: call.userName,
    remote_user_id: call.remoteUserId,
    remote_user_name: call.remoteUserName,
    seconds: call.durationMs / 1000,
    audio_loss: call.audioLostRate,
    video_loss: call.videoLostRate,
    kbit: call.bitrate,
    fps: call.frameRate,
    connect_type: call.connectType,
  };
}

function failedFigures(pair: FailedPair): Figures {
  return {
    begun_at_utc: iso(pair.begunAt),
    room_id: pair.roomId,
    user_id: pair.userId,
    user_name: pair.userName,
    remote_user_id: pair.remoteUserId,
    remote_user_name: pair.remoteUserName,
    ice_ip: pair.iceIp,
  };
}

/** One figure a line: `section,row,figure,value`; hours, worst calls and failed pairs have a number as row. */
export function reportCsv(statistics: CallStatistics): string {
  const { sessions, pairs, quality, hours, worst, failed } = statistics;
  const { TURN, STUN, Unknown } = pairs.connectTypes;
  const { video } = quality;
  const sections: [section: string, row: Cell, figures: Figures][] = [
    [
      'report',
      '',
      {
        from: statistics.from,
        to: statistics.to,
        time_zone: statistics.timeZone,
        truncated: statistics.truncated ? 'yes' : 'no',
      },
    ],
    [
      'sessions',
      '',
      {
        total: sessions.total,
        running: sessions.running,
        timed_out: sessions.timedOut,
        users: statistics.users,
        rooms: statistics.rooms,
        ...durations(sessions.durations),
      },
    ],
    [
      'pairs',
      '',
      {
        total: pairs.total,
        connected: pairs.connected,
        failed: pairs.failed,
        turn: TURN,
        stun: STUN,
        unknown: Unknown,
        ...durations(pairs.durations),
        cost_cents: pairs.cost,
      },
    ],
    ['audio', '', medium(quality.audio)],
    ['video', '', { ...medium(video), fps_mean: video.meanFrameRate, fps_worst: video.worstFrameRate }],
    ...hours.map((of): [string, Cell, Figures] => [
      'hour',
      of.hour,
      { sessions: of.sessions, talk_seconds: of.talkMs / 1000 },
    ]),
    ...worst.map((call, index): [string, Cell, Figures] => ['worst', index + 1, worstFigures(call)]),
    ...failed.map((pair, index): [string, Cell, Figures] => ['failed', index + 1, failedFigures(pair)]),
  ];
  const rows = sections.flatMap(([section, row, figures]) =>
    Object.entries(figures).map(([figure, value]): Cell[] => [section, row, figure, value]),
  );
  return [['section', 'row', 'figure', 'value'], ...rows]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');
}
