import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildResponse, buildRequest } from '../build.ts';
import { formatMessage, Response, type Request } from '../message.ts';
import { parseMessage } from '../parser.ts';
import type { TransportFlow } from '../transport/flow.ts';
import { ClientTransactions } from './client-transactions.ts';
import { INVITE_CLIENT, NON_INVITE_CLIENT } from './client-tables.ts';
import { INVITE_SERVER, NON_INVITE_SERVER } from './server-tables.ts';
import { ServerTransactions, serverKey } from './server-transactions.ts';
import { transactionTimers } from './timers.ts';
import { ExpiryWheel } from './wheel.ts';

/** A flow that keeps what is sent, with the time since its making. */
class FakeFlow implements TransportFlow {
  readonly id = 'fake';
  readonly remoteAddress = '192.0.2.1';
  readonly remotePort = 5_060;
  readonly localAddress = '192.0.2.2';
  readonly localPort = 5_060;
  readonly closed = false;
  readonly protocol: 'udp' | 'tcp';
  readonly sent: Array<{ readonly at: number; readonly line: string }> = [];
  readonly #start = performance.now();
  #lost: (() => void) | undefined;

  constructor(protocol: 'udp' | 'tcp') {
    this.protocol = protocol;
  }

  send(bytes: Buffer): void {
    const line = bytes.toString('latin1').split(' ', 2);
    this.sent.push({
      at: performance.now() - this.#start,
      line: line[0] === 'SIP/2.0' ? (line[1] ?? '') : (line[0] ?? ''),
    });
  }

  onClosed(callback: () => void): () => void {
    this.#lost = callback;
    return () => {
      this.#lost = undefined;
    };
  }

  lose(): void {
    this.#lost?.();
  }

  get watched(): boolean {
    return this.#lost !== undefined;
  }
}

/** When each copy left, in tenths of a second: the wheel may be late by two ticks. */
function times(flow: FakeFlow, line: string): number[] {
  return flow.sent.filter((each) => each.line === line).map(({ at }) => Math.round(at / 100) / 10);
}

function request(method: string, sequence = 1, branch = 'z9hG4bK1'): Request {
  return buildRequest({
    method,
    uri: 'sip:a@3402000000',
    via: `SIP/2.0/UDP 192.0.2.2:5060;branch=${branch}`,
    from: '<sip:b@3402000000>;tag=1',
    to: '<sip:a@3402000000>',
    callId: 'call',
    sequence,
  });
}

function response(of: Request, status: number): Response {
  const message = parseMessage(formatMessage(buildResponse(of, { status, toTag: 't' })));
  if (!(message instanceof Response)) throw new TypeError('no response');
  return message;
}

let wheel: ExpiryWheel;
const timers = transactionTimers({});

beforeEach(() => {
  vi.useFakeTimers();
  wheel = new ExpiryWheel(25);
});

afterEach(() => {
  wheel.close();
  vi.useRealTimers();
});

function client(method: string, protocol: 'udp' | 'tcp') {
  const table = new ClientTransactions(4);
  const flow = new FakeFlow(protocol);
  const told: string[] = [];
  const message = request(method);
  const transaction = table.start({
    request: message,
    bytes: formatMessage(message),
    flow,
    timers: timers[protocol],
    wheel,
    trace: undefined,
    user: {
      onResponse: ({ status }) => void told.push(String(status)),
      onTimeout: () => void told.push('timeout'),
      onTransportError: () => void told.push('transport'),
      onClosed: () => void told.push('closed'),
    },
  });
  const receive = (status: number): void =>
    table.match(response(message, status))?.receive(response(message, status), flow);
  return { table, flow, told, transaction, receive };
}

