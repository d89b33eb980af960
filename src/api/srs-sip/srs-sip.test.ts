import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, FakeError, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { fakeStream, fakeViewer } from '../../../test/support/fake-streams.ts';
import { formatEnvelope } from './envelope.ts';
import { parsePtzDirection, parsePtzSpeed, zoomNibble } from './requests.ts';

const V1 = '/srs-sip/v1';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
});
afterEach(() => api.close());

const bytes = async (response: Response): Promise<string> => response.text();

describe('rows 1 and 2', () => {
  test('GET /srs-sip is the version without envelope and without newline', async () => {
    const response = await api.get('/srs-sip');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await bytes(response)).toBe('{"version": "v1"}');
  });

  test('GET /srs-sip/v1 lists every row in the order of the original', async () => {
    const route = (method: string, path: string) => `{"method":"${method}","path":"/srs-sip/v1${path}"}`;
    const rows = [
      route('GET', '/devices'),
      route('GET', '/devices/{id}/channels'),
      route('GET', '/channels'),
      route('POST', '/invite'),
      route('POST', '/bye'),
      route('POST', '/ptz'),
      route('POST', '/pause'),
      route('POST', '/resume'),
      route('POST', '/speed'),
      route('POST', '/query-record'),
      route('GET', '/media-servers'),
      route('POST', '/media-servers'),
      route('DELETE', '/media-servers/{id}'),
      route('POST', '/media-servers/default/{id}'),
      route('GET', ''),
    ];
    expect(await bytes(await api.get(V1))).toBe(`{"code":0,"data":[${rows.join(',')}]}\n`);
  });
});

