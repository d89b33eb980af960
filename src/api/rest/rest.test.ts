import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANNEL_PATH, DEVICE_PATH, type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, FakeError, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { fakePlay, fakeStream, fakeViewer } from '../../../test/support/fake-streams.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.platform.addDevice(fakeDevice({ settings: { password: 'secret', mediaTransport: 'udp' } }), [fakeChannel()]);
});
afterEach(() => api.close());

const json = async <T = Record<string, unknown>>(response: Promise<Response>): Promise<T> =>
  (await response).json() as Promise<T>;

describe('devices', () => {
  test('a device without its password', async () => {
    const { protocol: _p, settings: _s, ...rest } = fakeDevice();
    expect(await json(api.get(DEVICE_PATH))).toEqual({
      ...rest,
      protocol: 'UDP',
      settings: { mediaTransport: 'udp', passwordSet: true },
    });
  });

  test.each([
    ['', ['34020000001320000001', '34020000001180000002', '34020000001180000003']],
    ['?online=true', ['34020000001320000001', '34020000001180000003']],
    ['?online=false', ['34020000001180000002']],
    ['?search=NVR', ['34020000001180000002', '34020000001180000003']],
    ['?search=192.168.1.64&limit=1', ['34020000001320000001']],
    ['?limit=2&page=2', ['34020000001180000003']],
    ['?page=9', []],
  ])('list%s', async (query, ids) => {
    api.platform.addDevice(fakeDevice({ id: '34020000001180000002', name: 'Nvr A', online: false }));
    api.platform.addDevice(fakeDevice({ id: '34020000001180000003', name: 'nvr B' }));
    const page = await json<{ items: { id: string }[]; total: number }>(api.get(`/api/v1/devices${query}`));
    expect(page.items.map(({ id }) => id)).toEqual(ids);
  });

  test('a page tells its place', async () => {
    expect(await json(api.get('/api/v1/devices?limit=7&page=2'))).toEqual({ items: [], page: 2, limit: 7, total: 1 });
  });

  test.each(['?limit=0', '?limit=501', '?page=x', '?online=maybe', `?search=${'x'.repeat(200)}`])(
    'bad query %s',
    async (query) => {
      const response = await api.get(`/api/v1/devices${query}`);
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: { code: 'invalid_request', details: [expect.stringMatching(/^query\./) as string] } },
      ]);
    },
  );

  test('patch: what is given changes, null goes back to the default', async () => {
    const patch = {
      name: 'Gate',
      mediaTransport: null,
      mediaAddress: '10.0.0.1',
      ssrcCheck: 'latch',
      requestUriHost: 'domain',
    };
    expect(await json(api.send('PATCH', DEVICE_PATH, patch))).toMatchObject({
      settings: {
        name: 'Gate',
        mediaAddress: '10.0.0.1',
        ssrcCheck: 'latch',
        requestUriHost: 'domain',
        passwordSet: true,
      },
    });
    expect(api.platform.device(DEVICE)?.settings).toEqual({
      password: 'secret',
      name: 'Gate',
      mediaAddress: '10.0.0.1',
      ssrcCheck: 'latch',
      requestUriHost: 'domain',
    });
    expect(await json(api.send('PATCH', DEVICE_PATH, { password: null }))).toMatchObject({
      settings: { passwordSet: false },
    });
  });

  test.each([
    [{ mediaTransport: 'sctp' }],
    [{ requestUriHost: '192.0.2.1' }],
    [{ mediaAddress: 'not an address' }],
    [{ unknown: 1 }],
    [{ dateHeader: 'yes' }],
    [{ timeOffsetSec: 90_000 }],
    [{ timeOffsetSec: 0.5 }],
    [{ keepaliveTolerance: 0 }],
    [{ sipTransport: 'tls' }],
    [{ eventHeader: 'Catalog' }],
    [{ quirkProfile: 'nobody' }],
    ['[]'],
    ['"x"'],
  ])('patch refuses %j', async (body) => {
    expect((await api.send('PATCH', DEVICE_PATH, body)).status).toBe(400);
    expect(api.platform.device(DEVICE)?.settings).toEqual({ password: 'secret', mediaTransport: 'udp' });
  });

  test('settings in force, without the password', async () => {
    api.platform.addDevice(
      fakeDevice({ id: 'd', manufacturer: 'Dahua', settings: { password: 'secret', eventHeader: 'presence' } }),
    );
    const shown = await json(api.get('/api/v1/devices/d/settings'));
    expect(shown).toMatchObject({
      profile: 'dahua',
      own: { eventHeader: 'presence', passwordSet: true },
      byProfile: { subStreamDialect: 'streamprofile' },
      effective: { eventHeader: 'presence', subStreamDialect: 'streamprofile', keepaliveTolerance: 3 },
      source: { eventHeader: 'own', subStreamDialect: 'profile', keepaliveTolerance: 'platform' },
    });
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect((await api.get('/api/v1/devices/nobody/settings')).status).toBe(404);
  });

  test('admission', async () => {
    const path = `${DEVICE_PATH}/admission`;
    expect(await json(api.send('POST', path, { admission: 'denied' }))).toMatchObject({ admission: 'denied' });
    expect((await api.send('POST', path, { admission: 'perhaps' })).status).toBe(400);
  });

  test('only an offline device is forgotten', async () => {
    const response = await api.send('DELETE', DEVICE_PATH, undefined);
    expect([response.status, await response.json()]).toMatchObject([409, { error: { code: 'device_online' } }]);
    api.platform.changeDevice(DEVICE, { online: false });
    expect((await api.send('DELETE', DEVICE_PATH, undefined)).status).toBe(204);
    expect((await api.send('DELETE', DEVICE_PATH, undefined)).status).toBe(404);
  });

  test.each([
    ['POST', 'refresh-catalog', { sumNum: 1, received: 1, complete: true }],
    ['POST', 'refresh-info', { id: DEVICE, settings: { passwordSet: true } }],
    ['GET', 'status', { online: true, status: 'OK', deviceTime: '2026-01-01T00:00:00' }],
  ])('%s %s', async (method, action, expected) => {
    expect(await json(api.send(method, `${DEVICE_PATH}/${action}`, undefined))).toMatchObject(expected);
  });

  test.each([
    ['device_offline', 409],
    ['device_refused', 502],
    ['stream_limit', 503],
    ['device_no_response', 504],
    ['something_new', 500],
  ])('a device that fails with %s is %i', async (code, status) => {
    api.platform.failure = new FakeError(code, 'why');
    const response = await api.send('POST', `${DEVICE_PATH}/refresh-catalog`, undefined);
    expect([response.status, await response.json()]).toEqual([status, { error: { code, message: 'why' } }]);
  });

  test('a device that goes while it is asked has the one code for that', async () => {
    api.platform.failure = new FakeError('device_not_found', 'gone');
    const response = await api.send('POST', `${DEVICE_PATH}/refresh-info`, undefined);
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'device_unknown' } }]);
  });

  test('an unknown error stays inside', async () => {
    api.platform.failure = new TypeError('secret path /etc/x');
    const response = await api.send('POST', `${DEVICE_PATH}/refresh-info`, undefined);
    expect([response.status, await response.json()]).toEqual([
      500,
      { error: { code: 'internal_error', message: 'internal error' } },
    ]);
  });

  test.each([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/admission'],
    ['POST', '/refresh-catalog'],
    ['POST', '/refresh-info'],
    ['GET', '/status'],
    ['GET', '/channels'],
    ['GET', '/tree'],
    ['GET', '/channels/1'],
    ['POST', '/channels/1/ptz'],
    ['POST', '/channels/1/key-frame'],
  ])('%s of an unknown device%s is 404', async (method, rest) => {
    const body = { '/admission': { admission: 'denied' }, '/channels/1/ptz': { direction: 'up' } }[rest] ?? {};
    const response = await api.send(method, `/api/v1/devices/404${rest}`, method === 'GET' ? undefined : body);
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'device_unknown' } }]);
  });
});

