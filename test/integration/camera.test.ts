import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createCamera, type Camera, type CameraOptions } from '../../src/camera/index.ts';
import {
  createPlatform,
  type DeviceStore,
  type MediaTransport,
  type Platform,
  type SsrcLease,
} from '../../src/gb28181/index.ts';
import { createSipEngine } from '../../src/sip/index.ts';
import { memoryReportStores, REPORTS } from '../support/report-stores.ts';
import { silentLogger } from '../../src/util/index.ts';

const SERVER_ID = '34020000002000000001';
const DEVICE_ID = '34020000001320000001';
const CHANNEL_ID = '34020000001310000001';

const open: Array<() => Promise<unknown> | void> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const EMPTY_STORE: DeviceStore = {
  loadDevices: () => [],
  loadChannels: () => [],
  saveDevice: () => undefined,
  deleteDevice: () => undefined,
  saveChannels: () => undefined,
  deleteChannels: () => undefined,
};

async function openPlatform(algorithm: 'MD5' | 'SHA-256' = 'MD5', port = 0): Promise<Platform> {
  const platform = await createPlatform(
    {
      serial: SERVER_ID,
      realm: '3402000000',
      listenAddress: '127.0.0.1',
      port,
      auth: { enable: true, password: 'secret', algorithms: [algorithm] },
      admission: 'open',
      allow: [],
      deny: [],
      registerRatePerMinute: 0,
      dateHeader: true,
      keepaliveTimeoutMinSec: 180,
      defaultTransports: ['tcp-passive', 'udp', 'tcp-active'],
      inviteTimeoutMs: 5_000,
      responseTimeoutMs: 5_000,
      traceEntries: 100,
      traceEntriesPerDevice: 100,
      reports: REPORTS,
    },
    { store: EMPTY_STORE, reportStores: memoryReportStores(), createEngine: createSipEngine, log: silentLogger },
  );
  open.push(() => platform.close());
  return platform;
}

async function openCamera(platform: Platform, options: Partial<CameraOptions> = {}): Promise<Camera> {
  const protocol = options.sipTransport ?? 'udp';
  const port = platform.listening.find((each) => each.protocol === protocol)?.port;
  const camera = await createCamera({
    server: `127.0.0.1:${port}`,
    serverId: SERVER_ID,
    id: DEVICE_ID,
    password: 'secret',
    ...options,
  });
  open.push(() => camera.close());
  return camera;
}

const poll = (check: () => boolean): Promise<void> => expect.poll(check, { timeout: 8_000, interval: 10 }).toBe(true);

describe('registration and catalogue', () => {
  test.each([
    { name: 'MD5 over UDP', algorithm: 'MD5', options: {} },
    { name: 'SHA-256 over TCP', algorithm: 'SHA-256', options: { sipTransport: 'tcp' } },
    {
      name: 'quirk: Content-Length wrong, over UDP',
      algorithm: 'MD5',
      options: { quirks: ['hik-wrong-content-length'] },
    },
    { name: 'quirk: no Expires', algorithm: 'MD5', options: { quirks: ['no-expires'] } },
    { name: 'quirk: names in UTF-8', algorithm: 'MD5', options: { quirks: ['utf8-names'] } },
    { name: 'quirk: another port each time', algorithm: 'MD5', options: { quirks: ['rotate-port'] } },
  ] as const)('$name', async ({ algorithm, options }) => {
    const platform = await openPlatform(algorithm);
    const camera = await openCamera(platform, { channels: 6, name: '北门', ...options });
    await camera.ready();
    await poll(() => platform.channels(DEVICE_ID).length === 6 && platform.device(DEVICE_ID)?.model === 'VR-1');
    expect(platform.device(DEVICE_ID)).toMatchObject({ name: '北门', online: true, gbVersion: '3.0' });
    expect(platform.channels(DEVICE_ID).map(({ id, name }) => [id, name])).toEqual(
      camera.channelIds().map((id, n) => [id, `北门 通道 ${n + 1}`]),
    );
    await camera.close();
    await poll(() => platform.device(DEVICE_ID)?.online === false);
    expect(platform.device(DEVICE_ID)?.offlineReason).toBe('unregistered');
  });

  test('a wrong password is refused and told', async () => {
    const platform = await openPlatform();
    const camera = await openCamera(platform, { password: 'wrong' });
    const [deviceId, reason] = (await once(camera, 'registrationFailed')) as [string, string];
    expect([deviceId, reason, platform.devices().length]).toEqual([DEVICE_ID, 'status 403', 0]);
  });

  test('a platform that restarted without memory has its camera back after the next keepalive', async () => {
    const first = await openPlatform();
    const camera = await openCamera(first, { keepaliveSec: 0.3, answerTimeoutMs: 200 });
    await camera.ready();
    const port = first.listening.find(({ protocol }) => protocol === 'udp')?.port;
    await first.close();
    const second = await openPlatform('MD5', port);
    expect(second.devices()).toEqual([]);
    await poll(() => second.device(DEVICE_ID)?.online === true);
  });
});

