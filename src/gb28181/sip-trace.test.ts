import { describe, expect, test } from 'vitest';
import { parseMessage, type WireMessage } from '../sip/index.ts';
import { SipStatistics } from './sip-statistics.ts';
import { SipTrace } from './sip-trace.ts';
import { fakeFlow } from './testing/fake-engine.ts';

const DEVICES = new Set(['dev', 'device', 'quiet']);
const traceOf = (maxEntries: number, perDevice = maxEntries): SipTrace =>
  new SipTrace({ maxEntries, perDevice, deviceOf: (user) => (DEVICES.has(user) ? user : undefined) });

function wire(direction: 'in' | 'out', text: string, at = 0, retransmission = false): WireMessage {
  const bytes = Buffer.from(`${text.replaceAll('\n', '\r\n')}\r\n\r\n`);
  const message = parseMessage(bytes);
  if (typeof message === 'string') throw new RangeError(message);
  return { direction, at, flow: fakeFlow('127.0.0.2'), message, bytes, retransmission };
}

const request = (method: string, callId: string, extra = '', from = 'dev'): string =>
  `${method} sip:p@x SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:${from}@x>;tag=1\nTo: <sip:plat@x>\nCall-ID: ${callId}\nCSeq: 20 ${method}\n${extra}Content-Length: 0`;
const response = (status: number, method: string, callId: string): string =>
  `SIP/2.0 ${status} Fine\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:plat@x>;tag=1\nTo: <sip:dev@x>;tag=2\nCall-ID: ${callId}\nCSeq: 20 ${method}\nContent-Length: 0`;

