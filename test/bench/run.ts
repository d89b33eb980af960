// `npm run bench [-- NAME …] [--write]`: measures what docs/performance.md promises, prints JSON, compares with the limits.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCatalog } from './catalog.ts';
import { benchClip } from './clip.ts';
import { measureFirstFrame, measureGlassToGlass } from './first-frame.ts';
import { measureLoad } from './load.ts';
import { measureFanOut, measurePmsPlay, measureSignalling } from './publishing.ts';
import { measurePtz } from './ptz.ts';
import { measureRegistered } from './registered-devices.ts';
import { measureRecordInfo } from './record-info.ts';
import { measureRecording } from './recording.ts';
import { measureRoomBroadcast, measureRooms } from './rooms.ts';
import { measureRtsp } from './rtsp.ts';
import { measureSip } from './sip.ts';
import { measureTree } from './tree.ts';

const DOCUMENT = new URL('../../docs/performance.md', import.meta.url).pathname;

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  /** True where more is better. */
  readonly atLeast?: boolean;
}

type Bench = () => Promise<Figure[]>;

async function sip(): Promise<Figure[]> {
  const { messagesPerCpuSecond, registerRoundsPerCpuSecond, lost } = await measureSip(6);
  return [
    {
      what: 'MESSAGE (keepalive) per CPU second',
      value: messagesPerCpuSecond,
      unit: '/s',
      limit: 10_000,
      atLeast: true,
    },
    {
      what: 'REGISTER + 401 rounds per CPU second',
      value: registerRoundsPerCpuSecond,
      unit: '/s',
      limit: 5_000,
      atLeast: true,
    },
    { what: 'requests without an answer', value: lost, unit: '', limit: 0 },
  ];
}

async function ingest(): Promise<Figure[]> {
  const common = { streams: 50, viewersPerStream: 0, seconds: 12, clip: benchClip() } as const;
  const tcp = await measureLoad({ ...common, transport: 'tcp' });
  const udp = await measureLoad({ ...common, transport: 'udp' });
  return [
    {
      what: '50 streams over TCP, nobody watching: CPU per stream-second',
      value: tcp.cpuMsPerStreamSecond,
      unit: 'ms',
      limit: 4,
    },
    {
      what: '50 streams over UDP, nobody watching: CPU per stream-second',
      value: udp.cpuMsPerStreamSecond,
      unit: 'ms',
      limit: 5,
    },
    { what: 'resident memory per stream, TCP', value: tcp.residentMbPerStream, unit: 'MB', limit: 2 },
    { what: 'resident memory per stream, UDP', value: udp.residentMbPerStream, unit: 'MB', limit: 2 },
    { what: 'RTP packets lost', value: tcp.lostPackets + udp.lostPackets, unit: '', limit: 0 },
  ];
}

async function viewers(): Promise<Figure[]> {
  const common = { transport: 'tcp', seconds: 12, clip: benchClip() } as const;
  const each = await measureLoad({ ...common, streams: 40, viewersPerStream: 1 });
  const fanOut = await measureLoad({ ...common, streams: 1, viewersPerStream: 100 });
  return [
    {
      what: '40 streams with one viewer each: CPU per stream-second',
      value: each.cpuMsPerStreamSecond,
      unit: 'ms',
      limit: 10,
    },
    {
      what: 'one stream to 100 viewers: CPU per viewer-second',
      value: fanOut.cpuMsPerViewerSecond,
      unit: 'ms',
      limit: 3,
    },
    { what: 'Mbit/s that each of the 100 viewers got', value: fanOut.viewerMbit, unit: '', limit: 4, atLeast: true },
  ];
}

async function firstFrame(): Promise<Figure[]> {
  const { firstViewerMs, joinMs } = await measureFirstFrame(20);
  const { latencyMs } = await measureGlassToGlass(200);
  return [
    { what: 'invite to first decoded frame, first viewer, p50', value: firstViewerMs.p50, unit: 'ms', limit: 500 },
    { what: 'invite to first decoded frame, first viewer, p95', value: firstViewerMs.p95, unit: 'ms', limit: 1_000 },
    { what: 'invite to first decoded frame, running stream, p50', value: joinMs.p50, unit: 'ms', limit: 500 },
    { what: 'invite to first decoded frame, running stream, p95', value: joinMs.p95, unit: 'ms', limit: 1_000 },
    { what: 'glass to glass, p50', value: latencyMs.p50, unit: 'ms', limit: 200 },
  ];
}

async function devices(): Promise<Figure[]> {
  const { online, cpuPercent, residentMb } = await measureRegistered(10_000, 20);
  return [
    { what: 'devices online', value: online, unit: '', limit: 10_000, atLeast: true },
    { what: '10,000 devices with 60 s keepalives: share of one core', value: cpuPercent, unit: '%', limit: 15 },
    { what: '10,000 devices: resident memory of all processes', value: residentMb, unit: 'MB', limit: 400 },
  ];
}