interface Receiver {
  readonly port: number;
  bytes: number;
}

async function receiver(transport: MediaTransport): Promise<Receiver> {
  const seen: Receiver = { port: 0, bytes: 0 };
  if (transport === 'udp') {
    const socket = createSocket('udp4', (packet) => (seen.bytes += packet.length));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    open.push(() => void socket.close());
    return Object.assign(seen, { port: socket.address().port });
  }
  const server = createServer((socket) => {
    open.push(() => void socket.destroy());
    socket.on('error', () => undefined).on('data', (bytes) => (seen.bytes += bytes.length));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => void server.close());
  return Object.assign(seen, { port: (server.address() as { port: number }).port });
}

const SSRC: SsrcLease = { value: 200_000_123, text: '0200000123', release: () => undefined };

describe('live sessions', () => {
  const invite = async (platform: Platform, transport: MediaTransport, port: number) =>
    platform.invite({
      deviceId: DEVICE_ID,
      channelId: CHANNEL_ID,
      subStream: 0,
      ssrc: SSRC,
      transport,
      mediaAddress: '127.0.0.1',
      mediaPort: port,
    });

  test.each([
    { quirks: [], transport: 'udp', ssrc: 200_000_123 },
    { quirks: [], transport: 'tcp-passive', ssrc: 200_000_123 },
    { quirks: ['hik-ssrc-rewrite'], transport: 'udp', ssrc: 300_000_123 },
    { quirks: ['no-y'], transport: 'udp', ssrc: undefined },
    { quirks: ['y-zero'], transport: 'tcp-passive', ssrc: undefined },
    { quirks: ['hik-wrong-content-length'], transport: 'udp', ssrc: 200_000_123 },
    { quirks: ['early-connect'], transport: 'tcp-passive', ssrc: 200_000_123 },
    { quirks: ['wrong-setup'], transport: 'tcp-passive', ssrc: 200_000_123 },
  ] as const)('quirk: $quirks over $transport', async ({ quirks, transport, ssrc }) => {
    const platform = await openPlatform();
    const camera = await openCamera(platform, { quirks });
    await camera.ready();
    const seen = await receiver(transport);
    const session = await invite(platform, transport, seen.port);
    expect(session.answer.ssrc).toBe(ssrc);
    expect(session.answer.payloads).toEqual([{ payloadType: 96, encoding: 'PS' }]);
    await poll(() => seen.bytes > 50_000);
    const ended = once(camera, 'sessionEnded');
    await session.bye();
    expect((await ended)[1]).toBe('remote_bye');
  });

  test('the camera hangs up: the platform is told', async () => {
    const platform = await openPlatform();
    const camera = await openCamera(platform);
    await camera.ready();
    const seen = await receiver('udp');
    const session = await invite(platform, 'udp', seen.port);
    await poll(() => camera.sessions.length === 1);
    const ended = once(session, 'ended');
    await camera.hangUp(CHANNEL_ID);
    expect(await ended).toEqual(['device_bye']);
  });

  test('a transport that the camera cannot do is refused with 488', async () => {
    const platform = await openPlatform();
    const camera = await openCamera(platform, { only: ['udp'] });
    await camera.ready();
    await expect(invite(platform, 'tcp-passive', 9_000)).rejects.toMatchObject({ status: 488 });
  });

  test('PTZ and a key frame reach the camera', async () => {
    const platform = await openPlatform();
    const camera = await openCamera(platform);
    await camera.ready();
    const ptz = once(camera, 'ptz');
    await platform.ptz(DEVICE_ID, CHANNEL_ID, { direction: 'right', speed: 200 });
    expect(await ptz).toEqual([CHANNEL_ID, expect.objectContaining({ kind: 'move', pan: 1, panSpeed: 200 })]);
    const key = once(camera, 'keyFrameRequested');
    await platform.requestKeyFrame(DEVICE_ID, CHANNEL_ID);
    expect(await key).toEqual([CHANNEL_ID]);
  });
});
