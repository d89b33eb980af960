import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeFlow } from './testing/fake-engine.ts';
import {
  authorize,
  CAMERA_ID,
  DEVICE_ID,
  MemoryStore,
  openHarness,
  PASSWORD,
  SERIAL,
  type Harness,
  type HarnessOptions,
  type RegisterOptions,
} from './testing/harness.ts';

let open: Harness[] = [];
async function start(options?: HarnessOptions): Promise<Harness> {
  const harness = await openHarness(options);
  open.push(harness);
  return harness;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1, 2, 0, 0) });
});
afterEach(async () => {
  for (const harness of open) await harness.platform.close();
  open = [];
  vi.useRealTimers();
});

describe('registration', () => {
  test.each(['-1', '0', '', '65536', 'x'])(
    'quirk: port "%s" in Contact: requests go to where it came from',
    async (port) => {
      const harness = await start();
      const camera = harness.camera();
      const reply = camera.register({ headers: [['Contact', `<sip:${DEVICE_ID}@192.168.1.9:${port}>`]] });
      expect(reply.status).toBe(200);
      await harness.platform.ptz(DEVICE_ID, CAMERA_ID, { direction: 'stop', speed: 0 });
      expect(harness.engine.sent.at(-1)).toMatchObject({
        uri: `sip:${DEVICE_ID}@127.0.0.2:5060`,
        target: { remoteAddress: '127.0.0.2', remotePort: 5060 },
      });
    },
  );

  test('challenge, then 200 with Expires, Contact, Date in Beijing time and X-GB-ver', async () => {
    const harness = await start();
    const camera = harness.camera();
    const first = camera.send({ method: 'REGISTER', headers: [['Expires', '3600']] });
    expect(first.status).toBe(401);
    expect(first.header('WWW-Authenticate')).toMatch(
      /^Digest realm="3402000000",\s*nonce="[0-9a-f]+",\s*algorithm=MD5$/,
    );
    expect(first.header('X-GB-ver')).toBe('3.0');
    const reply = camera.register({
      headers: [
        ['User-Agent', 'IP Camera'],
        ['X-GB-Ver', '3.0'],
      ],
    });
    expect(reply.status).toBe(200);
    expect(['Expires', 'Contact', 'Date', 'X-GB-ver'].map((name) => reply.header(name))).toEqual([
      '3600',
      `<sip:${DEVICE_ID}@192.168.1.9:5060>`,
      '2026-03-01T10:00:00.000',
      '3.0',
    ]);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({
      online: true,
      admission: 'approved',
      sourceAddress: '127.0.0.2',
      sourcePort: 5060,
      protocol: 'udp',
      userAgent: 'IP Camera',
      gbVersion: '3.0',
      expiresSec: 3600,
      registeredAt: Date.now(),
    });
    expect(harness.events).toEqual([`online ${DEVICE_ID}`]);
  });

  const passwords: Array<{ name: string; own?: string; use: RegisterOptions; status: number }> = [
    { name: 'the shared password', use: {}, status: 200 },
    { name: 'a wrong password', use: { password: 'x' }, status: 403 },
    { name: 'an account name instead of the ID (Hikvision)', use: { username: 'admin' }, status: 200 },
    { name: 'its own password', own: 'own', use: { password: 'own' }, status: 200 },
    { name: 'the shared password where it has its own', own: 'own', use: {}, status: 403 },
  ];
  test.each(passwords)('with $name: $status', async ({ own, use, status }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    camera.register({ expires: 0 });
    if (own !== undefined) harness.platform.updateSettings(DEVICE_ID, { password: own });
    const reply = camera.register(use);
    expect([reply.status, reply.header('X-GB-ver')]).toEqual([status, '3.0']);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(status === 200);
  });

  test('a nonce that is too old gets a new challenge with stale, not 403', async () => {
    const harness = await start();
    const camera = harness.camera();
    const challenge = camera.send({ method: 'REGISTER', headers: [['Expires', '3600']] });
    vi.advanceTimersByTime(3_600_000);
    const reply = camera.answerChallenge(challenge);
    expect(reply.status).toBe(401);
    expect(reply.header('WWW-Authenticate')).toMatch(/stale="?true/);
    expect(camera.answerChallenge(reply).status).toBe(200);
  });

  test('an answer that somebody has overheard is good from the address of its device alone', async () => {
    const harness = await start();
    const camera = harness.camera();
    const thief = harness.camera(DEVICE_ID, fakeFlow('127.0.0.9'));
    const challenge = camera.send({ method: 'REGISTER', headers: [['Expires', '3600']] });
    expect(thief.answerChallenge(challenge).status).toBe(401);
    expect(camera.answerChallenge(challenge).status).toBe(200);
    for (const expires of [3600, 0]) expect(thief.answerChallenge(challenge, { expires }).status).toBe(401);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: true, sourceAddress: '127.0.0.2' });
  });

  test.each([
    { name: 'of another scheme', value: 'Capability algorithm="A:SM2;H:SM3"' },
    {
      name: 'with a foreign nonce',
      value: authorize('Digest realm="3402000000", nonce="abc"', { username: 'u', password: PASSWORD }),
    },
    {
      name: 'for another realm',
      value: authorize('Digest realm="hik", nonce="abc"', { username: 'u', password: PASSWORD }),
    },
    { name: 'that is garbage', value: 'Digest ,,,=' },
  ])('an Authorization $name is challenged again', async ({ value }) => {
    const harness = await start();
    const reply = harness.camera().send({ method: 'REGISTER', headers: [['Authorization', value]] });
    expect(reply.status).toBe(401);
    expect(harness.platform.devices()).toEqual([]);
  });

  test('without authentication 200 at once, but a device with its own password is still asked', async () => {
    const harness = await start({ auth: { enable: false, password: '', algorithms: ['MD5'] } });
    const camera = harness.camera();
    const plain = { method: 'REGISTER', headers: [['Expires', '3600'] as const] };
    expect(camera.send(plain).status).toBe(200);
    harness.platform.updateSettings(DEVICE_ID, { password: 'own' });
    expect(camera.send(plain).status).toBe(401);
    expect(camera.register({ password: 'own' }).status).toBe(200);
  });

  test('both algorithms are offered and SHA-256 is accepted', async () => {
    const harness = await start({ auth: { enable: true, password: PASSWORD, algorithms: ['SHA-256', 'MD5'] } });
    expect(harness.camera().register().status).toBe(200);
  });

  test('a refresh keeps it online without asking it everything again', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    await vi.advanceTimersByTimeAsync(30_000);
    const asked = harness.engine.sent.length;
    expect(asked).toBeGreaterThan(0);
    camera.register();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(harness.engine.sent.length).toBe(asked);
    expect(harness.events).toEqual([`online ${DEVICE_ID}`]);
  });

  const expiries: Array<{ name: string; options: RegisterOptions; granted: number }> = [
    { name: 'quirk: REGISTER without Expires', options: { expires: null }, granted: 3600 },
    {
      name: 'quirk: expiry only in the Contact',
      options: { expires: null, headers: [['Contact', '<sip:x@192.0.2.1>;expires=1800']] },
      granted: 1800,
    },
    { name: 'an Expires that is no number', options: { expires: 'soon' }, granted: 3600 },
    { name: 'an Expires of a second', options: { expires: 1 }, granted: 30 },
    { name: 'an Expires of a century', options: { expires: 3_153_600_000 }, granted: 604_800 },
    { name: 'an Expires with blanks', options: { expires: '  7200 ' }, granted: 7200 },
  ];
  test.each(expiries)('$name: $granted s granted', async ({ options, granted }) => {
    const harness = await start();
    const reply = harness.camera().register(options);
    expect([reply.status, reply.header('Expires')]).toEqual([200, String(granted)]);
    expect(harness.platform.device(DEVICE_ID)?.expiresSec).toBe(granted);
  });

  test.each([
    { name: 'Expires: 0', options: { expires: 0 } },
    { name: 'Contact with expires=0', options: { headers: [['Contact', '<sip:x@192.0.2.1>;expires=0']] as const } },
    { name: 'Contact: *', options: { expires: null, headers: [['Contact', '*']] as const } },
  ])('$name unregisters, with a challenge', async ({ options }) => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    expect(camera.register({ ...options, password: 'wrong' }).status).toBe(403);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
    expect(camera.register(options).status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'unregistered' });
    expect(camera.keepalive().status).toBe(403);
  });

  test('an unknown device that unregisters is not stored', async () => {
    const harness = await start();
    expect(harness.camera().register({ expires: 0 }).status).toBe(200);
    expect(harness.platform.devices()).toEqual([]);
  });

  test('quirk: Date is local time, and can be turned off for all and for one', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    harness.platform.updateSettings(DEVICE_ID, { dateHeader: false });
    expect(camera.register().header('Date')).toBeUndefined();
    const without = await start({ dateHeader: false });
    const other = without.camera();
    expect(other.register().header('Date')).toBeUndefined();
    without.platform.updateSettings(DEVICE_ID, { dateHeader: true });
    expect(other.register().header('Date')).toBe('2026-03-01T10:00:00.000');
  });

  test('Path is copied into the answer for an edge proxy', async () => {
    const harness = await start();
    expect(
      harness
        .camera()
        .register({ headers: [['Path', '<sip:edge.example;lr>']] })
        .header('Path'),
    ).toBe('<sip:edge.example;lr>');
  });
});