async function ptz(): Promise<Figure[]> {
  const { commandsPerSecond, cpuMsPerCommand, p95Ms, failed } = await measurePtz(100, 10);
  return [
    {
      what: 'PTZ commands per second, by REST to 100 cameras',
      value: commandsPerSecond,
      unit: '/s',
      limit: 1_000,
      atLeast: true,
    },
    { what: 'PTZ: CPU per command', value: cpuMsPerCommand, unit: 'ms', limit: 1 },
    { what: "PTZ at 500/s: from the request to the camera's 200, p95", value: p95Ms, unit: 'ms', limit: 50 },
    { what: 'PTZ commands that failed', value: failed, unit: '', limit: 0 },
  ];
}

async function publishing(): Promise<Figure[]> {
  const { gatewayMsPerPlayerSecond, bareMsPerPlayerSecond, received } = await measureFanOut(100, 10);
  const { pairsPerSecond, growthMb, failed } = await measureSignalling(16, 12);
  const play = await measurePmsPlay(20);
  const round = (value: number): number => Math.round(value * 100) / 100;
  return [
    {
      what: '720p publication to 100 players: CPU per player-second over that of mediasoup alone',
      value: round(gatewayMsPerPlayerSecond / bareMsPerPlayerSecond),
      unit: '',
      limit: 1.3,
    },
    {
      what: '720p publication to 100 players: share of the packets that arrived',
      value: round(received * 100),
      unit: '%',
      limit: 99,
      atLeast: true,
    },
    {
      what: 'stream.publish + stream.close per second',
      value: Math.round(pairsPerSecond),
      unit: '/s',
      limit: 500,
      atLeast: true,
    },
    {
      what: 'the same: growth of resident memory over some thousand pairs',
      value: round(growthMb),
      unit: 'MB',
      limit: 10,
    },
    { what: 'the same: failed', value: failed, unit: '', limit: 0 },
    { what: 'stream.play to first decoded frame, p50', value: play.p50, unit: 'ms', limit: 250 },
  ];
}

async function rtsp(): Promise<Figure[]> {
  const round = (value: number): number => Math.round(value * 100) / 100;
  const figures: Figure[] = [];
  for (const source of ['camera', 'publication'] as const) {
    const { cpuMsPerPlayerSecond, mbitPerPlayer, open } = await measureRtsp(source, 50, 10);
    const what = `${source} of 4 Mbit/s to 50 RTSP players over TCP`;
    figures.push(
      { what: `${what}: CPU per player-second`, value: round(cpuMsPerPlayerSecond), unit: 'ms', limit: 2 },
      { what: `${what}: Mbit/s that each got`, value: round(mbitPerPlayer), unit: '', limit: 3.9, atLeast: true },
      { what: `${what}: still connected`, value: open, unit: '', limit: 50, atLeast: true },
    );
  }
  return figures;
}

async function recording(): Promise<Figure[]> {
  const result = await measureRecording(20, 20);
  const round = (value: number): number => Math.round(value * 100) / 100;
  const what = '20 streams of 4 Mbit/s recorded';
  return [
    { what: `${what}: CPU per stream-second, over ingest`, value: round(result.recordingMs), unit: 'ms', limit: 6 },
    {
      what: `${what}: CPU per stream-second with ingest (${round(result.ingestMs)} ms without recording)`,
      value: round(result.ingestMs + result.recordingMs),
      unit: 'ms',
      limit: 12,
    },
    { what: `${what}: packets lost`, value: result.packetsLost, unit: '', limit: 0 },
    { what: `${what}: pictures that are not in the files`, value: result.picturesMissing, unit: '', limit: 0 },
    { what: `${what}: Mbit/s in each file`, value: round(result.mbitPerStream), unit: '', limit: 3.9, atLeast: true },
  ];
}

async function rooms(): Promise<Figure[]> {
  const round = (value: number): number => Math.round(value * 10) / 10;
  const figures: Figure[] = [];
  for (const protocol of ['call', 'meeting'] as const) {
    const result = await measureRooms(protocol, { rooms: 1000, members: 4, seconds: 10 });
    const what = `${protocol}, 1,000 rooms of 4`;
    figures.push(
      { what: `${what}: all have joined after`, value: round(result.joinSeconds), unit: 's', limit: 20 },
      { what: `${what}: CPU of that`, value: round(result.joinCpuSeconds), unit: 's', limit: 20 },
      { what: `${what}: resident memory of all processes`, value: round(result.residentMb), unit: 'MB', limit: 300 },
      {
        what: `${what}: messages relayed per CPU second`,
        value: Math.round(result.relayedPerCpuSecond),
        unit: '/s',
        limit: 20_000,
        atLeast: true,
      },
      { what: `${what}: delay at 5,000 messages/s, p99`, value: result.latencyMs.p99, unit: 'ms', limit: 20 },
      {
        what: `${what}: share of them that arrived`,
        value: round(result.arrived * 100),
        unit: '%',
        limit: 99,
        atLeast: true,
      },
    );
  }
  const { p50 } = await measureRoomBroadcast(500);
  figures.push({
    what: 'broadcast in a meeting of 500: until the last one has it, p50',
    value: p50,
    unit: 'ms',
    limit: 10,
  });
  return figures;
}