describe('client transactions with the timers of RFC 3261, table 4', () => {
  test('E: 0.5, 1, 2, then every 4 s, and F after 32 s', () => {
    const { flow, told, table } = client('MESSAGE', 'udp');
    vi.advanceTimersByTime(40_000);
    expect(times(flow, 'MESSAGE')).toEqual(
      [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.6, 19.6, 23.6, 27.6, 31.6].map((each) => expect.closeTo(each, 0.3)),
    );
    expect([told, table.size, flow.watched]).toEqual([['timeout'], 0, false]);
  });

  test('E after a provisional response: every T2', () => {
    const { flow, receive } = client('MESSAGE', 'udp');
    receive(100);
    vi.advanceTimersByTime(9_000);
    expect(times(flow, 'MESSAGE')).toEqual([0, 0.5, 4.5, 8.6].map((each) => expect.closeTo(each, 0.3)));
  });

  test('A: doubles without limit, B after 32 s', () => {
    const { flow, told } = client('INVITE', 'udp');
    vi.advanceTimersByTime(40_000);
    expect(times(flow, 'INVITE')).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.6].map((each) => expect.closeTo(each, 0.3)));
    expect(told).toEqual(['timeout']);
  });

  test.each(['MESSAGE', 'INVITE'])('over TCP %s is sent once and still times out', (method) => {
    const { flow, told } = client(method, 'tcp');
    vi.advanceTimersByTime(40_000);
    expect([times(flow, method), told]).toEqual([[0], ['timeout']]);
  });

  test.each([
    { name: 'K of UDP', method: 'MESSAGE', protocol: 'udp', status: 200, lastsMs: 5_000 },
    { name: 'K of TCP', method: 'MESSAGE', protocol: 'tcp', status: 200, lastsMs: 0 },
    { name: 'D of UDP', method: 'INVITE', protocol: 'udp', status: 486, lastsMs: 32_000 },
    { name: 'D of TCP', method: 'INVITE', protocol: 'tcp', status: 486, lastsMs: 0 },
    { name: 'M', method: 'INVITE', protocol: 'tcp', status: 200, lastsMs: 32_000 },
  ] as const)('$name: the transaction stays $lastsMs ms after $status', ({ method, protocol, status, lastsMs }) => {
    const { table, receive, told } = client(method, protocol);
    receive(status);
    expect(told).toEqual([String(status)]);
    vi.advanceTimersByTime(Math.max(0, lastsMs - 50));
    expect(table.size).toBe(lastsMs === 0 ? 0 : 1);
    vi.advanceTimersByTime(120);
    expect(table.size).toBe(0);
  });

  test('C: an INVITE that rings for three minutes', () => {
    const { receive, told } = client('INVITE', 'udp');
    receive(180);
    vi.advanceTimersByTime(179_000);
    expect(told).toEqual(['180']);
    vi.advanceTimersByTime(2_000);
    expect(told).toEqual(['180', 'timeout']);
  });

  test('a full table drops its oldest answered transaction', () => {
    const { table, flow, told, receive } = client('MESSAGE', 'udp');
    const start = (branch: string): unknown =>
      table.start({
        request: request('MESSAGE', 1, branch),
        bytes: Buffer.alloc(1),
        flow,
        timers: timers.udp,
        wheel,
        trace: undefined,
        user: { onResponse: () => 0, onTimeout: () => 0, onTransportError: () => 0, onClosed: () => 0 },
      });
    receive(200);
    for (const branch of ['z9hG4bK2', 'z9hG4bK3', 'z9hG4bK4', 'z9hG4bK5']) start(branch);
    expect(() => start('z9hG4bK6')).toThrow('4 client transactions are open, limit 4');
    receive(200);
    expect([told, table.size]).toEqual([['200'], 4]);
  });

  test('a lost connection, a full table, and close', () => {
    const { flow, told, table } = client('MESSAGE', 'tcp');
    flow.lose();
    expect([told, table.size]).toEqual([['transport'], 0]);
    const full = client('MESSAGE', 'tcp');
    const more = (branch: string): unknown =>
      full.table.start({
        request: request('MESSAGE', 1, branch),
        bytes: Buffer.alloc(1),
        flow: full.flow,
        timers: timers.tcp,
        wheel,
        trace: undefined,
        user: { onResponse: () => 0, onTimeout: () => 0, onTransportError: () => 0, onClosed: () => 0 },
      });
    for (const branch of ['z9hG4bK2', 'z9hG4bK3', 'z9hG4bK4']) more(branch);
    expect(() => more('z9hG4bK5')).toThrow('4 client transactions are open, limit 4');
    full.table.close();
    expect([full.told, full.table.size]).toEqual([['closed'], 0]);
  });
});

