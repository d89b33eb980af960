import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { silentLogger } from '../../util/index.ts';
import { createIce } from './index.ts';
import type { Ice, IceDownReason, IceOptions, IceServer } from './types.ts';

const OPTIONS: IceOptions = {
  servers: [],
  keepLiveTimeoutMs: 30_000,
  sharedSecret: '',
  credentialLifetimeMs: 3_600_000,
  geoDatabase: '',
  transportPolicy: 'all',
  registrationToken: 'let me in',
  open: false,
  maxMessageBytes: 10_000,
  messageRate: 200,
};
const AGENT = { address: '192.0.2.200', token: 'let me in' };
/** Seed 002 §6.25, with the values of its §6.3. */
const REGISTER = {
  cmd: 'iceRegister',
  ip: '129.204.197.215',
  iceType: 'turn',
  bundlePolicy: 'max-bundle',
  rtcpMuxPolicy: 'require',
  iceTransportPolicy: 'all',
  turnPort: 3478,
  stunPort: 3478,
  maxBandwidth: 1000,
  username: 'lqf',
  credential: '123456',
};
const CONFIGURED: IceServer = {
  ip: '203.0.113.7',
  iceType: '',
  bundlePolicy: 'max-bundle',
  rtcpMuxPolicy: 'require',
  iceTransportPolicy: 'all',
  turnPort: 3478,
  stunPort: 3478,
  maxBandwidth: 1000,
  username: 'fixed',
  credential: 'word',
  country: '',
};
const AUDIO = [0, 0] as const;
const AUDIO_VIDEO = [1, 1] as const;

const opened: Ice[] = [];
async function open(options: Partial<IceOptions> = {}): Promise<Ice> {
  const ice = await createIce({ ...OPTIONS, ...options }, silentLogger);
  opened.push(ice);
  return ice;
}

function register(ice: Ice, fields: Record<string, unknown> = {}): string {
  return ice.handle({ ...REGISTER, ...fields }, AGENT);
}

function report(ice: Ice, ip: string, txRate: number): string {
  return ice.handle({ cmd: 'iceReportRxTxRate', ip, rxRate: 1, txRate }, AGENT);
}

/** Address of the server that a pair gets, with what it does. */
function chosen(ice: Ice, talkTypes: readonly [number, number] = AUDIO_VIDEO, addresses = ['a', 'b']): string {
  const { iceIp, relays } = ice.rtcConfigFor({ addresses: addresses as [string, string], talkTypes, user: 'u' });
  return relays ? iceIp : `${iceIp} without relay`;
}

