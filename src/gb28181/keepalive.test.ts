import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeFlow } from './testing/fake-engine.ts';
import {
  CAMERA_ID,
  DEVICE_ID,
  MemoryStore,
  openHarness,
  settle,
  type Harness,
  type HarnessOptions,
} from './testing/harness.ts';
import { configDownloadResponse, formatManscdp } from './index.ts';

let open: Harness[] = [];
async function start(options?: HarnessOptions): Promise<Harness> {
  const harness = await openHarness(options);
  open.push(harness);
  return harness;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) });
});
afterEach(async () => {
  for (const harness of open) await harness.platform.close();
  open = [];
  vi.useRealTimers();
});

const tcp = (remotePort: number) => fakeFlow('127.0.0.2', { protocol: 'tcp', remotePort });

describe('online state', () => {
  test('offline after 180 s of silence, with the reason', async () => {
    const harness = await start();
    harness.camera().register();
    vi.advanceTimersByTime(178_000);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
    vi.advanceTimersByTime(3_000);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'keepalive_timeout' });
    expect(harness.events).toEqual([`online ${DEVICE_ID}`, `offline ${DEVICE_ID} keepalive_timeout`]);
  });

  test('keepalives hold it, are counted, and are not written each', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register({ expires: 86_400 });
    const saves = harness.store.saves;
    for (let round = 0; round < 60; round += 1) {
      vi.advanceTimersByTime(60_000);
      expect(camera.keepalive().status).toBe(200);
    }
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({
      online: true,
      keepaliveCount: 60,
      lastSeenAt: Date.now(),
    });
    expect(harness.store.saves).toBe(saves);
  });

  test.each([
    { name: 'RTP, told by touch', act: (harness: Harness) => harness.platform.touch(DEVICE_ID) },
    { name: 'OPTIONS', act: (harness: Harness) => harness.camera().send({ method: 'OPTIONS' }) },
    {
      name: 'any MESSAGE',
      act: (harness: Harness) => harness.camera().message({ root: 'Notify', cmdType: 'Alarm', sn: 1 }),
    },
    { name: 'a body that cannot be read', act: (harness: Harness) => harness.camera().raw('garbage') },
    { name: 'an INFO', act: (harness: Harness) => harness.camera().send({ method: 'INFO' }) },
  ])('any sign of life counts: $name', async ({ act }) => {
    const harness = await start();
    harness.camera().register();
    for (let round = 0; round < 4; round += 1) {
      vi.advanceTimersByTime(120_000);
      act(harness);
    }
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
  });

  test('a touch does not make an unknown or offline device online', async () => {
    const harness = await start();
    harness.camera().register({ expires: 30 });
    vi.advanceTimersByTime(60_000);
    harness.platform.touch(DEVICE_ID);
    harness.platform.touch('nobody');
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(false);
  });

  test('quirk: a keepalive revives a device that was only silent', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    vi.advanceTimersByTime(400_000);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(false);
    expect(camera.keepalive().status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
    expect(harness.platform.device(DEVICE_ID)?.offlineReason).toBeUndefined();
  });

  test('after the registration ran out a keepalive gets 403, and the device is offline as expired', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register({ expires: 120 });
    vi.advanceTimersByTime(100_000);
    expect(camera.keepalive().status).toBe(200);
    vi.advanceTimersByTime(60_000);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'expired' });
    expect(camera.keepalive().status).toBe(403);
    expect(camera.register().status).toBe(200);
    expect(camera.keepalive().status).toBe(200);
  });

  test('a registration that is renewed for a shorter time ends earlier', async () => {
    const harness = await start({ keepaliveTimeoutMinSec: 86_400 });
    const camera = harness.camera();
    camera.register({ expires: 86_400 });
    camera.register({ expires: 60 });
    vi.advanceTimersByTime(75_000);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'expired' });
  });

  test('quirk: the keepalive of an unknown device gets 404, so that it registers', async () => {
    const harness = await start();
    expect(harness.camera().keepalive().status).toBe(404);
    expect(harness.platform.devices()).toEqual([]);
  });

  test('quirk: the port follows the source of the last message', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    camera.flow = fakeFlow(camera.flow.remoteAddress, { remotePort: 9 });
    expect(camera.keepalive().status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ sourceAddress: '127.0.0.2', sourcePort: 9 });
    harness.engine.sent.length = 0;
    await harness.platform.requestKeyFrame(DEVICE_ID, CAMERA_ID);
    expect(harness.engine.sent[0]?.target).toBe(camera.flow);
  });

  test.each([
    { name: 'a keepalive', send: (camera: ReturnType<Harness['camera']>) => camera.keepalive().status, status: 403 },
    {
      name: 'another MESSAGE',
      send: (camera: ReturnType<Harness['camera']>) =>
        camera.message({ root: 'Notify', cmdType: 'Alarm', sn: 1 }).status,
      status: 403,
    },
    {
      name: 'OPTIONS',
      send: (camera: ReturnType<Harness['camera']>) => camera.send({ method: 'OPTIONS' }).status,
      status: 200,
    },
  ])(
    'quirk: $name from another address, without digest, moves nothing until the device registers there',
    async ({ send, status }) => {
      const harness = await start();
      const camera = harness.camera();
      camera.register();
      const { lastSeenAt } = harness.platform.device(DEVICE_ID)!;
      vi.advanceTimersByTime(1_000);
      camera.flow = fakeFlow('127.0.0.99', { remotePort: 9 });
      expect(send(camera)).toBe(status);
      expect(harness.platform.device(DEVICE_ID)).toMatchObject({
        sourceAddress: '127.0.0.2',
        lastSeenAt,
        online: true,
      });
      expect(camera.register().status).toBe(200);
      expect(camera.keepalive().status).toBe(200);
      expect(harness.platform.device(DEVICE_ID)).toMatchObject({ sourceAddress: '127.0.0.99', sourcePort: 9 });
    },
  );

  test('a lost TCP connection takes it offline until it registers again', async () => {
    const harness = await start();
    const camera = harness.camera(DEVICE_ID, tcp(1));
    camera.register();
    harness.engine.options.onFlowClosed?.(camera.flow);
    harness.engine.options.onFlowClosed?.(camera.flow);
    expect(harness.events.slice(1)).toEqual([`offline ${DEVICE_ID} tcp_closed`]);
    camera.flow = tcp(2);
    expect(camera.keepalive().status).toBe(403);
    expect(camera.register().status).toBe(200);
    harness.engine.options.onFlowClosed?.(tcp(1));
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
  });

  test('every device behind one TCP connection goes with it', async () => {
    const harness = await start();
    const flow = tcp(1);
    for (const id of ['1', '2', '3']) harness.camera(id, flow).register();
    harness.camera('3', tcp(9)).register();
    harness.engine.options.onFlowClosed?.(flow);
    expect(harness.platform.devices().map(({ online }) => online)).toEqual([false, false, true]);
  });

  test.each([
    { name: 'after a lost connection', restart: false },
    { name: 'after a restart of the gateway', restart: true },
  ])('quirk: Huawei never registers again, its third keepalive is believed, $name', async ({ restart }) => {
    const store = new MemoryStore();
    let harness = await start({ store });
    harness.camera(DEVICE_ID, tcp(1)).register();
    if (restart) {
      await harness.platform.close();
      harness = await start({ store });
    } else harness.engine.options.onFlowClosed?.(tcp(1));
    const camera = harness.camera(DEVICE_ID, tcp(2));
    expect([1, 2, 3, 4].map(() => camera.keepalive().status)).toEqual([403, 403, 200, 200]);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
  });

  test.each([
    { heartBeat: '120', silentSec: 360 },
    { heartBeat: '10', silentSec: 180 },
    { heartBeat: '0', silentSec: 180 },
    { heartBeat: '', silentSec: 180 },
    { heartBeat: '-5', silentSec: 180 },
    { heartBeat: ' 1 20 ', silentSec: 360 },
    { heartBeat: '60000', silentSec: 180 },
  ])('quirk: interval "$heartBeat" of BasicParam means $silentSec s of silence', async ({ heartBeat, silentSec }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    await vi.advanceTimersByTimeAsync(2_500);
    const sn = harness.sentCommands('ConfigDownload')[0]?.sn ?? 0;
    const [head = ''] = formatManscdp(configDownloadResponse(sn, DEVICE_ID, { BasicParam: {} }), 'utf-8')
      .toString()
      .split('<BasicParam>');
    camera.raw(`${head}<BasicParam><HeartBeatInterval>${heartBeat}</HeartBeatInterval></BasicParam></Response>`);
    await settle();
    const { lastSeenAt } = harness.platform.device(DEVICE_ID)!;
    await vi.advanceTimersByTimeAsync(lastSeenAt + silentSec * 1000 - 1_500 - Date.now());
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
    await vi.advanceTimersByTimeAsync(3_500);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(false);
  });
});

