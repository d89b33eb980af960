import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { createCamera, type Camera, type CameraOptions } from '../../src/camera/index.ts';
import {
  createPlatform,
  type Alarm,
  type Platform,
  type Position,
  type SubscriptionKind,
  type SubscriptionView,
  type TraceEntry,
} from '../../src/gb28181/index.ts';
import { OPTIONS, MemoryStore } from '../../src/gb28181/testing/harness.ts';
import { createSipEngine } from '../../src/sip/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { memoryReportStores, REPORTS } from '../support/report-stores.ts';

const DEVICE = '34020000001180000001';
const ALL = { catalog: true, alarm: true, mobilePosition: true, ptzPosition: true };

const open: Array<() => Promise<unknown> | void> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function openPlatform(wanted = ALL, store = new MemoryStore(), port = 0): Promise<Platform> {
  const subscriptions = { wanted, expiresSec: 8, positionIntervalSec: 1 };
  const platform = await createPlatform(
    { ...OPTIONS, port, reports: { ...REPORTS, subscriptions } },
    { store, reportStores: memoryReportStores(), createEngine: createSipEngine, log: silentLogger },
  );
  open.push(() => platform.close());
  return platform;
}

async function openCamera(platform: Platform, options: Partial<CameraOptions> = {}): Promise<Camera> {
  const protocol = options.sipTransport ?? 'udp';
  const port = platform.listening.find((each) => each.protocol === protocol)?.port;
  const camera = await createCamera({
    server: `127.0.0.1:${port}`,
    serverId: platform.serial,
    id: DEVICE,
    password: OPTIONS.auth.password,
    localAddress: '127.0.0.2',
    channels: 2,
    place: { longitude: 118.38, latitude: 31.33 },
    moving: true,
    ...options,
  });
  open.push(() => camera.powerOff());
  await camera.ready();
  return camera;
}

const view = (platform: Platform, kind: SubscriptionKind): SubscriptionView | undefined =>
  platform.reports.subscriptions(DEVICE).find((each) => each.kind === kind);
const active = (platform: Platform): Promise<void> =>
  expect
    .poll(() => platform.reports.subscriptions(DEVICE).map(({ state }) => state), { timeout: 8_000 })
    .toEqual(['active', 'active', 'active', 'active']);

test.each(['udp', 'tcp'] as const)('all four subscriptions and what they bring, over %s', async (sipTransport) => {
  const platform = await openPlatform();
  const alarms: Alarm[] = [];
  const positions: Position[] = [];
  const pans: unknown[] = [];
  platform.reports.alarms.on('alarm', (alarm) => alarms.push(alarm));
  platform.reports.positions.on('positions', (more) => positions.push(...more));
  platform.on('ptzPosition', (position) => pans.push(position.pan));
  const camera = await openCamera(platform, { sipTransport });
  const [first = '', second = ''] = camera.channelIds();
  await expect.poll(() => platform.channels(DEVICE).length, { timeout: 8_000 }).toBe(2);
  await active(platform);

  await camera.setChannel(second, 'OFF');
  await expect.poll(() => platform.channel(DEVICE, second)?.status).toBe('OFF');
  await camera.setChannel(second, 'ON');
  await expect.poll(() => platform.channel(DEVICE, second)?.status).toBe('ON');

  await camera.alarm(first, { priority: 1, description: '越界' });
  await expect.poll(() => alarms).toMatchObject([{ channelId: first, priority: 1, method: 5, description: '越界' }]);

  await expect
    .poll(() => new Set(positions.map(({ longitude }) => longitude)).size, { timeout: 8_000 })
    .toBeGreaterThan(2);
  const track = platform.reports.positions.track(
    { deviceId: DEVICE, channelId: first },
    { from: 0, to: Date.now() + 60_000, limit: 100 },
  );
  expect(track.length).toBeGreaterThan(1);
  expect(track.every(({ latitude }) => Math.abs(latitude - 31.33) < 0.01)).toBe(true);

  await platform.ptz(DEVICE, first, { direction: 'right', speed: 10 });
  await expect.poll(() => pans).toContain(5);

  // Eight seconds each: refreshed in the dialog by now.
  await expect.poll(() => platform.reports.counters.subscriptions.refreshed, { timeout: 14_000 }).toBeGreaterThan(3);
  expect(platform.reports.counters.subscriptions).toMatchObject({ active: 4, failed: 0 });

  const ended = once(camera, 'subscribed');
  await platform.close();
  expect((await ended)[2]).toBe(false);
});

test('alarms of a device that is not subscribed to come by MESSAGE, and are answered', async () => {
  const platform = await openPlatform({ ...ALL, alarm: false });
  const camera = await openCamera(platform);
  const [channelId = ''] = camera.channelIds();
  const alarm = once(platform.reports.alarms, 'alarm') as Promise<[Alarm]>;
  await camera.alarm(channelId);
  expect((await alarm)[0]).toMatchObject({ channelId, description: '移动侦测' });
  const isAnswer = ({ direction, text }: TraceEntry): boolean =>
    direction === 'out' && text.includes('<Response>') && text.includes('<CmdType>Alarm</CmdType>');
  await expect.poll(() => platform.trace({ deviceId: DEVICE }).some(isAnswer)).toBe(true);
});

test('our restart: a new platform subscribes to the device that goes on with its keepalives', async () => {
  const store = new MemoryStore();
  const first = await openPlatform({ ...ALL, ptzPosition: false }, store);
  const port = first.listening[0]?.port ?? 0;
  const camera = await openCamera(first, { keepaliveSec: 1 });
  await expect.poll(() => view(first, 'alarm')?.state, { timeout: 8_000 }).toBe('active');
  await first.close();
  const second = await openPlatform(ALL, store, port);
  await active(second);
  expect(camera.registered).toBe(1);
}, 30_000);
test('a device that restarts is subscribed to again', async () => {
  const platform = await openPlatform();
  const camera = await openCamera(platform);
  await active(platform);
  const { sipPort } = camera;
  await camera.powerOff();
  const again = await openCamera(platform, { localPort: sipPort });
  const restartedAt = Date.now();
  // It knows nothing of before: only a new subscription lets it tell where it is.
  const lastNotifyAt = (): number => view(platform, 'mobilePosition')?.lastNotifyAt ?? 0;
  await expect.poll(lastNotifyAt, { timeout: 20_000 }).toBeGreaterThan(restartedAt + 500);
  expect(again.registered).toBe(1);
});