beforeEach(() => void vi.useFakeTimers({ now: 1_764_327_600_000 }));
afterEach(() => {
  for (const ice of opened.splice(0)) ice.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('rtcConfig', () => {
  test('is that of seed 002 §6.3, byte for byte', async () => {
    const ice = await open();
    expect(register(ice)).toBe('successful');
    const { config, iceIp } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO_VIDEO, user: 'x' });
    expect(iceIp).toBe('129.204.197.215');
    expect(JSON.stringify(config)).toBe(
      '{"bundlePolicy":"max-bundle","iceServers":[{"credential":"123456","urls":["turn:129.204.197.215:3478?transport=udp",' +
        '"turn:129.204.197.215:3478?transport=tcp"],"username":"lqf"},{"credential":"","urls":["stun:129.204.197.215:3478"],' +
        '"username":""}],"iceTransportPolicy":"all","rtcpMuxPolicy":"require"}',
    );
  });

  test('has no server where none lives, and is still one', async () => {
    const ice = await open();
    expect(ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' })).toEqual({
      config: { bundlePolicy: 'max-bundle', iceServers: [], iceTransportPolicy: 'all', rtcpMuxPolicy: 'require' },
      iceIp: '',
      relays: false,
    });
    expect(ice.serverFor('192.0.2.1')).toBe('');
  });

  test('keeps the policies that a server registers', async () => {
    const ice = await open();
    register(ice, { bundlePolicy: 'balanced', rtcpMuxPolicy: 'negotiate', iceTransportPolicy: 'relay' });
    expect(ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' }).config).toMatchObject({
      bundlePolicy: 'balanced',
      rtcpMuxPolicy: 'negotiate',
      iceTransportPolicy: 'relay',
    });
  });

  test('is relay only where the configuration says so', async () => {
    const ice = await open({ transportPolicy: 'relay', servers: [CONFIGURED] });
    const { config } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' });
    expect(config.iceTransportPolicy).toBe('relay');
  });

  test('has an account that expires where a server has none of its own', async () => {
    const ice = await open({ sharedSecret: 'north' });
    register(ice, { username: '', credential: '' });
    const { config } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'alice' });
    // 2025-11-28T11:00:00Z and an hour; vector of turn-account.test.ts.
    expect(config.iceServers[0]).toMatchObject({
      username: '1764331200:alice',
      credential: '23SRHBmtCMytnCjJ+6yM97E9JTI=',
    });
  });

  test.each([
    ['2001:db8::7', 'turn:[2001:db8::7]:3478?transport=udp', 'stun:[2001:db8::7]:3478'],
    ['TURN.example.org', 'turn:turn.example.org:3478?transport=udp', 'stun:turn.example.org:3478'],
  ])('has URIs for %s', async (ip, turn, stun) => {
    const ice = await open();
    register(ice, { ip });
    const { config } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' });
    expect(config.iceServers.map(({ urls }) => urls[0])).toEqual([turn, stun]);
  });

  test.each([
    ['no account', { username: '', credential: '' }, ['stun:']],
    ['no TURN port', { turnPort: 0 }, ['stun:']],
    ['no STUN port', { stunPort: 0 }, ['turn:']],
  ])('leaves out what a server with %s cannot do', async (_name, fields, schemes) => {
    const ice = await open();
    register(ice, fields);
    const { config } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' });
    expect(config.iceServers.map(({ urls }) => urls[0]?.slice(0, 5))).toEqual(schemes);
  });
});

describe('choice by load', () => {
  test.each<[string, readonly [number, number], Array<[ip: string, max: number, tx: number]>, string]>([
    [
      'the least loaded part',
      AUDIO_VIDEO,
      [
        ['192.0.2.1', 10_000, 5000],
        ['192.0.2.2', 2000, 500],
      ],
      '192.0.2.2',
    ],
    [
      'the first of equals',
      AUDIO_VIDEO,
      [
        ['192.0.2.1', 1000, 0],
        ['192.0.2.2', 1000, 0],
      ],
      '192.0.2.1',
    ],
    [
      '400 kbit/s must fit',
      AUDIO_VIDEO,
      [
        ['192.0.2.1', 1000, 600],
        ['192.0.2.2', 10_000, 9000],
      ],
      '192.0.2.2',
    ],
    ['with some to spare', AUDIO_VIDEO, [['192.0.2.1', 1000, 599]], '192.0.2.1'],
    ['80 kbit/s of two voices', AUDIO, [['192.0.2.1', 1000, 919]], '192.0.2.1'],
    ['80 and none to spare', AUDIO, [['192.0.2.1', 1000, 920]], '192.0.2.1 without relay'],
    ['240 of one picture', [1, 0], [['192.0.2.1', 1000, 759]], '192.0.2.1'],
    ['240 and none to spare', [0, 2], [['192.0.2.1', 1000, 760]], '192.0.2.1 without relay'],
    ['nothing to send', [3, 3], [['192.0.2.1', 1000, 999]], '192.0.2.1'],
    ['a talk type that is none', [99, -1], [['192.0.2.1', 1000, 999]], '192.0.2.1'],
    ['no bandwidth at all', AUDIO, [['192.0.2.1', 0, 0]], '192.0.2.1 without relay'],
  ])('%s', async (_name, talkTypes, servers, expected) => {
    const ice = await open();
    for (const [ip, maxBandwidth, txRate] of servers) {
      register(ice, { ip, maxBandwidth });
      report(ice, ip, txRate);
    }
    expect(chosen(ice, talkTypes)).toBe(expected);
  });

  test('a burst between two reports fills servers evenly, and none over', async () => {
    const ice = await open();
    register(ice, { ip: '192.0.2.1', maxBandwidth: 1201 });
    register(ice, { ip: '192.0.2.2', maxBandwidth: 801 });
    const got = Array.from({ length: 6 }, () => chosen(ice));
    expect(got.filter((ip) => ip === '192.0.2.1')).toHaveLength(3);
    expect(got.filter((ip) => ip === '192.0.2.2')).toHaveLength(2);
    expect(got.at(-1)).toMatch(/without relay/);
    expect(ice.servers()).toMatchObject([
      { reserved: 1200, handedOut: 3 },
      { reserved: 800, handedOut: 3 },
    ]);
  });

  test('what was handed out just before a report counts until the next', async () => {
    const ice = await open();
    register(ice, { maxBandwidth: 1000 });
    expect([chosen(ice), chosen(ice)]).toEqual([REGISTER.ip, REGISTER.ip]);
    report(ice, REGISTER.ip, 0);
    expect(chosen(ice)).toMatch(/without relay/);
    report(ice, REGISTER.ip, 0);
    expect(chosen(ice)).toBe(REGISTER.ip);
  });

  test('a configured server without reports forgets what was handed out long ago', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    expect([chosen(ice), chosen(ice), chosen(ice)].at(-1)).toMatch(/without relay/);
    vi.advanceTimersByTime(31_000);
    expect(chosen(ice)).toMatch(/without relay/);
    vi.advanceTimersByTime(31_000);
    expect(chosen(ice)).toBe(CONFIGURED.ip);
    vi.advanceTimersByTime(61_000);
    expect(ice.servers()).toMatchObject([{ reserved: 0, txRate: 0, heardAt: undefined, configured: true }]);
  });

  test('a rate that nobody reports any more is forgotten', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    expect(report(ice, CONFIGURED.ip, 900)).toBe('successful');
    expect(chosen(ice)).toMatch(/without relay/);
    vi.advanceTimersByTime(30_001);
    expect(chosen(ice)).toBe(CONFIGURED.ip);
  });
});