function server(method: string, protocol: 'udp' | 'tcp') {
  const table = new ServerTransactions(2);
  const flow = new FakeFlow(protocol);
  const message = request(method);
  const invite = method === 'INVITE';
  const create = (sequence: number) =>
    table.create({
      key: serverKey(request(method, sequence), method),
      invite,
      flow,
      timers: timers[protocol],
      wheel,
      trace: undefined,
    });
  const transaction = create(1);
  if (transaction === undefined) throw new TypeError('table full');
  const respond = (status: number): void => transaction.respond(response(message, status));
  return { table, flow, transaction, respond, create };
}

describe('server transactions with the timers of RFC 3261, table 4', () => {
  test('G: 0.5, 1, 2, then every 4 s; H after 32 s', () => {
    const { flow, respond, table } = server('INVITE', 'udp');
    respond(486);
    vi.advanceTimersByTime(40_000);
    expect(times(flow, '486')).toEqual(
      [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.6, 19.6, 23.6, 27.6, 31.6].map((each) => expect.closeTo(each, 0.3)),
    );
    expect(table.size).toBe(0);
  });

  test('G does not run over TCP, H does', () => {
    const { flow, respond, table } = server('INVITE', 'tcp');
    respond(486);
    vi.advanceTimersByTime(31_900);
    expect([times(flow, '486'), table.size]).toEqual([[0], 1]);
    vi.advanceTimersByTime(200);
    expect(table.size).toBe(0);
  });

  test.each([
    { name: 'J of UDP', method: 'MESSAGE', protocol: 'udp', lastsMs: 32_000 },
    { name: 'J of TCP', method: 'MESSAGE', protocol: 'tcp', lastsMs: 0 },
  ] as const)('$name', ({ method, protocol, lastsMs }) => {
    const { respond, table } = server(method, protocol);
    respond(200);
    vi.advanceTimersByTime(Math.max(0, lastsMs - 50));
    expect(table.size).toBe(lastsMs === 0 ? 0 : 1);
    vi.advanceTimersByTime(120);
    expect(table.size).toBe(0);
  });

  test.each([
    { name: 'I of UDP', protocol: 'udp', lastsMs: 5_000 },
    { name: 'I of TCP', protocol: 'tcp', lastsMs: 0 },
  ] as const)('$name: after the ACK', ({ protocol, lastsMs }) => {
    const { respond, table, transaction, flow } = server('INVITE', protocol);
    respond(486);
    transaction.handle('ack');
    expect(table.size).toBe(lastsMs === 0 ? 0 : 1);
    vi.advanceTimersByTime(lastsMs + 100);
    expect([table.size, times(flow, '486')]).toEqual([0, [0]]);
  });

  test('L: an accepted INVITE stays 32 s and answers copies with its 2xx', () => {
    const { respond, table, transaction, flow } = server('INVITE', 'udp');
    respond(180);
    respond(200);
    respond(486);
    transaction.handle('request');
    vi.advanceTimersByTime(31_900);
    expect([flow.sent.map(({ line }) => line), table.size]).toEqual([['180', '200', '200'], 1]);
    vi.advanceTimersByTime(200);
    expect(table.size).toBe(0);
  });

  test('a full table drops its oldest finished transaction, else takes no more', () => {
    const { respond, table, create } = server('MESSAGE', 'udp');
    respond(200);
    expect(create(2)).toBeDefined();
    expect(create(3)).toBeDefined();
    expect(create(4)).toBeUndefined();
    expect(table.size).toBe(2);
    table.close();
    expect([table.size, wheel.size]).toEqual([0, 0]);
  });
});

describe('tables', () => {
  const tables = { INVITE_CLIENT, NON_INVITE_CLIENT, INVITE_SERVER, NON_INVITE_SERVER };
  test.each(Object.entries(tables))('%s: the end is the end, and every state but it can be left', (_name, table) => {
    for (const row of Object.values(table.terminated)) expect(row).toEqual({ next: 'terminated', actions: [] });
    for (const rows of Object.values(table)) expect(rows.timer_end.next).toBe('terminated');
  });

  test('keys of RFC 2543 peers: Via and From tag in the place of a branch', () => {
    const old = request('INVITE', 1, 'old');
    expect(serverKey(old, 'INVITE')).toContain('old 1');
    expect(serverKey(old, 'INVITE')).not.toBe(serverKey(request('INVITE', 2, 'old'), 'INVITE'));
  });
});