describe('quirk: registration', () => {
  test('quirk: same ID, new IP is a move when the digest is right', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    camera.flow = fakeFlow('127.0.0.77', { remotePort: 7060, protocol: 'tcp' });
    expect(camera.register({ password: 'x' }).status).toBe(403);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ sourceAddress: '127.0.0.2', protocol: 'udp' });
    expect(camera.register().status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({
      sourceAddress: '127.0.0.77',
      sourcePort: 7060,
      protocol: 'tcp',
    });
    expect(harness.platform.devices()).toHaveLength(1);
  });

  test('quirk: a TCP connection for each REGISTER: the end of an old one changes nothing', async () => {
    const harness = await start();
    const camera = harness.camera();
    const connections = [1, 2, 3].map((id) => fakeFlow('127.0.0.2', { protocol: 'tcp', remotePort: 40_000 + id }));
    for (const [index, connection] of connections.entries()) {
      camera.flow = connection;
      expect(camera.register().status).toBe(200);
      const previous = connections[index - 1];
      if (previous !== undefined) harness.engine.options.onFlowClosed?.(previous);
      expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
    }
    await harness.platform.ptz(DEVICE_ID, CAMERA_ID, { direction: 'stop', speed: 0 });
    expect(harness.engine.sent.at(-1)?.target).toMatchObject({ remotePort: 40_003 });
    harness.engine.options.onFlowClosed?.(camera.flow);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'tcp_closed' });
  });

  test('quirk: a REGISTER flood over connections that come and go is one source', async () => {
    const harness = await start({ registerRatePerMinute: 6 });
    const statuses = Array.from({ length: 8 }, (_, index) => {
      const connection = fakeFlow('127.0.0.2', { protocol: 'tcp', remotePort: 41_000 + index });
      const { status } = harness.camera(DEVICE_ID, connection).send({ method: 'REGISTER' });
      harness.engine.options.onFlowClosed?.(connection);
      return status;
    });
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 503, 503]);
  });

  test('a REGISTER flood from all addresses of an IPv6 network is one source, another network is not', async () => {
    const harness = await start({ registerRatePerMinute: 2 });
    const status = (address: string): number | undefined =>
      harness.camera(DEVICE_ID, fakeFlow(address)).send({ method: 'REGISTER' }).status;
    const flood = ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:3::1'].map(status);
    expect([...flood, status('2001:db8:1:3::1')]).toEqual([401, 401, 503, 401]);
  });

  test('quirk: the source port rotates per REGISTER: keyed on the ID, sent to the last port', async () => {
    const harness = await start();
    const camera = harness.camera();
    for (const remotePort of [5060, 41_000, 42_000]) {
      camera.flow = fakeFlow('127.0.0.2', { remotePort });
      expect(camera.register().status).toBe(200);
    }
    expect(harness.platform.devices()).toHaveLength(1);
    harness.engine.sent.length = 0;
    await harness.platform.ptz(DEVICE_ID, CAMERA_ID, { direction: 'stop', speed: 0 });
    expect(harness.engine.sent[0]).toMatchObject({
      target: { remotePort: 42_000 },
      uri: `sip:${DEVICE_ID}@127.0.0.2:42000`,
    });
  });

  test("quirk: devices that register with the platform's own ID are told apart by address", async () => {
    const harness = await start();
    const one = harness.camera(SERIAL, fakeFlow('127.0.0.21'));
    const two = harness.camera(SERIAL, fakeFlow('::21'));
    expect([one.register().status, two.register().status]).toEqual([200, 200]);
    const ids = harness.platform.devices().map((device) => device.id);
    expect(ids).toEqual([`${SERIAL}-127.0.0.21`, `${SERIAL}-..21`]);
    expect([one.keepalive().status, two.keepalive().status]).toEqual([200, 200]);
    harness.engine.sent.length = 0;
    await harness.platform.ptz(ids[0]!, CAMERA_ID, { direction: 'up', speed: 1 });
    expect(harness.engine.sent[0]?.to).toBe(`sip:${SERIAL}@3402000000`);
  });

  test('quirk: Route header in REGISTER is tolerated', async () => {
    const harness = await start();
    expect(harness.camera().register({ headers: [['Route', `<sip:${SERIAL}@127.0.0.1:5060;lr>`]] }).status).toBe(200);
  });

  test.each([
    { from: '<sip:127.0.0.2:5060>;tag=1', status: 400 },
    { from: '<sip:>;tag=1', status: 400 },
    { from: '<tel:110>;tag=1', status: 400 },
    { from: `<sip:${'9'.repeat(33)}@x>;tag=1`, status: 400 },
    { from: '"  " <sip:@>;tag=1', status: 400 },
    { from: `sip:${DEVICE_ID}@34020000.spvmn.cn;tag=1`, status: 401 },
  ])('quirk: From $from is answered $status', async ({ from, status }) => {
    const harness = await start();
    expect(harness.camera().send({ method: 'REGISTER', from }).status).toBe(status);
    expect(harness.camera().send({ method: 'MESSAGE', from }).status).toBe(404);
  });

  test.each(['110', '340200001180000001', 'camera-7', '34020000001320000001'])(
    'quirk: unusual ID %s registers',
    async (id) => {
      const harness = await start();
      expect(harness.camera(id).register().status).toBe(200);
      expect(harness.platform.device(id)?.online).toBe(true);
    },
  );

  test('quirk: REGISTER flood from one source gets 503 with Retry-After, another source not', async () => {
    const harness = await start({ registerRatePerMinute: 4 });
    const camera = harness.camera();
    expect([camera.register().status, camera.register().status]).toEqual([200, 200]);
    vi.advanceTimersByTime(20_000);
    const refused = camera.register();
    expect([refused.status, refused.header('Retry-After'), refused.header('X-GB-ver')]).toEqual([503, '40', '3.0']);
    expect(harness.camera('2', fakeFlow('127.0.0.3')).register().status).toBe(200);
    vi.advanceTimersByTime(40_000);
    expect(camera.register().status).toBe(200);
  });
});