async function recordInfo(): Promise<Figure[]> {
  const { cpuSeconds, items, segments } = await measureRecordInfo(5000);
  const what = 'RecordInfo of a day, 5,000 files in 1,250 messages';
  return [
    { what: `${what}: CPU`, value: Math.round(cpuSeconds * 1000) / 1000, unit: 's', limit: 2 },
    { what: `${what}: files listed`, value: items, unit: '', limit: 5000, atLeast: true },
    { what: `${what}: stretches on the timeline`, value: segments, unit: '', limit: 1 },
  ];
}

async function catalog(): Promise<Figure[]> {
  const round = (value: number): number => Math.round(value * 10) / 10;
  const figures: Figure[] = [];
  for (const [batch, transport] of [[1, 'udp'] as const, [50, 'tcp'] as const]) {
    const { seconds, inTree, stored, blockedMs } = await measureCatalog(10_000, batch, transport);
    const what = `catalogue of 10,000 channels, ${batch} per MESSAGE over ${transport.toUpperCase()}`;
    figures.push(
      { what: `${what}: stored and in the tree after`, value: round(seconds), unit: 's', limit: 20 },
      { what: `${what}: channels there`, value: Math.min(inTree, stored), unit: '', limit: 10_000, atLeast: true },
      { what: `${what}: main thread blocked at most`, value: round(blockedMs), unit: 'ms', limit: 50 },
    );
  }
  return figures;
}

async function tree(): Promise<Figure[]> {
  const { openSeconds, frameMs, emptyFrames, mostRows, inputMs } = await measureTree(10_000);
  const what = "the console's tree of 10,000 channels";
  return [
    { what: `${what}: there after`, value: Math.round(openSeconds * 10) / 10, unit: 's', limit: 5 },
    { what: `${what}: from frame to frame while it scrolls, p99`, value: frameMs.p99, unit: 'ms', limit: 34 },
    { what: `${what}: frames without a row`, value: emptyFrames, unit: '', limit: 0 },
    { what: `${what}: rows in the document at most`, value: mostRows, unit: '', limit: 100 },
    { what: `${what}: from a key or click to the picture, longest`, value: inputMs.max, unit: 'ms', limit: 100 },
  ];
}

const BENCHES: Readonly<Record<string, Bench>> = {
  sip,
  ingest,
  viewers,
  'first-frame': firstFrame,
  devices,
  ptz,
  publishing,
  rtsp,
  recording,
  rooms,
  'record-info': recordInfo,
  catalog,
  tree,
};

const holds = ({ value, limit, atLeast }: Figure): boolean => (atLeast === true ? value >= limit : value <= limit);

function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const sign = figure.atLeast === true ? '≥' : '≤';
    const value = figure.value.toLocaleString('en');
    return `| ${figure.what} | ${value} ${figure.unit} | ${sign} ${figure.limit.toLocaleString('en')} | ${holds(figure) ? 'yes' : '**no**'} |`;
  });
  return ['| what | measured | limit | holds |', '| --- | --- | --- | --- |', ...rows]
    .join('\n')
    .replaceAll('  |', ' |');
}

function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB, Node ${process.version}`;
}

/** Puts the figures between the two marks of the document. */
function writeDocument(text: string): void {
  const document = readFileSync(DOCUMENT, 'utf8');
  writeFileSync(DOCUMENT, document.replace(/(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/, `$1\n${text}\n\n$2`));
  execFileSync('oxfmt', [DOCUMENT]);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const all: Figure[] = [];
for (const name of wanted) {
  const bench = BENCHES[name];
  if (!bench) throw new Error(`no bench is called ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.stderr.write(`${name} …\n`);
  const figures = await bench();
  all.push(...figures);
  console.log(JSON.stringify({ bench: name, figures: figures.map((figure) => ({ ...figure, holds: holds(figure) })) }));
}
console.log(`\n${table(all)}\n\n${machine()}`);
if (values.write) writeDocument(`${machine()}.\n\n${table(all)}`);
process.exitCode = all.every(holds) ? 0 : 1;