describe('channels', () => {
  beforeEach(() => {
    api.platform.addDevice(fakeDevice({ id: 'nvr' }), [
      fakeChannel({ deviceId: 'nvr', id: 'a', name: 'Yard', parentId: 'g', status: 'OFF' }),
      fakeChannel({ deviceId: 'nvr', id: 'b', name: 'yard 2', parentId: 'nvr' }),
      fakeChannel({ deviceId: 'nvr', id: 'g', name: 'Group', parentId: 'nvr', kind: 'group' }),
    ]);
  });

  test.each([
    ['/api/v1/channels', [CHANNEL, 'a', 'b', 'g']],
    ['/api/v1/channels?deviceId=nvr', ['a', 'b', 'g']],
    ['/api/v1/channels?kind=group', ['g']],
    ['/api/v1/devices/nvr/channels?online=true', ['b', 'g']],
    ['/api/v1/devices/nvr/channels?search=YARD', ['a', 'b']],
    ['/api/v1/devices/nvr/channels?limit=1&page=2', ['b']],
  ])('%s', async (path, ids) => {
    const { items } = await json<{ items: { id: string }[] }>(api.get(path));
    expect(items.map(({ id }) => id)).toEqual(ids);
  });

  test('one channel, all fields', async () => {
    expect(await json(api.get(CHANNEL_PATH))).toEqual(fakeChannel());
    const response = await api.get(`${DEVICE_PATH}/channels/none`);
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'channel_unknown' } }]);
  });

  test('the tree', async () => {
    expect(await json(api.get('/api/v1/devices/nvr/tree'))).toMatchObject({
      deviceId: 'nvr',
      roots: [
        { channel: { id: 'b' }, children: [] },
        { channel: { id: 'g' }, children: [{ channel: { id: 'a' }, children: [] }] },
      ],
    });
  });

  test('a tree of 5000 levels is cut, nothing is lost', async () => {
    const chain = Array.from({ length: 5000 }, (_, i) =>
      fakeChannel({ deviceId: 'deep', id: `c${i}`, parentId: i === 0 ? 'deep' : `c${i - 1}` }),
    );
    api.platform.addDevice(fakeDevice({ id: 'deep' }), chain);
    const text = await (await api.get('/api/v1/devices/deep/tree')).text();
    expect(text.match(/"children":/g)).toHaveLength(5000);
  });

  test.each([
    [{ direction: 'up' }, 'A50F01080080003D'],
    [{ direction: 'zoomout', speed: 0, zoomSpeed: 15 }, 'A50F01200000F0C5'],
  ])('ptz %j', async (body, hex) => {
    const response = await api.send('POST', `${CHANNEL_PATH}/ptz`, body);
    expect([response.status, await response.json()]).toEqual([202, { sent: true, command: 'PTZCmd', outcome: 'sent' }]);
    expect(api.platform.calls).toEqual([['control', DEVICE, CHANNEL, { kind: 'ptz', hex }]]);
  });

  test.each([{}, { direction: 'sideways' }, { direction: 'up', speed: 256 }, { direction: 'up', zoomSpeed: 16 }])(
    'ptz refuses %j',
    async (body) => {
      expect((await api.send('POST', `${CHANNEL_PATH}/ptz`, body)).status).toBe(400);
      expect(api.platform.calls).toEqual([]);
    },
  );

  test('key frame; a device is its own channel', async () => {
    expect((await api.send('POST', `${CHANNEL_PATH}/key-frame`, undefined)).status).toBe(202);
    expect((await api.send('POST', `${DEVICE_PATH}/channels/${DEVICE}/key-frame`, undefined)).status).toBe(202);
    expect(api.platform.calls).toEqual([
      ['control', DEVICE, CHANNEL, { kind: 'key_frame' }],
      ['control', DEVICE, DEVICE, { kind: 'key_frame' }],
    ]);
  });
});

