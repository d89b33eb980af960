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
import { createSipEngine, type SipEngine } from '../../src/sip/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { memoryReportStores, REPORTS } from '../support/report-stores.ts';

const DEVICE = '34020000001180000001';
const ALL = { catalog: true, alarm: true, mobilePosition: true, ptzPosition: true };

const open: Array<() => Promise<unknown> | void> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Of the platform that was opened last: to close it is a crash, after which nothing more is said. */
let engine: SipEngine | undefined;

async function openPlatform(
  wanted = ALL,
  { store = new MemoryStore(), port = 0, expiresSec = 8 } = {},
): Promise<Platform> {
  const subscriptions = { wanted, expiresSec, positionIntervalSec: 1 };
  const platform = await createPlatform(
    { ...OPTIONS, port, reports: { ...REPORTS, subscriptions } },
    {
      store,
      reportStores: memoryReportStores(),
      createEngine: async (options) => {
        engine = await createSipEngine(options);
        return engine;
      },
      log: silentLogger,
    },
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
  const first = await openPlatform({ ...ALL, ptzPosition: false }, { store });
  const port = first.listening[0]?.port ?? 0;
  const camera = await openCamera(first, { keepaliveSec: 1 });
  await expect.poll(() => view(first, 'alarm')?.state, { timeout: 8_000 }).toBe('active');
  await first.close();
  const second = await openPlatform(ALL, { store, port });
  await active(second);
  expect(camera.registered).toBe(1);
}, 30_000);

/** The SUBSCRIBEs to alarms that were sent, oldest first. */
const subscribes = (platform: Platform): string[] =>
  platform
    .trace({ deviceId: DEVICE })
    .filter(({ direction, text }) => direction === 'out' && text.startsWith('SUBSCRIBE') && text.includes('>Alarm<'))
    .map(({ text }) => text);
const field = (text: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';

test('a refresh is in the dialog: same Call-ID and tags, rising CSeq, one subscription at the device', async () => {
  const alarmOnly = { ...ALL, catalog: false, mobilePosition: false, ptzPosition: false };
  const platform = await openPlatform(alarmOnly, { expiresSec: 6 });
  const camera = await openCamera(platform);
  const told: boolean[] = [];
  camera.on('subscribed', (_id, _kind, on) => told.push(on));
  await expect.poll(() => subscribes(platform).length, { timeout: 15_000 }).toBeGreaterThan(2);
  await expect.poll(() => platform.reports.counters.subscriptions.refreshed).toBeGreaterThan(1);
  const [first = '', second = '', third = ''] = subscribes(platform);
  const of = (name: string): string[] => [first, second, third].map((text) => field(text, name));
  expect(new Set(of('Call-ID')).size).toBe(1);
  expect(new Set(of('From')).size).toBe(1);
  expect(of('To').map((to) => to.includes(';tag='))).toEqual([false, true, true]);
  expect(field(second, 'To')).toBe(field(third, 'To'));
  const [cseq = 0, ...later] = of('CSeq').map((each) => Number.parseInt(each, 10));
  expect(later).toEqual([cseq + 1, cseq + 2]);
  await camera.alarm(camera.channelIds()[0] ?? '');
  await expect.poll(() => platform.reports.alarms.counters).toMatchObject({ received: 1, repeated: 0 });
  expect(told).toEqual([true]);
  expect(platform.reports.counters.subscriptions).toMatchObject({ active: 1, subscribed: 1, failed: 0 });
}, 30_000);

test('a crash of ours: the dialog of before is ended by 481, and no alarm comes twice', async () => {
  const store = new MemoryStore();
  const options = { store, expiresSec: 600 };
  const alarmOnly = { ...ALL, catalog: false, mobilePosition: false, ptzPosition: false };
  const first = await openPlatform(alarmOnly, options);
  const port = first.listening[0]?.port ?? 0;
  const camera = await openCamera(first, { keepaliveSec: 1 });
  const [channelId = ''] = camera.channelIds();
  await expect.poll(() => view(first, 'alarm')?.notifies, { timeout: 8_000 }).toBe(1);
  await engine?.close();
  const second = await openPlatform(alarmOnly, { ...options, port });
  await expect.poll(() => view(second, 'alarm')?.notifies, { timeout: 12_000 }).toBe(1);
  await camera.alarm(channelId, { description: '第一' });
  await camera.alarm(channelId, { description: '第二' });
  const { items } = second.reports.alarms.list({}, { page: 1, limit: 10 });
  expect(items.map(({ description }) => description)).toEqual(['第二', '第一']);
  expect(second.reports.alarms.counters).toMatchObject({ received: 2, repeated: 0 });
  // Two dialogs told of the first alarm, one of the second.
  expect(second.reports.counters.subscriptions).toMatchObject({ notifies: 4, superseded: 1 });
}, 40_000);

test('a reboot of the device: it answers the refresh with 481, and is subscribed to anew', async () => {
  const alarmOnly = { ...ALL, catalog: false, mobilePosition: false, ptzPosition: false };
  const platform = await openPlatform(alarmOnly, { expiresSec: 600 });
  await openCamera(platform);
  await expect.poll(() => view(platform, 'alarm')?.state, { timeout: 8_000 }).toBe('active');
  await platform.controls.run({ deviceId: DEVICE, channelId: DEVICE }, { kind: 'reboot' });
  await expect.poll(() => subscribes(platform).length, { timeout: 12_000 }).toBe(3);
  const [, refresh = '', anew = ''] = subscribes(platform);
  const answers = platform.trace({ deviceId: DEVICE }).filter(({ text }) => text.startsWith('SIP/2.0'));
  const statusOf = (request: string): string[] =>
    answers
      .filter(({ text }) => ['Call-ID', 'CSeq'].every((name) => field(text, name) === field(request, name)))
      .map(({ text }) => text.split(' ')[1] ?? '');
  await expect.poll(() => view(platform, 'alarm')?.state).toBe('active');
  expect(statusOf(refresh)).toEqual(['481']);
  expect(field(anew, 'Call-ID')).not.toBe(field(refresh, 'Call-ID'));
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
