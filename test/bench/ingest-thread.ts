import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createMediaThreads } from '../../src/media/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import type { SenderOrder } from './ingest-sender.ts';

/*
 * CPU and memory of the media threads for streams of 4 Mbit/s, 25 frames a second, sent by a child process.
 *   node test/bench/ingest-thread.ts --transport tcp|udp --streams 50 --seconds 10 [--watched]
 * `--watched` feeds each stream to a UDP socket of the child.
 */
const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'tcp' },
    streams: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    threads: { type: 'string', default: '1' },
    watched: { type: 'boolean', default: false },
  },
});
const transport = values.transport === 'udp' ? 'udp' : 'tcp';
const streams = Number(values.streams);
const seconds = Number(values.seconds);
const SSRC = 200_000_001;
/** Longer than an ingest without outputs keeps whole access units up. */
const WARM_UP_MS = 6000;

const threads = await createMediaThreads(
  {
    threads: Number(values.threads),
    listenAddress: '127.0.0.1',
    portMin: 36_000,
    portMax: 36_000 + 4 * streams + 400,
    quarantineMs: 0,
    mode: 'ports',
    singlePort: 0,
    reorderMs: 50,
    receiveBufferBytes: 4_194_304,
  },
  silentLogger,
);
await sleep(500);
const rssBefore = process.memoryUsage.rss();
const ingests = await Promise.all(
  Array.from({ length: streams }, (_, index) =>
    threads.openIngest({
      id: String(index),
      transport: transport === 'udp' ? 'udp' : 'tcp-passive',
      ssrc: SSRC,
      ssrcCheck: 'strict',
    }),
  ),
);
const child = fork(new URL('ingest-sender.ts', import.meta.url));
const [drainPort] = (await once(child, 'message')) as [number];
for (const ingest of ingests) {
  ingest.setAnswer({ ssrc: SSRC, payloads: [{ payloadType: 96, encoding: 'PS' }] });
  if (values.watched) ingest.addOutput({ address: '127.0.0.1', port: drainPort, audioCodec: 'pcma' });
}
const order: SenderOrder = { transport, ports: ingests.map((ingest) => ingest.localPort), ssrc: SSRC };
child.send(order);
await sleep(WARM_UP_MS);
const packetsBefore = ingests.reduce((sum, ingest) => sum + ingest.stats.packets, 0);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await sleep(seconds * 1000);
const cpu = process.cpuUsage(cpuBefore);
const elapsedSec = (performance.now() - startedAt) / 1000;
const rssAfter = process.memoryUsage.rss();
await sleep(1100);
const stats = ingests.map((ingest) => ingest.stats);
const sum = (pick: (entry: (typeof stats)[number]) => number): number =>
  stats.reduce((total, entry) => total + pick(entry), 0);
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const cpuMs = (cpu.user + cpu.system) / 1000;
process.stdout.write(
  `${JSON.stringify({
    bench: 'ingest-thread',
    transport,
    streams,
    seconds: round(elapsedSec),
    watched: values.watched,
    cpuMsPerStreamSecond: round(cpuMs / streams / elapsedSec, 3),
    userMsPerStreamSecond: round(cpu.user / 1000 / streams / elapsedSec, 3),
    packetsPerSecond: round((sum((entry) => entry.packets) - packetsBefore) / (elapsedSec + 1), 0),
    mbitPerStream: round(sum((entry) => entry.bitrateBps) / streams / 1e6),
    fpsPerStream: round(sum((entry) => entry.fps) / streams, 1),
    lost: sum((entry) => entry.lost),
    droppedFrames: sum((entry) => entry.droppedFrames),
    rssMbPerStream: round((rssAfter - rssBefore) / 1_048_576 / streams, 3),
    rssMb: round(rssAfter / 1_048_576, 0),
  })}\n`,
);
child.disconnect();
await threads.close();