describe('plays', () => {
  test('open: the ticket', async () => {
    const response = await api.send('POST', '/api/v1/plays', { deviceId: DEVICE, channelId: CHANNEL, subStream: 1 });
    const name = `${DEVICE}_${CHANNEL}_1`;
    expect([response.status, await response.json()]).toMatchObject([
      201,
      {
        playId: 'p1',
        stream: `live/${name}`,
        url: `webrtc://${new URL(api.base).host}/live/${name}`,
        whepUrl: `/rtc/v1/whep/?app=live&stream=${name}`,
        snapshot: { name: `live/${name}`, subStream: 1 },
      },
    ]);
  });

  test('open: SIP status of a refusal', async () => {
    api.streams.failure = new FakeError('invite_rejected', 'busy', 486);
    const response = await api.send('POST', '/api/v1/plays', { deviceId: DEVICE, channelId: CHANNEL });
    expect([response.status, await response.json()]).toEqual([
      502,
      { error: { code: 'invite_rejected', message: 'busy', sipStatus: 486 } },
    ]);
  });

  test('list and timeline', async () => {
    api.streams.addPlay(fakePlay()).addPlay(fakePlay({ id: 'p2', channelId: 'other' }));
    expect(await json(api.get('/api/v1/plays'))).toMatchObject({ items: [{ id: 'p2' }, { id: 'p1' }] });
    expect(await json(api.get('/api/v1/plays?channelId=other'))).toMatchObject({ items: [{ id: 'p2' }] });
    expect(await json(api.get('/api/v1/plays?limit=1'))).toMatchObject({ items: [{ id: 'p2' }] });
    expect(await json(api.get('/api/v1/plays/p1'))).toEqual(fakePlay());
    const response = await api.get('/api/v1/plays/none');
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'play_unknown' } }]);
  });

  test('SIP messages as JSON and as text', async () => {
    const entry = {
      at: 1_700_000_000_000,
      direction: 'out' as const,
      protocol: 'udp' as const,
      local: '192.168.1.2:5060',
      remote: '192.168.1.64:5060',
      deviceId: DEVICE,
      callId: 'call-1',
      summary: 'INVITE sip:x',
      text: 'INVITE sip:x SIP/2.0\r\nCall-ID: call-1\r\n\r\n',
    };
    api.platform.traceEntries.push({ ...entry, callId: 'other' }, entry, { ...entry, direction: 'in', text: '200' });
    api.streams.addPlay(fakePlay());
    expect(await json(api.get('/api/v1/plays/p1/sip'))).toMatchObject({ items: [entry, { direction: 'in' }] });
    const text =
      '==> 2023-11-14T22:13:20.000Z UDP 192.168.1.64:5060\nINVITE sip:x SIP/2.0\nCall-ID: call-1\n\n' +
      '<-- 2023-11-14T22:13:20.000Z UDP 192.168.1.64:5060\n200\n';
    const byQuery = await api.get('/api/v1/plays/p1/sip?format=text');
    expect(byQuery.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await byQuery.text()).toBe(text);
    expect(await (await api.get('/api/v1/plays/p1/sip', { Accept: 'text/plain' })).text()).toBe(text);
    expect(await json(api.get(`${DEVICE_PATH}/sip?limit=2`))).toMatchObject({ items: [{}, {}] });
    api.platform.traceEntries.push({ ...entry, cutBytes: 12 });
    const cut = await api.get(`${DEVICE_PATH}/sip?limit=1&format=text`);
    expect(await cut.text()).toMatch(/call-1\n\[12 bytes more were not kept\]\n$/);
    const gb18030 = { ...entry, text: 'MESSAGE x SIP/2.0\r\n\r\n<Name>\u00d6\u00d0</Name>' };
    api.platform.traceEntries.push(gb18030);
    const latest = `${DEVICE_PATH}/sip?limit=1`;
    expect(await json(api.get(latest))).toMatchObject({
      items: [{ text: expect.stringContaining('<Name>中<') as string }],
    });
    const pcap = await api.get(`${latest}&format=pcap`);
    expect(pcap.headers.get('content-disposition')).toBe(`attachment; filename="sip-${DEVICE}.pcap"`);
    expect(Buffer.from(await pcap.arrayBuffer()).toString('latin1')).toContain(gb18030.text);
  });

  test('the trace is asked with every filter', async () => {
    const query = 'limit=5&method=invite&direction=in&text=a%20b&callId=c&since=7';
    await api.get(`${DEVICE_PATH}/sip?${query}`);
    const filter = { limit: 5, method: 'invite', direction: 'in', text: 'a b', callIds: ['c'], since: 7 };
    expect(api.platform.calls).toContainEqual(['trace', { ...filter, deviceId: DEVICE }]);
    api.streams.addPlay(fakePlay());
    expect(await json(api.get(`/api/v1/plays/p1/sip?callId=other`))).toEqual({ items: [] });
  });

  test.each(['limit=2001', 'format=xml', 'direction=up', 'method=A%20B', 'since=-1', `text=${'x'.repeat(129)}`])(
    'trace refuses %s',
    async (query) => expect((await api.get(`${DEVICE_PATH}/sip?${query}`)).status).toBe(400),
  );
});

