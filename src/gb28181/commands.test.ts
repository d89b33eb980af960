import iconv from 'iconv-lite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  catalogResponse,
  decodeText,
  deviceInfoResponse,
  deviceStatusResponse,
  EMPTY_CATALOG_ITEM,
  type PtzMove,
} from './index.ts';
import { CAMERA_ID, DEVICE_ID, SERIAL, settle, type FakeCamera, type Harness } from './testing/harness.ts';
import { openQuiet } from './testing/quiet-device.ts';

let harness: Harness;
let camera: FakeCamera;
beforeEach(async () => {
  vi.useFakeTimers();
  ({ harness, camera } = await openQuiet());
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

describe('quirk: Request-URI with address and port or with the domain, per device', () => {
  const invite = () =>
    harness.platform.invite({
      deviceId: DEVICE_ID,
      channelId: CAMERA_ID,
      subStream: 0,
      ssrc: { value: 1, text: '0000000001', release: () => undefined },
      transport: 'udp',
      mediaAddress: '127.0.0.1',
      mediaPort: 30_000,
    });

  test.each([
    { requestUriHost: undefined, host: '127.0.0.2:5060' },
    { requestUriHost: 'address' as const, host: '127.0.0.2:5060' },
    { requestUriHost: 'domain' as const, host: '3402000000' },
  ])('quirk: Request-URI host $requestUriHost is $host in every request', async ({ requestUriHost, host }) => {
    harness.platform.updateSettings(DEVICE_ID, requestUriHost === undefined ? {} : { requestUriHost });
    await harness.platform.ptz(DEVICE_ID, CAMERA_ID, { direction: 'stop', speed: 0 });
    await harness.platform.requestKeyFrame(DEVICE_ID, CAMERA_ID);
    const query = harness.platform.refreshInfo(DEVICE_ID);
    await settle();
    const { sn = 0 } = harness.sentCommands('DeviceInfo')[0] ?? {};
    const info = { name: '', manufacturer: '', model: '', firmware: '' };
    camera.message(deviceInfoResponse(sn, DEVICE_ID, info));
    await query;
    await invite().catch(() => undefined);
    expect(harness.engine.sent.map(({ uri }) => uri)).toEqual(
      Array.from({ length: 3 }, () => `sip:${DEVICE_ID}@${host}`),
    );
    const [request] = harness.engine.invites;
    expect(request?.uri).toBe(`sip:${CAMERA_ID}@${host}`);
    // The path stays the device's own: the domain is a name that nobody resolves.
    for (const { target } of [...harness.engine.sent, ...harness.engine.invites])
      expect(target).toMatchObject({ remoteAddress: '127.0.0.2', remotePort: 5060 });
  });
});

describe('control', () => {
  const moves: Array<{ move: PtzMove; hex: string }> = [
    { move: { direction: 'left', speed: 31 }, hex: 'A50F01021F0000D6' },
    { move: { direction: 'right', speed: 250 }, hex: 'A50F0101FA0000B0' },
    { move: { direction: 'up', speed: 250 }, hex: 'A50F010800FA00B7' },
    { move: { direction: 'down', speed: 250 }, hex: 'A50F010400FA00B3' },
    { move: { direction: 'upleft', speed: 250 }, hex: 'A50F010AFAFA00B3' },
    { move: { direction: 'upright', speed: 250 }, hex: 'A50F0109FAFA00B2' },
    { move: { direction: 'downleft', speed: 250 }, hex: 'A50F0106FAFA00AF' },
    { move: { direction: 'downright', speed: 250 }, hex: 'A50F0105FAFA00AE' },
    { move: { direction: 'zoomin', speed: 160 }, hex: 'A50F01100000A065' },
    { move: { direction: 'zoomout', speed: 0, zoomSpeed: 10 }, hex: 'A50F01200000A075' },
    { move: { direction: 'zoomin', speed: 999 }, hex: 'A50F01100000F0B5' },
    { move: { direction: 'stop', speed: 128 }, hex: 'A50F0100000000B5' },
    { move: { direction: 'left', speed: Number.NaN }, hex: 'A50F0102000000B7' },
  ];
  test.each(moves)('$move.direction at $move.speed is $hex', async ({ move, hex }) => {
    await harness.platform.ptz(DEVICE_ID, CAMERA_ID, move);
    const [request] = harness.engine.sent;
    expect(request).toMatchObject({
      method: 'MESSAGE',
      uri: `sip:${DEVICE_ID}@127.0.0.2:5060`,
      from: `sip:${SERIAL}@3402000000`,
      to: `sip:${DEVICE_ID}@3402000000`,
      contentType: 'Application/MANSCDP+xml',
    });
    const [sent] = harness.sentCommands();
    expect(decodeText(request?.body ?? Buffer.alloc(0))).toBe(
      `<?xml version="1.0" encoding="GB2312"?>\r\n<Control><CmdType>DeviceControl</CmdType><SN>${sent?.sn}</SN><DeviceID>${CAMERA_ID}</DeviceID><PTZCmd>${hex}</PTZCmd><Info><ControlPriority>5</ControlPriority></Info></Control>\r\n`,
    );
  });

  test.each([
    { version: undefined, element: 'IFameCmd' },
    { version: '2.0', element: 'IFameCmd' },
    { version: '3.0', element: 'IFrameCmd' },
    { version: 'x', element: 'IFameCmd' },
  ])('quirk: a key frame is asked for by $element when X-GB-ver is $version', async ({ version, element }) => {
    camera.register({ headers: version === undefined ? [] : [['X-GB-ver', version]] });
    await harness.platform.requestKeyFrame(DEVICE_ID, CAMERA_ID);
    expect(harness.sentCommands()[0]?.body.field(element)).toBe('Send');
  });

  test('resolves on the 200, waits for no Response, and fails on anything else', async () => {
    const stop: PtzMove = { direction: 'stop', speed: 0 };
    await harness.platform.ptz(DEVICE_ID, CAMERA_ID, stop);
    harness.engine.answer = () => ({ status: 403 });
    await expect(harness.platform.ptz(DEVICE_ID, CAMERA_ID, stop)).rejects.toMatchObject({
      code: 'device_refused',
      status: 403,
    });
    harness.engine.answer = () => 'silence';
    const failed = expect(harness.platform.ptz(DEVICE_ID, CAMERA_ID, stop)).rejects.toMatchObject({
      code: 'device_unreachable',
    });
    await vi.advanceTimersByTimeAsync(2_000);
    await failed;
    await expect(harness.platform.ptz('9', CAMERA_ID, stop)).rejects.toMatchObject({ code: 'device_offline' });
  });

  test('the charset of the device is used, declaration and bytes', async () => {
    harness.platform.updateSettings(DEVICE_ID, { charset: 'utf-8' });
    await harness.platform.requestKeyFrame(DEVICE_ID, CAMERA_ID);
    expect(harness.engine.sent[0]?.body?.toString()).toContain('encoding="UTF-8"');
  });

  test('the charset of the device, where one is set, is that of its messages, too', async () => {
    // Valid UTF-8 by chance.
    const bytes = iconv.encode('学校', 'gb18030');
    const told = async (): Promise<string | undefined> => {
      const item = Buffer.from(`<Item><DeviceID>${CAMERA_ID}</DeviceID><Event>ADD</Event><Name>`);
      const head = `<Notify><CmdType>Catalog</CmdType><SN>1</SN><DeviceID>${DEVICE_ID}</DeviceID><DeviceList>`;
      const end = Buffer.from('</Name></Item></DeviceList></Notify>');
      camera.raw(Buffer.concat([Buffer.from(head), item, bytes, end]));
      await vi.advanceTimersByTimeAsync(1_000);
      return harness.platform.channel(DEVICE_ID, CAMERA_ID)?.name;
    };
    expect(await told()).toBe('学校');
    harness.platform.updateSettings(DEVICE_ID, { charset: 'utf-8' });
    expect(await told()).toBe(bytes.toString());
  });
});

describe('queries', () => {
  const INFO = { name: '大门', manufacturer: 'ACME', model: 'M', firmware: 'V1' };

  test('DeviceInfo changes what is known of the device, empty fields do not', async () => {
    const first = harness.platform.refreshInfo(DEVICE_ID);
    await settle();
    camera.message(deviceInfoResponse(harness.sentCommands()[0]!.sn, DEVICE_ID, INFO));
    expect(await first).toMatchObject(INFO);
    const second = harness.platform.refreshInfo(DEVICE_ID);
    await settle();
    camera.message(deviceInfoResponse(harness.sentCommands()[1]!.sn, DEVICE_ID, { ...INFO, name: '', firmware: 'V2' }));
    expect(await second).toMatchObject({ ...INFO, firmware: 'V2' });
    expect(harness.store.devices.get(DEVICE_ID)?.name).toBe('大门');
  });

  test('DeviceStatus', async () => {
    const status = { online: true, status: 'OK', encode: 'ON', record: 'OFF', deviceTime: '2026-03-01T10:00:00' };
    const result = harness.platform.queries.status({ deviceId: DEVICE_ID, channelId: DEVICE_ID });
    await settle();
    camera.message(deviceStatusResponse(harness.sentCommands()[0]!.sn, DEVICE_ID, status));
    expect(await result).toEqual({ ...status, reason: '', alarms: [] });
  });

  test('answers are matched by device, command and SN, with any DeviceID, also before the 200', async () => {
    const other = harness.camera('2');
    other.register();
    harness.engine.sent.length = 0;
    harness.engine.answer = (request) => {
      if (request.to.includes(DEVICE_ID)) {
        const { sn } = harness.sentCommands('DeviceInfo').at(-1)!;
        other.message(deviceInfoResponse(sn, '2', { ...INFO, name: 'other device' }));
        camera.message(deviceInfoResponse(sn + 1, DEVICE_ID, { ...INFO, name: 'other SN' }));
        camera.message(
          deviceStatusResponse(sn, DEVICE_ID, { online: true, status: '', encode: '', record: '', deviceTime: '' }),
        );
        camera.message(deviceInfoResponse(sn, '34020000002160000001', INFO));
      }
      return { status: 200 };
    };
    expect((await harness.platform.refreshInfo(DEVICE_ID)).name).toBe('大门');
  });

  test.each([
    {
      name: 'Result ERROR',
      act: (sn: number) =>
        camera.message({ root: 'Response', cmdType: 'DeviceInfo', sn, rest: [{ name: 'Result', content: 'ERROR' }] }),
      code: 'device_refused',
    },
    { name: 'silence', act: () => vi.advanceTimersByTimeAsync(2_000), code: 'device_no_response' },
  ])('quirk: $name ends in $code', async ({ act, code }) => {
    const failed = expect(harness.platform.refreshInfo(DEVICE_ID)).rejects.toMatchObject({ code });
    await settle();
    await act(harness.sentCommands()[0]!.sn);
    await failed;
  });

  test('an answer counts also where the 200 to the question got lost', async () => {
    harness.engine.answer = () => 'silence';
    const result = harness.platform.refreshInfo(DEVICE_ID);
    await settle();
    camera.message(deviceInfoResponse(harness.sentCommands()[0]!.sn, DEVICE_ID, INFO));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await result).toMatchObject(INFO);
  });

  test('a caller can give up', async () => {
    const controller = new AbortController();
    const failed = expect(harness.platform.refreshInfo(DEVICE_ID, controller.signal)).rejects.toMatchObject({
      code: 'request_aborted',
    });
    await settle();
    controller.abort();
    await failed;
    await expect(harness.platform.refreshInfo(DEVICE_ID, AbortSignal.abort())).rejects.toMatchObject({
      code: 'request_aborted',
    });
  });
});

test('after registration every device is asked for info, catalogue and parameters, 100 at a time', async () => {
  for (let index = 0; index < 250; index += 1) harness.camera(`d${index}`).register();
  await settle();
  const asked = (): Set<string> =>
    new Set(harness.engine.sent.map((request) => request.to).filter((to) => to.startsWith('sip:d')));
  expect(asked().size).toBe(100);
  for (let round = 0; round < 30; round += 1) {
    await vi.advanceTimersByTimeAsync(2_000);
    for (let index = 0; index < 250; index += 1) harness.camera(`d${index}`).keepalive();
  }
  expect(asked().size).toBe(250);
  const counts = ['DeviceInfo', 'Catalog', 'ConfigDownload'].map(
    (cmdType) => harness.sentCommands(cmdType).filter((message) => message.deviceId.startsWith('d')).length,
  );
  expect(counts).toEqual([250, 250, 250]);
});

test('a device that does not list its channels is asked three times in all, one that did only once', async () => {
  const silent = harness.camera('silent');
  const open = harness.camera('open');
  const asked = (id: string): number =>
    harness.engine.sent.filter((request) => request.to.includes(id) && request.body?.includes('Catalog')).length;
  silent.register({ expires: 86_400 });
  open.register({ expires: 86_400 });
  await settle();
  const { sn } = harness.sentCommands('Catalog').find((message) => message.deviceId === 'open')!;
  open.message(catalogResponse(sn, 'open', { sumNum: 1, items: [{ ...EMPTY_CATALOG_ITEM, id: '1' }] }));
  for (let round = 0; round < 30; round += 1) {
    await vi.advanceTimersByTimeAsync(30_000);
    silent.keepalive();
    open.keepalive();
  }
  expect([asked('silent'), asked('open')]).toEqual([3, 1]);
});

test('a catalogue query that did not reach the device is repeated after 10 s, not after two minutes', async () => {
  const asked = (): number =>
    harness.engine.sent.filter((request) => request.to.includes('lost') && request.body?.includes('Catalog')).length;
  harness.engine.answer = () => new RangeError('no route');
  harness.camera('lost').register();
  await settle();
  harness.engine.answer = () => ({ status: 200 });
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked()).toBe(2);
});
