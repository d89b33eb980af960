// What recording costs on top of ingest, and whether all that comes is in the files.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { probeFile } from '../support/media-file.ts';
import { treeCpuMs } from '../support/process-tree.ts';
import { benchClip } from './clip.ts';
import { ended } from './child.ts';
import { openPlays, startCameras, waitOnline } from './load.ts';

const PICTURE_MS = 40;

export interface RecordingResult {
  /** CPU of all processes of the gateway for each second of a stream, milliseconds. */
  readonly ingestMs: number;
  /** The same, for recording alone. */
  readonly recordingMs: number;
  readonly packetsLost: number;
  /** Pictures that the time of the files has and the files have not. */
  readonly picturesMissing: number;
  readonly mbitPerStream: number;
}

interface RecordingItem {
  readonly id: string;
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsLost: number;
  readonly files: ReadonlyArray<{ readonly fileName: string }>;
}

async function cpuMsPerSecond(gateway: GatewayProcess, seconds: number): Promise<number> {
  const before = { cpu: treeCpuMs(gateway.pid), at: performance.now() };
  await delay(seconds * 1000);
  return (treeCpuMs(gateway.pid) - before.cpu) / ((performance.now() - before.at) / 1000);
}

/** Measures so many seconds of ingest, then as many with all streams being recorded. */
export async function measureRecording(streams: number, seconds: number): Promise<RecordingResult> {
  const gateway = await startGatewayProcess({ config: { stream: { 'idle-timeout': '1h' } } });
  const cameras = startCameras(gateway, { transport: 'tcp', streams, clip: benchClip() });
  try {
    await waitOnline(gateway, streams);
    const names = await openPlays(gateway, streams);
    // Longer than an ingest without outputs keeps whole access units up.
    await delay(6000);
    const ingest = await cpuMsPerSecond(gateway, seconds);
    const begun = await Promise.all(
      names.map((stream) => gateway.json<RecordingItem>('POST', '/api/v1/recordings', { stream })),
    );
    await delay(2000);
    const recording = await cpuMsPerSecond(gateway, seconds);
    const items = await Promise.all(
      begun.map(({ id }) => gateway.json<RecordingItem>('POST', `/api/v1/recordings/${id}/stop`)),
    );
    const durationMs = items.reduce((sum, item) => sum + item.durationMs, 0);
    let picturesMissing = 0;
    for (const { fileName } of items.flatMap(({ files }) => files)) {
      const { durationMs: fileMs, packets } = await probeFile(join(gateway.dataDir, 'record', fileName));
      // Half a picture of the duration may be rounded.
      picturesMissing += Math.max(0, Math.floor(fileMs / PICTURE_MS + 0.25) - (packets['h264'] ?? 0));
    }
    return {
      ingestMs: ingest / streams,
      recordingMs: (recording - ingest) / streams,
      packetsLost: items.reduce((sum, item) => sum + item.packetsLost, 0),
      picturesMissing,
      mbitPerStream: (items.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / durationMs / 1000,
    };
  } finally {
    await ended(cameras);
    await gateway.stop();
  }
}