describe('HTTP rules', () => {
  test.each([
    ['GET', '/srs-sip/', 301, '/srs-sip'],
    ['GET', '/srs-sip/v1/', 301, '/srs-sip/v1'],
    ['GET', '/srs-sip/v1/devices/', 301, '/srs-sip/v1/devices'],
    ['GET', '/srs-sip/v1/devices/1/channels/?a=b', 301, '/srs-sip/v1/devices/1/channels?a=b'],
    ['POST', '/srs-sip/v1/invite/', 301, '/srs-sip/v1/invite'],
  ])('%s %s redirects with %i', async (method, path, status, location) => {
    const response = await fetch(api.base + path, { method, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([status, location]);
  });

  test.each([
    ['GET', '/srs-sip/v1/nothing'],
    ['GET', '/srs-sip/v1/invite'],
    ['POST', '/srs-sip/v1/devices'],
    ['GET', '/srs-sip/v1/DEVICES'],
    ['GET', '/srs-sip/v2'],
  ])('%s %s is 404 in text', async (method, path) => {
    const response = await fetch(api.base + path, { method });
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await bytes(response)).toBe('404 page not found\n');
  });

  test('CORS: any origin, and the preflight', async () => {
    const response = await api.get(`${V1}/devices`, { Origin: 'http://elsewhere' });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await fetch(`${api.base}${V1}/invite`, {
      method: 'OPTIONS',
      headers: { Origin: 'http://elsewhere', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('X-Requested-With, Content-Type, Authorization');
  });

  test('characters of HTML are escaped as the original does', () => {
    expect(formatEnvelope(500, { msg: '<a> & "b"\u2028' })).toBe(
      '{"code":500,"data":{"msg":"\\u003ca\\u003e \\u0026 \\"b\\"\\u2028"}}\n',
    );
  });
});

describe('rows 3 to 5: devices and channels', () => {
  const channel =
    '{"device_id":"34020000001310000001","parent_id":"34020000001320000001","name":"IPC","manufacturer":"x",' +
    '"model":"x","owner":"x","civil_code":"x","address":"x","port":0,"parental":0,"safety_way":0,"register_way":1,' +
    '"secrecy":0,"ip_address":"","status":"ON","longitude":116.5,"latitude":0,' +
    '"info":{"ptz_type":0,"resolution":"","download_speed":""},"ssrc":""}';
  const pseudo =
    '{"device_id":"34020000001320000001","parent_id":"34020000001320000001","name":"34020000001320000001",' +
    '"manufacturer":"","model":"","owner":"","civil_code":"","address":"","port":0,"parental":0,"safety_way":0,' +
    '"register_way":0,"secrecy":0,"ip_address":"","status":"ON","longitude":0,"latitude":0,' +
    '"info":{"ptz_type":0,"resolution":"","download_speed":""},"ssrc":""}';
  const x = { manufacturer: 'x', model: 'x', owner: 'x', civilCode: 'x', address: 'x', longitude: 116.5 };

  test('no device: an empty list, not null', async () => {
    expect(await bytes(await api.get(`${V1}/devices`))).toBe('{"code":0,"data":[]}\n');
    expect(await bytes(await api.get(`${V1}/channels`))).toBe('{"code":0,"data":[]}\n');
  });

  test('unknown device: null', async () => {
    expect(await bytes(await api.get(`${V1}/devices/1/channels`))).toBe('{"code":0,"data":null}\n');
  });

  test('devices, online and offline', async () => {
    api.platform.addDevice(fakeDevice({ keepaliveCount: 77 }));
    api.platform.addDevice(fakeDevice({ id: '34020000001180000002', online: false, protocol: 'tcp' }));
    expect(await bytes(await api.get(`${V1}/devices`))).toBe(
      '{"code":0,"data":[' +
        '{"device_id":"34020000001320000001","source_addr":"192.168.1.64:5060","network_type":"UDP","online":true,"heart_beat_interval":60,"heart_beat_count":3},' +
        '{"device_id":"34020000001180000002","source_addr":"","network_type":"TCP","online":false,"heart_beat_interval":60,"heart_beat_count":3}' +
        ']}\n',
    );
  });

  test('channels of a camera: itself, then its catalogue', async () => {
    api.platform.addDevice(fakeDevice(), [fakeChannel(x)]);
    const expected = `{"code":0,"data":[${pseudo},${channel}]}\n`;
    expect(await bytes(await api.get(`${V1}/devices/${DEVICE}/channels`))).toBe(expected);
    expect(await bytes(await api.get(`${V1}/channels`))).toBe(expected);
  });

  test('only video channels; ids of any length', async () => {
    const nvr = '34020000001180000009';
    api.platform.addDevice(fakeDevice({ id: nvr }), [
      fakeChannel({ ...x, deviceId: nvr }),
      ...['34020000001340000001', '340200', '', '3402000000215'].map((id) => fakeChannel({ deviceId: nvr, id })),
    ]);
    expect(await bytes(await api.get(`${V1}/devices/${nvr}/channels`))).toBe(`{"code":0,"data":[${channel}]}\n`);
  });

  test('an offline device has all channels OFF; a running stream shows its SSRC', async () => {
    api.platform.addDevice(fakeDevice({ online: false }), [fakeChannel()]);
    api.streams.addStream(fakeStream());
    const { data } = (await (await api.get(`${V1}/channels`)).json()) as { data: { status: string; ssrc: string }[] };
    expect(data.map(({ status, ssrc }) => [status, ssrc])).toEqual([
      ['OFF', ''],
      ['OFF', '0200000001'],
    ]);
  });
});

describe('row 6: invite', () => {
  const body = { device_id: DEVICE, channel_id: CHANNEL, media_server_id: 1, play_type: 0, sub_stream: 0 };
  beforeEach(() => api.platform.addDevice(fakeDevice(), [fakeChannel()]));

  test('the url names our host and the stream', async () => {
    const response = await api.send('POST', `${V1}/invite`, { ...body, start_time: 0, end_time: 0 });
    expect(response.status).toBe(200);
    const { host } = new URL(api.base);
    expect(await bytes(response)).toBe(
      `{"code":0,"data":{"channel_id":"${CHANNEL}","url":"webrtc://${host}/live/${DEVICE}_${CHANNEL}"}}\n`,
    );
    expect(api.streams.calls).toEqual([['open', { deviceId: DEVICE, channelId: CHANNEL, subStream: 0 }]]);
  });

  test('the port of SRS where we listen there', async () => {
    const two = await openApi({
      listen: [
        { address: '127.0.0.1', port: 0, purpose: 'main' },
        { address: '127.0.0.1', port: 0, purpose: 'srs' },
      ],
    });
    two.platform.addDevice(fakeDevice(), [fakeChannel()]);
    const response = await two.send('POST', `${V1}/invite`, body);
    const { data } = (await response.json()) as { data: { url: string } };
    const srs = two.api.addresses.find(({ purpose }) => purpose === 'srs');
    expect(data.url).toBe(`webrtc://127.0.0.1:${srs?.port}/live/${DEVICE}_${CHANNEL}`);
    await two.close();
  });

  test.each([
    ['the device is left out', { ...body, device_id: undefined }, DEVICE],
    ['null members count as zero', { device_id: null, channel_id: CHANNEL, sub_stream: null, play_type: null }, DEVICE],
    ['unknown members are ignored', { ...body, more: [1] }, DEVICE],
  ])('accepted: %s', async (_name, request, deviceId) => {
    const response = await api.send('POST', `${V1}/invite`, request, { 'Content-Type': 'text/plain' });
    expect(await response.json()).toMatchObject({ code: 0 });
    expect(api.streams.calls[0]).toEqual(['open', { deviceId, channelId: CHANNEL, subStream: 0 }]);
  });

  test.each([
    ['start_time as text', { ...body, start_time: '2025-01-01T00:00:00' }, 400, /body\.start_time/],
    ['not JSON', '{"device_id":', 400, /not JSON/],
    ['nothing', '', 400, /empty/],
    ['a list', '[]', 400, /expected object/],
    ['a number as id', { ...body, channel_id: 7 }, 400, /body\.channel_id/],
    ['playback of no range', { ...body, play_type: 1 }, 400, /end_time must be after start_time/],
    ['unknown device', { ...body, device_id: '1' }, 500, /device not found: 1/],
    ['unknown channel alone', { ...body, device_id: '', channel_id: '9' }, 500, /device not found: 9/],
  ])('refused: %s', async (_name, request, code, message) => {
    const response = await api.send('POST', `${V1}/invite`, request);
    expect(response.status).toBe(200);
    const text = await bytes(response);
    expect(text.endsWith('"}}\n')).toBe(true);
    const answer = JSON.parse(text) as { code: number; data: { msg: string } };
    expect(Object.keys(answer)).toEqual(['code', 'data']);
    expect(answer.code).toBe(code);
    expect(answer.data.msg).toMatch(message);
  });

  test('a body over 64 KiB is an envelope, too', async () => {
    const response = await api.send('POST', `${V1}/invite`, { device_id: 'x'.repeat(70_000) });
    expect([response.status, await response.json()]).toMatchObject([200, { code: 400 }]);
  });

  test('the reason of a failed play is the message', async () => {
    api.streams.failure = new FakeError('no_rtp', 'no packet arrived within 5000 ms');
    expect(await bytes(await api.send('POST', `${V1}/invite`, body))).toBe(
      '{"code":500,"data":{"msg":"no packet arrived within 5000 ms"}}\n',
    );
  });

  test('still opening at the deadline: an error with the progress, the play goes on', async () => {
    const slow = await openApi({ inviteDeadlineMs: 30 });
    slow.platform.addDevice(fakeDevice(), [fakeChannel()]);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    slow.streams.hold = promise;
    const response = await slow.send('POST', `${V1}/invite`, body);
    expect(await response.json()).toEqual({
      code: 500,
      data: { msg: 'no picture within 30 ms, still trying: requested' },
    });
    const opened = new Promise((done) => slow.streams.once('opened', done));
    resolve(undefined);
    await opened;
    expect(slow.streams.list()).toHaveLength(1);
    await slow.close();
  });

  test('a media server of another type is refused, one of type SRS is ourselves', async () => {
    await api.send('POST', `${V1}/media-servers`, { name: 'z', ip: '10.0.0.1', port: 80, type: 'ZLM' });
    await api.send('POST', `${V1}/media-servers`, { name: 's', ip: '10.0.0.2', port: 1985, type: 'SRS' });
    const invite = async (id: number) =>
      (await (await api.send('POST', `${V1}/invite`, { ...body, media_server_id: id })).json()) as { code: number };
    expect([(await invite(2)).code, (await invite(3)).code, (await invite(0)).code]).toEqual([500, 0, 0]);
  });
});

describe('row 7: bye', () => {
  const url = `webrtc://127.0.0.1:1985/live/${DEVICE}_${CHANNEL}`;
  const invite = () => api.send('POST', `${V1}/invite`, { device_id: DEVICE, channel_id: CHANNEL });
  const bye = async (target: string) =>
    bytes(await api.send('POST', `${V1}/bye`, { device_id: '', channel_id: '', url: target }));
  const closes = () => api.streams.calls.filter(([name]) => name === 'close').length;
  beforeEach(() => api.platform.addDevice(fakeDevice(), [fakeChannel()]));

  test('two invites need two byes', async () => {
    await invite();
    await invite();
    expect(await bye(url)).toBe('{"code":0,"data":{"msg":"success"}}\n');
    expect(closes()).toBe(0);
    expect(await bye(`${url}?token=abc`)).toBe('{"code":0,"data":{"msg":"success"}}\n');
    expect(closes()).toBe(1);
  });

  test('by SSRC, as old clients name streams', async () => {
    api.streams.addStream(fakeStream());
    expect(await bye('webrtc://127.0.0.1:1985/live/0200000001')).toBe('{"code":0,"data":{"msg":"success"}}\n');
    expect(closes()).toBe(1);
  });

  test('a viewer at another address keeps the stream', async () => {
    api.streams.addStream(fakeStream({ viewers: [fakeViewer({ remoteAddress: '192.0.2.7' })] }));
    expect(await bye(url)).toBe('{"code":0,"data":{"msg":"success"}}\n');
    expect(closes()).toBe(0);
  });

  test.each(['webrtc://h/live/none', 'nonsense', ''])('unknown url %j', async (target) => {
    expect(await bye(target)).toBe(`{"code":500,"data":{"msg":"stream not found: ${target}"}}\n`);
  });
});

describe('rows 8 to 10 and 12: playback', () => {
  beforeEach(() => api.platform.addDevice(fakeDevice(), [fakeChannel()]));
  const range = { device_id: DEVICE, channel_id: CHANNEL, start_time: 1_700_000_000, end_time: 1_700_003_600 };
  const invite = async (play_type = 1): Promise<string> => {
    const response = await api.send('POST', `${V1}/invite`, { ...range, media_server_id: 1, play_type });
    return ((await response.json()) as { data: { url: string } }).data.url;
  };

  test('invite plays the range, once for all who ask for it; pause, resume and speed find it by its url', async () => {
    const url = await invite();
    expect(url).toContain(`/playback/${DEVICE}_${CHANNEL}_`);
    expect(await invite()).toBe(url);
    expect(api.streams.playbacks.list()).toMatchObject([{ fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 }]);
    for (const [path, more] of [['/pause'], ['/resume'], ['/speed', { speed: 2 }]] as const) {
      const response = await api.send('POST', V1 + path, { device_id: 'x', channel_id: 'y', url, ...more });
      expect(await bytes(response)).toBe('{"code":0,"data":{"msg":"success"}}\n');
    }
    expect(api.streams.playbacks.changes.map(([, change]) => change)).toEqual([
      { state: 'paused' },
      { state: 'playing' },
      { speed: 2 },
    ]);
  });

  test.each([
    ['/pause', { url: 'webrtc://h/playback/none' }, 500],
    ['/resume', { url: 1 }, 400],
    ['/speed', { url: 'webrtc://h/playback/none', speed: 100 }, 400],
    ['/query-record', { ...range, end_time: 1 }, 400],
    ['/query-record', { ...range, device_id: '1' }, 500],
    ['/query-record', { ...range, start_time: 'x' }, 400],
  ])('refused: %s %j', async (path, body, code) => {
    expect(await (await api.send('POST', V1 + path, body)).json()).toMatchObject({ code });
  });

  test('a download is another call than the playback of the same range', async () => {
    const [playback, download] = [await invite(1), await invite(2)];
    expect(download).not.toBe(playback);
    expect([await invite(2), await invite(1)]).toEqual([download, playback]);
    const names = api.streams.playbacks.list().map(({ sessionName }) => sessionName);
    expect(names).toEqual(['Download', 'Playback']);
  });

  test('so is the one of a sub-stream', async () => {
    const main = await invite();
    const post = (sub_stream: number): Promise<Response> =>
      api.send('POST', `${V1}/invite`, { ...range, media_server_id: 1, play_type: 1, sub_stream });
    expect((await (await post(1)).json()) as unknown).not.toMatchObject({ data: { url: main } });
    expect(await (await post(-1)).json()).toMatchObject({ data: { url: main } });
    expect(api.streams.playbacks.list().map(({ subStream }) => subStream)).toEqual([1, 0]);
  });

  test('query-record lists Beijing times, null where nothing is', async () => {
    expect(await bytes(await api.send('POST', `${V1}/query-record`, range))).toBe('{"code":0,"data":null}\n');
    const item = { channelId: CHANNEL, name: 'IPC', filePath: 'f', address: 'a', secrecy: 0, type: 'time' as const };
    const more = { startMs: 1_700_000_000_000, endMs: 1_700_003_600_000, recorderId: '', fileSize: 0 };
    const items = [{ ...item, ...more, recordLocation: '', streamNumber: 0 }];
    api.platform.recordList = {
      deviceId: DEVICE,
      channelId: CHANNEL,
      fromMs: 0,
      toMs: 1,
      sumNum: 1,
      complete: true,
      items,
      segments: [],
    };
    expect(await bytes(await api.send('POST', `${V1}/query-record`, range))).toBe(
      `{"code":0,"data":[{"device_id":"${CHANNEL}","name":"IPC","file_path":"f","address":"a",` +
        '"start_time":"2023-11-15T06:13:20","end_time":"2023-11-15T07:13:20","secrecy":0,"type":"time"}]}\n',
    );
  });
});

describe('row 11: ptz', () => {
  beforeEach(() => api.platform.addDevice(fakeDevice(), [fakeChannel()]));

  test.each([
    ['up', '5', { direction: 'up', speed: 125, zoomSpeed: 13 }],
    ['zoomin', '5', { direction: 'zoomin', speed: 125, zoomSpeed: 13 }],
    ['zoom_in', '1', { direction: 'zoomin', speed: 25, zoomSpeed: 9 }],
    ['zoom_out', '10', { direction: 'zoomout', speed: 255, zoomSpeed: 15 }],
    ['downleft', 9, { direction: 'downleft', speed: 225, zoomSpeed: 1 }],
    ['stop', '', { direction: 'stop', speed: 125, zoomSpeed: 13 }],
    ['left', undefined, { direction: 'left', speed: 125, zoomSpeed: 13 }],
  ])('%s at speed %j', async (ptz, speed, move) => {
    const response = await api.send('POST', `${V1}/ptz`, { device_id: DEVICE, channel_id: CHANNEL, ptz, speed });
    expect(await bytes(response)).toBe('{"code":0,"data":{"msg":"success"}}\n');
    expect(api.platform.calls).toEqual([['ptz', DEVICE, CHANNEL, move]]);
  });

  test('unknown move', async () => {
    const response = await api.send('POST', `${V1}/ptz`, { device_id: DEVICE, channel_id: CHANNEL, ptz: 'toString' });
    expect(await bytes(response)).toBe('{"code":500,"data":{"msg":"invalid ptz command: \\"toString\\""}}\n');
  });

  test('the device is offline', async () => {
    api.platform.changeDevice(DEVICE, { online: false });
    const response = await api.send('POST', `${V1}/ptz`, { device_id: DEVICE, channel_id: CHANNEL, ptz: 'up' });
    expect(await response.json()).toEqual({ code: 500, data: { msg: `device ${DEVICE} is offline` } });
  });

  test('names and speeds of the original', () => {
    expect(['1', '2', '9', '10', '11', '0', 'x'].map(parsePtzSpeed)).toEqual([25, 50, 225, 255, 125, 125, 125]);
    expect(parsePtzDirection('__proto__')).toBeUndefined();
    expect(zoomNibble(125) << 4).toBe(0xd0);
  });
});

describe('rows 13 to 16: media servers', () => {
  const list = async () => (await (await api.get(`${V1}/media-servers`)).json()) as { data: Record<string, unknown>[] };

  test('ourselves first, all members in order', async () => {
    const { hostname, port } = new URL(api.base);
    const text = await bytes(await api.get(`${V1}/media-servers`));
    expect(text.replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/, 'T')).toBe(
      `{"code":0,"data":[{"name":"Default","type":"SRS","ip":"${hostname}","port":${port},"username":"","password":"",` +
        `"secret":"","is_default":1,"id":1,"created_at":T}]}\n`,
    );
  });

  test('add, make default, delete', async () => {
    const row = { name: 'b', type: 'ZLM', ip: '10.0.0.1', port: 80, username: 'u', password: 'p', secret: 's' };
    expect(await bytes(await api.send('POST', `${V1}/media-servers`, { ...row, is_default: 0 }))).toBe(
      '{"code":0,"data":{"msg":"success"}}\n',
    );
    await api.send('POST', `${V1}/media-servers`, { ...row, name: 'c', isDefault: true });
    expect((await list()).data.map(({ id, name, is_default }) => [id, name, is_default])).toEqual([
      [1, 'Default', 0],
      [3, 'c', 1],
      [2, 'b', 0],
    ]);
    await api.send('POST', `${V1}/media-servers/default/2`, undefined);
    await api.send('DELETE', `${V1}/media-servers/3`, undefined);
    expect((await list()).data.map(({ id, is_default }) => [id, is_default])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    await api.send('POST', `${V1}/media-servers/default/1`, undefined);
    expect((await list()).data[0]).toMatchObject({ id: 1, is_default: 1 });
  });

  test.each([{}, { name: 'a', ip: '1', port: 0, type: 'SRS' }, { name: '', ip: '1', port: 1, type: 'SRS' }])(
    'mandatory members: %j',
    async (body) => {
      expect(await bytes(await api.send('POST', `${V1}/media-servers`, body))).toBe(
        '{"code":400,"data":{"msg":"name, ip, port and type are required"}}\n',
      );
    },
  );

  test.each([
    ['DELETE', '/media-servers/abc'],
    ['POST', '/media-servers/default/1.5'],
  ])('%s %s: invalid id', async (method, path) => {
    expect(await bytes(await api.send(method, V1 + path, undefined))).toBe(
      '{"code":400,"data":{"msg":"invalid id"}}\n',
    );
  });

  test('an unknown id is no error, our own row cannot go', async () => {
    expect(await bytes(await api.send('DELETE', `${V1}/media-servers/77`, undefined))).toBe(
      '{"code":0,"data":{"msg":"success"}}\n',
    );
    expect(await (await api.send('DELETE', `${V1}/media-servers/1`, undefined)).json()).toMatchObject({ code: 500 });
  });
});

describe('with authentication', () => {
  let locked: ApiFixture;
  beforeEach(async () => {
    locked = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    locked.platform.addDevice(fakeDevice(), [fakeChannel()]);
  });
  afterEach(() => locked.close());

  test('no token: 401 in the envelope', async () => {
    for (const path of ['/devices', '/channels', '/media-servers', '']) {
      const response = await locked.get(V1 + path);
      expect(response.status).toBe(401);
      expect(await bytes(response)).toBe('{"code":401,"data":{"msg":"a valid token is needed"}}\n');
    }
    expect(locked.streams.calls).toEqual([]);
  });

  test('the url carries a token for its stream alone, and the token plays', async () => {
    const token = await locked.login();
    const response = await locked.send('POST', `${V1}/invite?token=${token}`, {
      device_id: DEVICE,
      channel_id: CHANNEL,
    });
    const { data } = (await response.json()) as { data: { url: string } };
    const name = `${DEVICE}_${CHANNEL}`;
    expect(data.url).toMatch(new RegExp(`^webrtc://127\\.0\\.0\\.1:\\d+/live/${name}\\?token=[\\w.-]+$`));
    const play = (streamurl: string) => locked.send('POST', '/rtc/v1/play/', { streamurl, sdp: 'v=0\r\n' });
    expect(await (await play(data.url)).json()).toMatchObject({ code: 0 });
    const other = await play(data.url.replace(name, `${DEVICE}_x`));
    expect([other.status, await other.json()]).toMatchObject([403, { code: 403 }]);
    const playToken = new URL(data.url).searchParams.get('token') ?? '';
    expect((await locked.get(`${V1}/devices?token=${playToken}`)).status).toBe(403);
  });
});