describe('choice by subnet', () => {
  test.each([
    ['of both', ['10.1.0.9', '10.1.0.10'], '10.1.0.1'],
    ['of one of them', ['10.2.0.9', '198.51.100.1'], '10.2.0.1'],
    ['of neither: by load', ['198.51.100.1', '198.51.100.2'], '10.3.0.1'],
    ['as IPv4-mapped addresses', ['::ffff:10.2.0.9', '::ffff:10.2.0.10'], '10.2.0.1'],
    ['of two families', ['2001:db8:9::9', '10.1.0.10'], '10.1.0.1'],
    ['of IPv4, from afar', ['192.0.2.9', '192.0.2.9'], '10.3.0.1'],
    ['of IPv6, from afar', ['2003:db8::9', '2003:db8::9'], '2001:db8::1'],
    ['of IPv6', ['2001:db8::9', '2001:db8::a'], '2001:db8::1'],
    ['that is none', ['', 'nonsense'], '10.3.0.1'],
  ])('%s', async (_name, addresses, expected) => {
    const ice = await open();
    for (const ip of ['10.1.0.1', '10.2.0.1', '10.3.0.1', '2001:db8::1']) {
      register(ice, { ip, maxBandwidth: 10_000 });
      report(ice, ip, ip === '10.3.0.1' ? 0 : 1000);
    }
    expect(chosen(ice, AUDIO_VIDEO, addresses)).toBe(expected);
  });

  test('a full one gives way to the next', async () => {
    const ice = await open();
    register(ice, { ip: '10.1.0.1', maxBandwidth: 100 });
    register(ice, { ip: '10.2.0.1' });
    expect(chosen(ice, AUDIO_VIDEO, ['10.1.0.9', '10.1.0.9'])).toBe('10.2.0.1');
  });

  test('says for one user where it would be', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    register(ice, { ip: '2001:db8::1', turnPort: 0, stunPort: 3479 });
    expect(ice.serverFor('2001:db8::9')).toBe('[2001:db8::1]:3479');
    expect(ice.serverFor('203.0.113.9')).toBe('203.0.113.7:3478');
  });
});