describe('quirk: bodies of a keepalive', () => {
  const KEEPALIVE = `<Notify><CmdType>Keepalive</CmdType><SN>5</SN><DeviceID>${DEVICE_ID}</DeviceID><Status>OK</Status>`;
  test.each([
    { name: 'not closed', body: KEEPALIVE },
    { name: 'cut off inside of a tag', body: `${KEEPALIVE}<In` },
    {
      name: 'with list of faulty devices',
      body: `${KEEPALIVE}<Info>${'<DeviceID>1</DeviceID>'.repeat(200)}</Info></Notify>`,
    },
    { name: 'NUL bytes', body: `${KEEPALIVE}</Notify>\u0000\u0000`.replace('Keep', 'Keep\u0000') },
    { name: 'wrong case', body: '<NOTIFY><cmdtype>keepalive</cmdtype></NOTIFY>' },
    { name: 'attributes', body: '<Notify CmdType="Keepalive" SN="1"/>' },
    { name: 'root destroyed', body: `?otify>${KEEPALIVE.slice(8)}` },
    { name: 'empty', body: '' },
  ])('$name: 200', async ({ body }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    vi.advanceTimersByTime(120_000);
    expect(camera.raw(body).status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)?.lastSeenAt).toBe(Date.now());
  });
});

describe('other requests', () => {
  test.each([
    { name: 'quirk: OPTIONS pings', method: 'OPTIONS', status: 200 },
    { name: 'quirk: unsolicited NOTIFY', method: 'NOTIFY', status: 200 },
    { name: 'INFO outside of a dialog', method: 'INFO', status: 200 },
    { name: 'INVITE of a device', method: 'INVITE', status: 488 },
    { name: 'an unknown method', method: 'FETCH', status: 405 },
  ])('$name: $status', async ({ method, status }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    expect(camera.send({ method, body: '<x' }).status).toBe(status);
  });

  test.each([
    { name: 'quirk: SUBSCRIBE without Expires (Huawei)', headers: [], expires: '90' },
    { name: 'SUBSCRIBE with Expires', headers: [['Expires', '600'] as const], expires: '600' },
  ])('$name: 200', async ({ headers, expires }) => {
    const harness = await start();
    const reply = harness.camera().send({ method: 'SUBSCRIBE', headers });
    expect([reply.status, reply.header('Expires')]).toEqual([200, expires]);
  });

  test('quirk: a wrong status NOTIFY (Hikvision) changes nothing', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    const body = `<Notify><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>${DEVICE_ID}</DeviceID><SumNum>1</SumNum><DeviceList><Item><DeviceID>${DEVICE_ID}</DeviceID><Event>OFF</Event></Item></DeviceList></Notify>`;
    expect(camera.send({ method: 'NOTIFY', body }).status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
  });

  test.each([
    { name: 'quirk: MediaStatus whose From is not the device', from: '<sip:110@x>;tag=1', id: '110' },
    { name: 'quirk: MediaStatus with the ID of a channel', from: `<sip:${CAMERA_ID}@x>;tag=1`, id: CAMERA_ID },
    { name: 'MediaStatus of the device', from: `<sip:${DEVICE_ID}@x>;tag=1`, id: DEVICE_ID },
  ])('$name: 200', async ({ from, id }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    const body = `<Notify><CmdType>MediaStatus</CmdType><SN>8</SN><DeviceID>${id}</DeviceID><NotifyType>121</NotifyType></Notify>`;
    expect(camera.send({ method: 'MESSAGE', from, body }).status).toBe(200);
  });

  test('a message without a user in From is taken for that of the device in its body, from its address only', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    vi.advanceTimersByTime(1_000);
    const body = `<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>${DEVICE_ID}</DeviceID></Notify>`;
    const from = '<sip:127.0.0.2>;tag=1';
    expect(camera.send({ method: 'MESSAGE', from, body }).status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)?.keepaliveCount).toBe(1);
    camera.flow = fakeFlow('127.0.0.66');
    expect(camera.send({ method: 'MESSAGE', from, body }).status).toBe(404);
  });

  test('an unknown CmdType gets 200 and is ignored', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    expect(camera.message({ root: 'Notify', cmdType: 'Brew', sn: 1 }).status).toBe(200);
  });

  test('nothing is thrown into the stack: an error becomes 500', async () => {
    const harness = await start();
    const brokenFlow = Object.defineProperty(fakeFlow('127.0.0.50', { protocol: 'udp' }), 'remoteAddress', {
      get: () => {
        throw new RangeError('flow');
      },
    });
    expect(harness.engine.receive({ method: 'REGISTER', from: '<sip:1@x>' }, brokenFlow).status).toBe(500);
  });

  test('a store that fails does not keep devices from working', async () => {
    const harness = await start();
    harness.store.saveDevice = () => {
      throw new RangeError('disk');
    };
    const camera = harness.camera();
    expect([camera.register().status, camera.keepalive().status]).toEqual([200, 200]);
  });

  test('a throwing listener of the platform does no harm', async () => {
    const harness = await start();
    harness.platform.on('deviceOnline', () => {
      throw new RangeError('listener');
    });
    expect(harness.camera().register().status).toBe(200);
  });
});