describe('admission and access', () => {
  test('approve: a new device is listed as pending and gets 403 until it is approved', async () => {
    const harness = await start({ admission: 'approve' });
    const camera = harness.camera();
    expect(camera.register({ password: 'x' }).status).toBe(403);
    expect(harness.platform.devices()).toEqual([]);
    expect(camera.register().status).toBe(403);
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({
      admission: 'pending',
      online: false,
      sourceAddress: '127.0.0.2',
    });
    expect(harness.store.devices.get(DEVICE_ID)?.admission).toBe('pending');
    expect(camera.keepalive().status).toBe(403);
    harness.platform.setAdmission(DEVICE_ID, 'approved');
    expect(camera.register().status).toBe(200);
    expect(harness.platform.device(DEVICE_ID)?.online).toBe(true);
  });

  test('denied: offline at once, and refused without a challenge', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    harness.platform.setAdmission(DEVICE_ID, 'denied');
    expect(harness.platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'not_admitted' });
    expect(camera.send({ method: 'REGISTER' }).status).toBe(403);
    expect(camera.keepalive().status).toBe(403);
  });

  test('devices nobody approved are bounded', async () => {
    const harness = await start({ admission: 'approve', auth: { enable: false, password: '', algorithms: ['MD5'] } });
    const statuses = new Set<number>();
    for (let index = 0; index < 5_001; index += 1) statuses.add(harness.camera(`d${index}`).register().status);
    expect([...statuses]).toEqual([403, 503]);
    expect(harness.platform.devices()).toHaveLength(5_000);
  });

  test.each([
    { name: 'denied address', options: { deny: ['127.0.0.2'] }, address: '127.0.0.2', status: 403 },
    { name: 'denied block', options: { deny: ['127.0.0.0/30'] }, address: '::ffff:127.0.0.2', status: 403 },
    { name: 'outside of the denied block', options: { deny: ['127.0.0.0/30'] }, address: '127.0.0.9', status: 200 },
    { name: 'not in the allow list', options: { allow: ['10.0.0.0/8'] }, address: '127.0.0.2', status: 403 },
    { name: 'in the allow list', options: { allow: ['10.0.0.0/8', '127.0.0.2'] }, address: '127.0.0.2', status: 200 },
    { name: 'IPv6 block', options: { allow: ['fd00::/8'] }, address: 'fd00::5', status: 200 },
    {
      name: 'deny before allow',
      options: { allow: ['127.0.0.2'], deny: ['127.0.0.2'] },
      address: '127.0.0.2',
      status: 403,
    },
  ])('$name: $status', async ({ options, address, status }) => {
    const harness = await start(options);
    const camera = harness.camera(DEVICE_ID, fakeFlow(address));
    expect(camera.register().status).toBe(status);
    expect(camera.send({ method: 'OPTIONS' }).status).toBe(status);
  });
});

