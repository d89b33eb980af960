import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Logger } from '../util/index.ts';
import { silentLogger } from '../util/index.ts';
import { IceAgent } from './agent.ts';
import { GatewayLinkError } from './errors.ts';
import { NetInterfaceError } from './net-rate.ts';
import type { IceAgentOptions, Rates } from './types.ts';

const OPTIONS: IceAgentOptions = {
  server: new URL('http://127.0.0.1/'),
  token: '',
  ip: '203.0.113.7',
  turnPort: 3478,
  stunPort: 3479,
  turnAddress: '10.0.0.7',
  interfaceName: 'eth0',
  maxBandwidth: 5000,
  account: { username: 'u', credential: 'p' },
  relayOnly: false,
  intervalMs: 5000,
};
const RATES: Rates = { rxRate: 10, txRate: 20 };
const running = new AbortController().signal;

interface World {
  readonly agent: IceAgent;
  /** What the gateway heard, without what is the same in each registration. */
  readonly heard: Array<Record<string, unknown>>;
  readonly told: string[];
  answers: string[];
  unreachable: boolean;
  software: string | undefined;
  rates: Rates | undefined | NetInterfaceError;
}

function world(options: Partial<IceAgentOptions> = {}): World {
  const heard: World['heard'] = [];
  const told: string[] = [];
  const tell = (fields: Readonly<Record<string, unknown>>, message: string): number =>
    told.push(typeof fields.trouble === 'string' ? fields.trouble : message);
  const log: Logger = { ...silentLogger, debug() {}, info: tell, warn: tell };
  const state: World = {
    heard,
    told,
    answers: [],
    unreachable: false,
    software: 'Coturn-4.6.1',
    rates: RATES,
    agent: new IceAgent(
      { ...OPTIONS, ...options },
      {
        link: {
          async send(message) {
            if (state.unreachable) throw new GatewayLinkError('gateway does not answer');
            heard.push({ ...message });
            return state.answers.shift() ?? 'successful';
          },
          close() {},
        },
        host: {
          rates() {
            if (state.rates instanceof NetInterfaceError) throw state.rates;
            return state.rates;
          },
          ask: async () => state.software,
        },
        log,
      },
    ),
  };
  return state;
}

const commands = ({ heard }: World): unknown[] => heard.splice(0).map(({ cmd }) => cmd);

beforeEach(() => void vi.useFakeTimers({ now: 1_764_324_000_000 }));
afterEach(() => void vi.useRealTimers());

test('registers with the fields of seed 002 §6.25, then reports as §6.27, and takes itself out as §6.26', async () => {
  const w = world();
  await w.agent.step(running);
  await w.agent.step(running);
  await w.agent.leave();
  await w.agent.leave();
  const report = { cmd: 'iceReportRxTxRate', ip: '203.0.113.7', rxRate: 10, txRate: 20 };
  expect(w.heard).toEqual([
    {
      cmd: 'iceRegister',
      ip: '203.0.113.7',
      iceType: 'turn',
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceTransportPolicy: 'all',
      turnPort: 3478,
      stunPort: 3479,
      maxBandwidth: 5000,
      username: 'u',
      credential: 'p',
    },
    report,
    report,
    { cmd: 'iceDeregister', ip: '203.0.113.7' },
  ]);
  expect(w.told).toEqual(['registered', 'deregistered']);
});

test('registers before the first rate is known', async () => {
  const w = world({ relayOnly: true });
  w.rates = undefined;
  await w.agent.step(running);
  expect(w.heard).toMatchObject([{ cmd: 'iceRegister', iceTransportPolicy: 'relay' }]);
});

test('a gateway that started anew gets the registration again', async () => {
  const w = world();
  await w.agent.step(running);
  commands(w);
  w.answers = ['ice_no_found'];
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceReportRxTxRate', 'iceRegister', 'iceReportRxTxRate']);
});

test('coturn that does not answer leaves the list with that reason, is told once, and comes back', async () => {
  const w = world();
  await w.agent.step(running);
  commands(w);
  w.software = undefined;
  await w.agent.step(running);
  await w.agent.step(running);
  expect(w.heard.splice(0)).toEqual([{ cmd: 'iceDeregister', ip: '203.0.113.7', reason: 'failed' }]);
  w.software = '';
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceRegister', 'iceReportRxTxRate']);
  expect(w.told).toEqual([
    'registered',
    'no answer from 10.0.0.7, port 3479',
    'deregistered',
    'registered',
    'all well again',
  ]);
});

test('a vanished interface takes coturn out, too', async () => {
  const w = world();
  await w.agent.step(running);
  commands(w);
  w.rates = new NetInterfaceError('no network interface eth0');
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceDeregister']);
  expect(w.told).toContain('no network interface eth0');
});

test('a gateway that is away is told once and found again', async () => {
  const w = world();
  w.unreachable = true;
  await w.agent.step(running);
  await w.agent.step(running);
  await w.agent.leave();
  w.unreachable = false;
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceRegister', 'iceReportRxTxRate']);
  expect(w.told).toEqual(['gateway does not answer', 'registered', 'all well again']);
});

test.each(['ice_not_allowed', 'ice_full_loading', 'ice_json_parse_falied'])(
  'a registration refused: %s',
  async (answer) => {
    const w = world();
    w.answers = [answer];
    await w.agent.step(running);
    expect(w.agent.registered).toBe(false);
    expect(w.told).toEqual([`registration refused: ${answer}`]);
    await w.agent.leave();
    expect(commands(w)).toEqual(['iceRegister']);
  },
);

test('a report refused leads to a registration', async () => {
  const w = world();
  w.answers = ['ice_have_registered', 'ice_not_allowed'];
  await w.agent.step(running);
  expect(w.told).toEqual(['registered', 'report refused: ice_not_allowed']);
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceRegister', 'iceReportRxTxRate', 'iceRegister', 'iceReportRxTxRate']);
});

test('the secret makes accounts of two hours, renewed each hour', async () => {
  const w = world({ account: { secret: 'north' } });
  await w.agent.step(running);
  // 2025-11-28T10:00:00Z and two hours.
  expect(w.heard[0]).toMatchObject({
    username: '1764331200:gbrtc',
    credential: expect.stringMatching(/^[\w+/]{27}=$/) as string,
  });
  vi.advanceTimersByTime(3_600_000);
  commands(w);
  await w.agent.step(running);
  expect(commands(w)).toEqual(['iceReportRxTxRate']);
  vi.advanceTimersByTime(1);
  w.answers = ['ice_have_registered'];
  await w.agent.step(running);
  expect(w.heard).toMatchObject([{ cmd: 'iceRegister', username: '1764334800:gbrtc' }, { cmd: 'iceReportRxTxRate' }]);
  expect(w.told).toEqual(['registered']);
});

test('who stops meanwhile says nothing more', async () => {
  const w = world();
  const stop = new AbortController();
  stop.abort();
  await w.agent.step(stop.signal);
  expect(w.heard).toEqual([]);
});