describe('the list', () => {
  test('a registered server leaves when it has been silent for the time, and comes back', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    const heard: string[] = [];
    ice.on('up', (ip) => heard.push(`up ${ip}`));
    ice.on('down', (ip, reason) => heard.push(`down ${ip} ${reason}`));
    register(ice, { ip: '192.0.2.1' });
    vi.advanceTimersByTime(29_999);
    expect(report(ice, '192.0.2.1', 5)).toBe('successful');
    vi.advanceTimersByTime(29_999);
    expect(ice.servers().map(({ ip }) => ip)).toEqual([CONFIGURED.ip, '192.0.2.1']);
    vi.advanceTimersByTime(1);
    expect(ice.servers().map(({ ip }) => ip)).toEqual([CONFIGURED.ip]);
    expect(report(ice, '192.0.2.1', 5)).toBe('ice_no_found');
    expect(register(ice, { ip: '192.0.2.1' })).toBe('successful');
    expect(heard).toEqual(['up 192.0.2.1', 'down 192.0.2.1 silent', 'up 192.0.2.1']);
  });

  test('a registration again takes the new values and counts as a sign of life', async () => {
    const ice = await open();
    register(ice);
    vi.advanceTimersByTime(29_999);
    expect(register(ice, { username: 'new', maxBandwidth: 7 })).toBe('ice_have_registered');
    vi.advanceTimersByTime(29_999);
    expect(ice.servers()).toMatchObject([{ ip: REGISTER.ip, maxBandwidth: 7 }]);
  });

  test.each<[Record<string, unknown>, IceDownReason]>([
    [{}, 'deregistered'],
    [{ reason: 'failed' }, 'failed'],
  ])('iceDeregister %j', async (fields, reason) => {
    const ice = await open();
    register(ice);
    const down = vi.fn();
    ice.on('down', down);
    const message = { cmd: 'iceDeregister', ip: REGISTER.ip, ...fields };
    expect(ice.handle(message, AGENT)).toBe('successful');
    expect(down.mock.calls).toEqual([[REGISTER.ip, reason]]);
    expect(ice.servers()).toEqual([]);
    expect(ice.handle(message, AGENT)).toBe('ice_no_found');
  });

  test('a server of the configuration stays as it is', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    expect(register(ice, { ip: CONFIGURED.ip, username: 'other' })).toBe('ice_have_registered');
    expect(ice.handle({ cmd: 'iceDeregister', ip: CONFIGURED.ip }, AGENT)).toBe('successful');
    vi.advanceTimersByTime(3_600_000);
    const { config } = ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' });
    expect(config.iceServers[0]?.username).toBe('fixed');
  });

  test.each<[string, (ice: Ice) => string]>([
    ['registers', (ice) => register(ice, { ip: CONFIGURED.ip })],
    ['reports', (ice) => report(ice, CONFIGURED.ip, 5)],
  ])('one of the configuration that has failed is handed out to nobody until its agent %s', async (_how, back) => {
    const ice = await open({ servers: [CONFIGURED] });
    const heard: string[] = [];
    ice.on('up', (ip) => heard.push(`up ${ip}`));
    ice.on('down', (ip, reason) => heard.push(`down ${ip} ${reason}`));
    const failed = { cmd: 'iceDeregister', ip: CONFIGURED.ip, reason: 'failed' };
    expect([ice.handle(failed, AGENT), ice.handle(failed, AGENT)]).toEqual(['successful', 'successful']);
    expect([chosen(ice), ice.serverFor('203.0.113.9'), ice.servers()]).toEqual([' without relay', '', []]);
    back(ice);
    expect([chosen(ice), ice.servers().length]).toEqual([CONFIGURED.ip, 1]);
    expect(heard).toEqual([`down ${CONFIGURED.ip} failed`, `up ${CONFIGURED.ip}`]);
  });

  test('holds 1000 registered servers', async () => {
    const ice = await open({ servers: [CONFIGURED] });
    for (let number = 0; number < 1000; number++) {
      expect(register(ice, { ip: `10.0.${number >> 8}.${number & 255}` })).toBe('successful');
    }
    expect(register(ice, { ip: '10.9.9.9' })).toBe('ice_full_loading');
    expect(register(ice, { ip: '10.0.0.0' })).toBe('ice_have_registered');
    expect(ice.servers()).toHaveLength(1001);
  });

  test('a listener that throws does not reach who registers', async () => {
    const ice = await open();
    ice.on('up', () => {
      throw new Error('listener');
    });
    expect(register(ice)).toBe('successful');
  });
});