describe('what is kept', () => {
  test('settings, admission and learned transport survive a restart; the device is offline until it registers', async () => {
    const store = new MemoryStore();
    const first = await start({ store });
    first.camera().register();
    first.platform.updateSettings(DEVICE_ID, { name: '大门', password: PASSWORD, mediaAddress: '127.0.0.5' });
    first.platform.rememberTransport(DEVICE_ID, 'udp');
    expect(first.platform.device(DEVICE_ID)).toMatchObject({ name: '大门' });
    await first.platform.close();
    const second = await start({ store });
    expect(second.platform.device(DEVICE_ID)).toMatchObject({
      online: false,
      offlineReason: 'restarted',
      name: '大门',
      learnedTransport: 'udp',
      settings: { mediaAddress: '127.0.0.5' },
    });
    const camera = second.camera();
    expect(camera.keepalive().status).toBe(403);
    expect(camera.register().status).toBe(200);
    expect(second.events).toEqual([`online ${DEVICE_ID}`]);
    // The operator's name hides the reported one only while it is there.
    expect(second.platform.updateSettings(DEVICE_ID, {}).name).toBe('');
  });

  test('only an offline device is removed', async () => {
    const harness = await start();
    const camera = harness.camera();
    camera.register();
    expect(harness.platform.removeDevice(DEVICE_ID)).toBe(false);
    camera.register({ expires: 0 });
    expect(harness.platform.removeDevice(DEVICE_ID)).toBe(true);
    expect(harness.platform.removeDevice(DEVICE_ID)).toBe(false);
    expect([harness.platform.devices(), harness.store.devices.size]).toEqual([[], 0]);
    expect(harness.events.at(-1)).toBe(`removed ${DEVICE_ID}`);
    expect(camera.keepalive().status).toBe(404);
  });

  test('operations on an unknown device name it', async () => {
    const { platform } = await start();
    expect(() => platform.updateSettings('9', {})).toThrow(/device 9 is not known/);
    expect(() => platform.setAdmission('9', 'denied')).toThrow(/device 9 is not known/);
    await expect(platform.refreshInfo('9')).rejects.toMatchObject({ code: 'device_offline' });
  });
});
