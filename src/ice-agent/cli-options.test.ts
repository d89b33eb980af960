import { describe, expect, test } from 'vitest';
import { parseIceAgentArgs } from './cli-options.ts';

const BASE = ['--server', 'http://gateway:8890', '--ip', '203.0.113.7'];

function agent(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const request = parseIceAgentArgs([...BASE, ...args], environment);
  if (request.kind !== 'run') throw new Error(request.kind);
  return request.agent;
}

describe('parseIceAgentArgs', () => {
  test('the least', () => {
    expect(agent([])).toEqual({
      server: new URL('http://gateway:8890/icebandwidthload'),
      token: '',
      ip: '203.0.113.7',
      turnPort: 3478,
      stunPort: 3478,
      turnAddress: '203.0.113.7',
      interfaceName: undefined,
      maxBandwidth: 100_000,
      account: { username: '', credential: '' },
      relayOnly: false,
      intervalMs: 5000,
    });
  });

  test.each([
    ['http://g:1', 'http://g:1/icebandwidthload'],
    ['https://g/rooms/ice', 'https://g/rooms/ice'],
    ['ws://g:1/', 'ws://g:1/ws'],
    ['wss://[2001:db8::1]', 'wss://[2001:db8::1]/ws'],
  ])('--server %s', (server, href) => {
    expect(agent(['--server', server]).server.href).toBe(href);
  });

  test.each([
    ['secret by argument', ['--secret', 's'], {}, { secret: 's' }],
    ['secret by environment', [], { GBRTC_ICE_SECRET: 's' }, { secret: 's' }],
    ['argument before environment', ['--secret', 's'], { GBRTC_ICE_SECRET: 't' }, { secret: 's' }],
    ['account', ['--username', 'u', '--credential', 'p'], {}, { username: 'u', credential: 'p' }],
    ['password by environment', ['--username', 'u'], { GBRTC_ICE_CREDENTIAL: 'p' }, { username: 'u', credential: 'p' }],
  ])('%s', (_name, args, environment, account) => {
    expect(agent(args, environment).account).toEqual(account);
  });

  test('everything else', () => {
    const args = ['--turn-port', '0', '--stun-port', '3479', '--turn-address', '10.0.0.7', '--interface', 'lo'];
    const more = ['--max-bandwidth', '7', '--relay', '--interval', '500ms'];
    expect(agent([...args, ...more], { GBRTC_ICE_TOKEN: 't' })).toMatchObject({
      token: 't',
      turnPort: 0,
      stunPort: 3479,
      turnAddress: '10.0.0.7',
      interfaceName: 'lo',
      maxBandwidth: 7,
      relayOnly: true,
      intervalMs: 500,
    });
  });

  test.each([
    ['5', 5000],
    ['2s', 2000],
    ['10s', 10_000],
    ['0.5s', 500],
  ])('--interval %s', (text, ms) => {
    expect(agent(['--interval', text]).intervalMs).toBe(ms);
  });

  test.each([
    [['--server', 'gateway:8890'], '--server must be an http, https, ws or wss URL, got gateway:8890'],
    [['--server', ''], '--server is missing'],
    [['--ip', ''], '--ip is missing'],
    [['--ip', '1.2.3'], '--ip must be an IP address or a host name, got 1.2.3'],
    [['--ip', 'a b'], '--ip must be an IP address or a host name, got a b'],
    [['--turn-port', '65536'], '--turn-port must be 0 to 65535, got 65536'],
    [['--stun-port', '-1'], "Option '--stun-port' argument is ambiguous"],
    [['--stun-port', '1.5'], '--stun-port must be 0 to 65535, got 1.5'],
    [['--turn-port', '0'], '--turn-port and --stun-port are both 0'],
    [['--max-bandwidth', '0'], '--max-bandwidth must be 1 to 1000000000, got 0'],
    [['--interval', '1h'], '--interval must be a time of 100ms to 10s such as 5s, got 1h'],
    [['--interval', '1ms'], '--interval must be a time of 100ms to 10s such as 5s, got 1ms'],
    [['--secret', 's', '--username', 'u'], '--secret and --username exclude one another'],
    [['--username', 'u'], '--credential is missing'],
    [['--token', 'two words'], '--token must be letters'],
    [['--bogus'], "Unknown option '--bogus'"],
    [['extra'], "Unexpected argument 'extra'"],
  ])('%j', (args, message) => {
    expect(() => agent(args)).toThrow(
      expect.objectContaining({
        code: 'ice_agent_option',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  test('--help', () => {
    expect(parseIceAgentArgs(['-h'])).toEqual({ kind: 'help' });
  });
});