describe('trace', () => {
  test('knows the device of every direction, and the owner of a dialog', () => {
    const trace = traceOf(10);
    trace.own('c2', 'device');
    const entries = [
      trace.add(wire('in', request('MESSAGE', 'c1'))),
      trace.add(wire('in', response(200, 'MESSAGE', 'c3'))),
      trace.add(wire('out', request('INVITE', 'c2'))),
    ].map((entry) => entry());
    expect(entries.map((entry) => [entry.deviceId, entry.summary])).toEqual([
      ['dev', 'MESSAGE sip:p@x'],
      ['dev', '200 Fine (MESSAGE)'],
      ['device', 'INVITE sip:p@x'],
    ]);
    expect(trace.read({ deviceId: 'device' })).toHaveLength(1);
    expect(trace.read({ callIds: ['c1', 'c3'] })).toHaveLength(2);
    expect(trace.read({ callIds: ['c1'], deviceId: 'device' })).toEqual([]);
    expect(trace.read({ limit: 0 })).toEqual([]);
  });

  test('dialogs outlast a storm of keepalives; both halves are bounded', () => {
    const trace = traceOf(40, 20);
    trace.add(wire('out', request('INVITE', 'call'), 0));
    for (let index = 1; index <= 1_000; index += 1) trace.add(wire('in', request('MESSAGE', `k${index}`), index));
    const kept = trace.read({});
    expect(kept.map((entry) => entry.callId)).toEqual([
      'call',
      ...Array.from({ length: 10 }, (_, index) => `k${991 + index}`),
    ]);
  });

  test('bounded in bytes too, and one message never more than 8 KiB', () => {
    const trace = traceOf(8);
    for (let index = 0; index < 4; index += 1)
      trace.add(wire('in', request('MESSAGE', `k${index}`, `X: ${'x'.repeat(20_000)}\n`)));
    const kept = trace.read({});
    expect(kept).toHaveLength(1);
    expect(kept[0]?.text.length).toBe(8_192);
    expect(kept[0]?.cutBytes).toBe(
      wire('in', request('MESSAGE', 'k3', `X: ${'x'.repeat(20_000)}\n`)).bytes.length - 8_192,
    );
    expect(trace.add(wire('in', request('MESSAGE', 'k')))()).not.toHaveProperty('cutBytes');
  });

  test('a flood of one device, or of strangers, leaves the others theirs', () => {
    const trace = traceOf(100, 80);
    for (let index = 0; index < 20; index += 1)
      trace.add(wire('in', request('MESSAGE', `q${index}`, '', 'quiet'), index));
    for (let index = 0; index < 1_000; index += 1) trace.add(wire('in', request('MESSAGE', `d${index}`), index));
    for (let index = 0; index < 1_000; index += 1)
      trace.add(wire('in', request('REGISTER', `s${index}`, '', `scanner${index}`), index));
    expect(trace.read({ deviceId: 'quiet' })).toHaveLength(20);
    expect(trace.read({ deviceId: 'dev' })).toHaveLength(40);
    expect(trace.read({ deviceId: 'scanner999' })).toHaveLength(1);
    expect(trace.read({}).length).toBeLessThanOrEqual(100);
  });

  test('more devices than entries: the latest stay', () => {
    const trace = new SipTrace({ maxEntries: 10, perDevice: 10, deviceOf: (user) => user });
    for (let index = 0; index < 100; index += 1) trace.add(wire('in', request('MESSAGE', 'c', '', `d${index}`), index));
    expect(trace.read({})).toHaveLength(10);
    expect(trace.read({ deviceId: 'd99' })).toHaveLength(1);
  });

  test('our request to a channel is its device’s, though its owner is told a moment later', () => {
    const trace = traceOf(40, 20);
    trace.add(wire('out', request('INVITE', 'call')));
    trace.own('call', 'quiet');
    for (let index = 0; index < 100; index += 1)
      trace.add(wire('in', request('INVITE', `s${index}`, '', `scanner${index}`), index));
    expect(trace.read({ deviceId: 'quiet' }).map(({ callId }) => callId)).toEqual(['call']);
  });

  test.each([
    { filter: { method: 'message' }, found: ['c1', 'c3'] },
    { filter: { direction: 'out' }, found: ['c2'] },
    { filter: { text: 'x-MARK: Here' }, found: ['c1'] },
    { filter: { text: 'secret' }, found: [] },
    { filter: { since: 20 }, found: ['c2', 'c3'] },
    { filter: { callIds: ['c2'] }, found: ['c2'] },
    { filter: { method: 'MESSAGE', since: 20 }, found: ['c3'] },
    { filter: { limit: 1 }, found: ['c3'] },
  ] as const)('filter $filter', ({ filter, found }) => {
    const trace = traceOf(10);
    trace.add(wire('in', request('MESSAGE', 'c1', 'X-Mark: here\nAuthorization: secret\n'), 10));
    trace.add(wire('out', request('INVITE', 'c2'), 20));
    trace.add(wire('in', response(200, 'MESSAGE', 'c3'), 30));
    expect(trace.read(filter).map(({ callId }) => callId)).toEqual(found);
  });

  test('credentials are not kept readable, folded lines neither', () => {
    const trace = traceOf(4);
    const secret = 'authorization : Digest username="u",\n response="abc"\nProxy-Authorization: Basic abc\n';
    const { text } = trace.add(wire('in', request('REGISTER', 'c', secret)))();
    expect(text).not.toContain('abc');
    expect(text).toContain('Content-Length');
  });

  test('with 0 entries nothing is kept', () => {
    const trace = traceOf(0);
    trace.add(wire('in', request('MESSAGE', 'c')));
    expect(trace.read({})).toEqual([]);
  });
});

test('statistics count final responses once, by known method', () => {
  const statistics = new SipStatistics();
  for (const status of [100, 401, 200]) statistics.count(wire('out', response(status, 'REGISTER', 'c')));
  statistics.count(wire('out', response(200, 'REGISTER', 'c'), 0, true));
  statistics.count(wire('in', response(486, 'INVITE', 'c')));
  statistics.count(wire('in', request('MESSAGE', 'c')));
  for (let index = 0; index < 100; index += 1) {
    statistics.count(wire('out', response(405, `X${String.fromCharCode(65 + (index % 26))}`, 'c')));
    statistics.countMalformed(`reason ${index}`);
  }
  expect(statistics.requestsIn).toEqual({ 'REGISTER 401': 1, 'REGISTER 200': 1, 'OTHER 405': 100 });
  expect(statistics.requestsOut).toEqual({ 'INVITE 486': 1 });
  expect(Object.keys(statistics.malformed)).toHaveLength(65);
  expect(statistics.malformed['other']).toBe(36);
});