describe('commands', () => {
  test.each([
    ['with the token', { configured: 'let me in', token: 'let me in', open: false }, 'successful'],
    ['with another', { configured: 'let me in', token: 'let me out', open: false }, 'ice_not_allowed'],
    ['with a longer one', { configured: 'let me in', token: 'let me in!', open: false }, 'ice_not_allowed'],
    ['with none', { configured: 'let me in', token: undefined, open: false }, 'ice_not_allowed'],
    [
      'with none, though others need no login',
      { configured: 'let me in', token: undefined, open: true },
      'ice_not_allowed',
    ],
    ['where none is configured', { configured: '', token: undefined, open: false }, 'ice_not_allowed'],
    ['with an empty one where none is configured', { configured: '', token: '', open: false }, 'ice_not_allowed'],
    ['where nobody needs a login', { configured: '', token: undefined, open: true }, 'successful'],
  ])('%s', async (_name, { configured, token, open: isOpen }, answer) => {
    const ice = await open({ registrationToken: configured, open: isOpen });
    const caller = { address: '127.0.0.1', token };
    expect(ice.handle(REGISTER, caller)).toBe(answer);
    expect(ice.servers()).toHaveLength(answer === 'successful' ? 1 : 0);
  });

  test('nobody without the token takes a server out or says its rate', async () => {
    const ice = await open();
    register(ice);
    for (const message of [
      { cmd: 'iceDeregister', ip: REGISTER.ip },
      { cmd: 'iceReportRxTxRate', ip: REGISTER.ip, rxRate: 1, txRate: 1 },
    ]) {
      expect(ice.handle(message, { address: '192.0.2.9', token: undefined })).toBe('ice_not_allowed');
    }
    expect(ice.servers()).toMatchObject([{ ip: REGISTER.ip, txRate: 0 }]);
  });

  const malformed: Array<[string, unknown]> = [
    ...[
      'x y',
      '',
      'a/b',
      '1.2.3.4:5',
      '-a.example',
      'a..b',
      '999.1.1.1',
      '1234',
      '[::1]',
      'a'.repeat(300),
      5,
      null,
    ].map((ip): [string, unknown] => [`ip ${JSON.stringify(ip)}`, { ...REGISTER, ip }]),
    ...Object.keys(REGISTER)
      .filter((key) => key !== 'cmd')
      .flatMap((key) =>
        [[], {}, true, null].map((value): [string, unknown] => [
          `${key} ${JSON.stringify(value)}`,
          { ...REGISTER, [key]: value },
        ]),
      ),
    ['turnPort 65536', { ...REGISTER, turnPort: 65_536 }],
    ['turnPort -1', { ...REGISTER, turnPort: -1 }],
    ['turnPort 1.5', { ...REGISTER, turnPort: 1.5 }],
    ['turnPort "3478"', { ...REGISTER, turnPort: '3478' }],
    ['maxBandwidth 1e300', { ...REGISTER, maxBandwidth: 1e300 }],
    ['bundlePolicy of nobody', { ...REGISTER, bundlePolicy: 'biggest' }],
    ['username of 10 kB', { ...REGISTER, username: 'x'.repeat(10_000) }],
    ['rate as text', { cmd: 'iceReportRxTxRate', ip: REGISTER.ip, rxRate: '1', txRate: 1 }],
    ['rate that is none', { cmd: 'iceReportRxTxRate', ip: REGISTER.ip, rxRate: 1, txRate: Number.NaN }],
    ['deregister without ip', { cmd: 'iceDeregister' }],
    ['nothing', undefined],
    ['a number', 5],
    ['null', null],
  ];
  test.each(malformed)('malformed: %s', async (_name, message) => {
    const ice = await open();
    expect(ice.handle(message, AGENT)).toBe('ice_json_parse_falied');
    expect(ice.servers()).toEqual([]);
  });

  test.each([{}, { cmd: 'join' }, { cmd: 5 }, []])('another command: %j', async (message) => {
    const ice = await open();
    expect(ice.handle(message, AGENT)).toBe('ice_no_found');
  });

  test('what is missing has the defaults of pages', async () => {
    const ice = await open();
    expect(ice.handle({ cmd: 'iceRegister', ip: '192.0.2.1', bundlePolicy: '', stunPort: 1 }, AGENT)).toBe(
      'successful',
    );
    expect(ice.rtcConfigFor({ addresses: ['', ''], talkTypes: AUDIO, user: 'x' }).config).toEqual({
      bundlePolicy: 'max-bundle',
      iceServers: [{ credential: '', urls: ['stun:192.0.2.1:1'], username: '' }],
      iceTransportPolicy: 'all',
      rtcpMuxPolicy: 'require',
    });
  });

  test('a negative rate of a counter that began again is 0', async () => {
    const ice = await open();
    register(ice);
    expect(report(ice, REGISTER.ip, -5000)).toBe('successful');
    expect(ice.servers()).toMatchObject([{ txRate: 0 }]);
  });

  test('200,000 mutated messages neither throw nor put anything odd into the list', async () => {
    const ice = await open();
    const random = seededRandom(625);
    const seeds = [
      REGISTER,
      { cmd: 'iceReportRxTxRate', ip: REGISTER.ip, rxRate: 100, txRate: 200 },
      { cmd: 'iceDeregister', ip: REGISTER.ip },
    ].map((message) => Buffer.from(JSON.stringify(message)));
    const target = Buffer.alloc(2000);
    const answers = new Map<string, number>();
    for (let round = 0; round < 200_000; round++) {
      const length = mutate(seeds[random(3)]!, target, random);
      let message: unknown;
      try {
        message = JSON.parse(target.toString('latin1', 0, length));
      } catch {
        continue;
      }
      const answer = ice.handle(message, AGENT);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    // Each kind came, so the mutants reached every branch.
    expect([...answers.keys()].toSorted()).toEqual([
      'ice_have_registered',
      'ice_json_parse_falied',
      'ice_no_found',
      'successful',
    ]);
    for (const { ip, maxBandwidth, reserved } of ice.servers()) {
      expect(ip).toMatch(/^[\da-z.:-]+$/);
      expect(Number.isInteger(maxBandwidth)).toBe(true);
      expect(reserved).toBe(0);
    }
    expect(ice.servers().length).toBeLessThanOrEqual(1000);
  });
});

describe('/icebandwidthload', () => {
  const caller = {
    address: '192.0.2.9',
    userAgent: 'Python-urllib/2.7',
    token: 'let me in',
    query: new URLSearchParams(),
    origin: undefined,
    host: undefined,
    secure: false,
  };

  test.each([
    [JSON.stringify(REGISTER), 'let me in', 200, 'successful'],
    [JSON.stringify({ ...REGISTER, ip: CONFIGURED.ip }), 'let me in', 200, 'ice_have_registered'],
    [
      JSON.stringify({ cmd: 'iceReportRxTxRate', ip: '192.0.2.1', rxRate: 1, txRate: 1 }),
      'let me in',
      200,
      'ice_no_found',
    ],
    ['{"cmd":"iceRegister"', 'let me in', 200, 'ice_json_parse_falied'],
    ['', 'let me in', 200, 'ice_json_parse_falied'],
    [JSON.stringify(REGISTER), 'wrong', 403, 'ice_not_allowed'],
  ])('%s', async (text, token, status, body) => {
    const { route } = await open({ servers: [CONFIGURED] });
    expect(route.location).toBe('/icebandwidthload');
    expect(await route.handle(text, { ...caller, token })).toEqual({
      status,
      contentType: 'text/plain; charset=utf-8',
      body,
    });
  });

  test.each([
    ['too_many_messages', 429, 'ice_too_often'],
    ['message_too_large', 200, 'ice_json_parse_falied'],
  ] as const)('%s', async (bound, status, body) => {
    const { route } = await open();
    expect(route.refuse('a reason', bound)).toMatchObject({ status, body });
  });
});
