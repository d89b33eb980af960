import { expect, test } from 'vitest';
import type { Camera } from '../../src/camera/index.ts';
import type { PlaybackSnapshot } from '../../src/stream/index.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { Scene, channelsKnown, eventually } from '../support/scene.ts';

const HOUR_MS = 3_600_000;
/** The virtual camera has not recorded the hour from 3 o'clock of a day in Beijing; this is yesterday's. */
const GAP_FROM = (Math.floor((Date.now() + 8 * HOUR_MS) / (24 * HOUR_MS)) - 1) * 24 * HOUR_MS - 5 * HOUR_MS;
const GAP_TO = GAP_FROM + HOUR_MS;
/** Ten seconds before it, twenty behind it. */
const [FROM, TO] = [GAP_FROM - 10_000, GAP_TO + 20_000];

interface Opened {
  readonly gateway: GatewayProcess;
  readonly camera: Camera;
  readonly channel: { readonly deviceId: string; readonly channelId: string };
}

async function open(scene: Scene, quirks: readonly string[] = []): Promise<Opened> {
  const media = { listen: '127.0.0.1', address: '127.0.0.1', 'silence-timeout': '1s' };
  const gateway = await scene.gateway({ config: { media } });
  const camera = await scene.camera(gateway, { quirks: [...quirks] });
  await channelsKnown(gateway, 1);
  const channel = { deviceId: camera.deviceIds[0] ?? '', channelId: camera.channelIds()[0] ?? '' };
  return { gateway, camera, channel };
}

test('a playback over a gap tells when its pictures were recorded, and so does an order to turn round', async () => {
  await using scene = new Scene();
  const { gateway, camera, channel } = await open(scene);
  const npts: unknown[] = [];
  camera.on('controlled', (_session, { range }) => npts.push(range?.from));
  // As the console does, and whoever wants to know what there is to play.
  const { deviceId, channelId } = channel;
  await gateway.json('GET', `/api/v1/devices/${deviceId}/channels/${channelId}/records?from=${FROM}&to=${TO}`);
  const from = GAP_FROM - 4000;
  const { id } = await gateway.json<PlaybackSnapshot>('POST', '/api/v1/playbacks', { ...channel, from, to: TO });
  const seen: number[] = [];
  await eventually('a position behind the gap', async () => {
    const { positionMs } = await gateway.json<PlaybackSnapshot>('GET', `/api/v1/playbacks/${id}`);
    seen.push(positionMs);
    return positionMs > GAP_TO + 2000 ? true : undefined;
  });
  expect(seen.filter((at) => at > GAP_FROM && at < GAP_TO)).toEqual([]);
  expect(seen.filter((at) => at <= GAP_FROM).length).toBeGreaterThan(0);
  await gateway.json('PATCH', `/api/v1/playbacks/${id}`, { speed: -1 });
  expect(npts).toHaveLength(1);
  const turnedAt = from + Number(npts[0]) * 1000;
  expect(turnedAt).toBeGreaterThan(GAP_TO + 1000);
  expect(turnedAt).toBeLessThan(TO);
});

test('a recorded sub-stream is listed, and played as the device is asked for it', async () => {
  await using scene = new Scene();
  const { gateway, channel } = await open(scene);
  const { deviceId, channelId } = channel;
  const settings = await gateway.json<object>('GET', `/api/v1/devices/${deviceId}/settings`);
  expect(settings).toMatchObject({ effective: { subStreamDialect: 'streamnumber' } });
  // What there is to compare with.
  await gateway.json('POST', '/api/v1/plays', channel);
  const query = `from=${GAP_TO}&to=${TO}`;
  const { items } = await gateway.json<{ items: { streamNumber: number }[] }>(
    'GET',
    `/api/v1/devices/${deviceId}/channels/${channelId}/records?${query}&streamNumber=1`,
  );
  expect(items.map(({ streamNumber }) => streamNumber)).toEqual([1]);
  const asked = { ...channel, from: GAP_TO, to: TO, subStream: 1 };
  const { stream, playId } = await gateway.json<PlaybackSnapshot>('POST', '/api/v1/playbacks', asked);
  expect(await gateway.json('GET', `/api/v1/live-streams/${stream}`)).toMatchObject({
    subStream: 1,
    video: { width: 640, height: 360 },
  });
  const { timeline } = await gateway.json<{ timeline: { stage: string; detail?: string }[] }>(
    'GET',
    `/api/v1/plays/${playId}`,
  );
  expect(timeline.find(({ stage }) => stage === 'sub_stream')?.detail).toBe(
    '640x360, asked for by a=streamnumber:1; the main stream has 1280x720',
  );
});

test('a download over a gap, of a device that never says that it is at its end, is one file and complete', async () => {
  await using scene = new Scene();
  const { gateway, channel } = await open(scene, ['no-media-status']);
  interface Download {
    readonly id: string;
    readonly state: string;
    readonly durationMs: number;
  }
  const asked = { ...channel, from: FROM, to: TO, speed: 8 };
  const { id } = await gateway.json<Download>('POST', '/api/v1/downloads', asked);
  const ended = await eventually('the end of the download', async () => {
    const now = await gateway.json<Download>('GET', `/api/v1/downloads/${id}`);
    return now.state === 'running' ? undefined : now;
  });
  expect(ended).toMatchObject({
    state: 'complete',
    end: 'finished',
    resumes: 0,
    expectedMs: 30_000,
    files: { length: 1 },
  });
  expect(Math.abs(ended.durationMs - 30_000)).toBeLessThan(4000);
});