describe('streams and viewers', () => {
  test('close a stream', async () => {
    api.streams.addStream(fakeStream());
    const close = () => api.send('POST', '/api/v1/streams/close', { stream: fakeStream().name });
    expect(await json(close())).toEqual({ closed: true });
    const again = await close();
    expect([again.status, await again.json()]).toMatchObject([404, { error: { code: 'stream_unknown' } }]);
  });

  test('first frame, then disconnect', async () => {
    api.streams.addStream(fakeStream({ viewers: [fakeViewer()] }));
    expect((await api.send('POST', '/api/v1/viewers/v1/first-frame', { afterMs: 321.5 })).status).toBe(204);
    expect(api.streams.calls).toContainEqual(['reportFirstFrame', 'v1', 321.5]);
    expect((await api.send('POST', '/api/v1/viewers/v1/first-frame', { afterMs: -1 })).status).toBe(400);
    expect((await api.send('POST', '/api/v1/viewers/v9/first-frame', { afterMs: 1 })).status).toBe(404);
    expect((await api.send('DELETE', '/api/v1/viewers/v1', undefined)).status).toBe(204);
    expect((await api.send('DELETE', '/api/v1/viewers/v1', undefined)).status).toBe(404);
  });
});

describe('system', () => {
  test('settings and connect-info', async () => {
    expect(await json(api.get('/api/v1/settings'))).toEqual({ http: { listen: 8025 } });
    expect(await json(api.get('/api/v1/connect-info'))).toEqual({
      serial: '34020000002000000001',
      realm: '3402000000',
      hosts: ['192.168.1.2'],
      port: 5060,
      transports: ['UDP', 'TCP'],
      authRequired: true,
      password: 'sip-secret',
      registerExpiresSec: 3600,
      keepaliveIntervalSec: 60,
    });
  });

  test('unknown path and wrong method', async () => {
    const missing = await api.get('/api/v1/nothing');
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: 'not_found' } }]);
    const wrong = await api.send('DELETE', '/api/v1/devices', undefined);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
  });
});
