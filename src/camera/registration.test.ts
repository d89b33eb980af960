import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SipResponse } from '../sip/index.ts';
import { createDevices } from './device.ts';
import { PlatformLink } from './link.ts';
import { Registration, type RegistrationOptions } from './registration.ts';
import { Wheel } from './wheel.ts';

type Answer = { status: number; expires?: string } | 'silence';

function response({ status, expires }: Exclude<Answer, 'silence'>): SipResponse {
  const headers = new Map(expires === undefined ? [] : [['expires', expires]]);
  const get = (name: string): string | undefined => headers.get(name.toLowerCase());
  return { kind: 'response', status, reason: '', headers: { get }, body: Buffer.alloc(0) } as unknown as SipResponse;
}

/** A platform that answers from two lists, the last entry again and again. */
function harness(options: Partial<RegistrationOptions> = {}) {
  // Coarse, since these tests pass hours.
  const wheel = new Wheel(50);
  const told: string[] = [];
  const sent: Array<{ at: number; method: string; cseq?: number; expires?: string }> = [];
  const registers: Answer[] = [{ status: 200, expires: '3600' }];
  const messages: Answer[] = [{ status: 200 }];
  const next = (answers: Answer[]): Answer => (answers.length > 1 ? answers.shift() : answers[0]) ?? 'silence';
  const start = performance.now();
  const engine = {
    request: async (request: {
      method: string;
      cseq?: number;
      headers?: ReadonlyArray<readonly [string, string]>;
      signal: AbortSignal;
    }) => {
      const expires = request.headers?.find(([name]) => name === 'Expires')?.[1];
      sent.push({
        at: Math.round(performance.now() - start),
        method: request.method,
        ...(request.cseq !== undefined && { cseq: request.cseq }),
        ...(expires !== undefined && { expires }),
      });
      const answer = next(request.method === 'REGISTER' ? registers : messages);
      if (answer !== 'silence') return response(answer);
      return new Promise<SipResponse>((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(new Error('given up')));
      });
    },
  };
  const link = new PlatformLink(engine as unknown as ConstructorParameters<typeof PlatformLink>[0], {
    target: { protocol: 'udp', address: '127.0.0.1', port: 1 },
    serverId: '34020000002000000001',
    domain: '3402000000',
    charset: 'gb18030',
    sendVersion: true,
    answerTimeoutMs: 5_000,
    wheel,
  });
  const registration = new Registration({
    device: createDevices({ id: '34020000001320000001' }).all[0]!,
    link,
    wheel,
    username: 'u',
    password: 'p',
    expiresSec: 3_600,
    sendExpires: true,
    keepaliveSec: 60,
    phase: 0,
    counters: { registers: 0, keepalives: 0, keepalivesFailed: 0 },
    onRegistered: () => told.push('registered'),
    onFailed: (reason) => told.push(`failed ${reason}`),
    onUnregistered: () => told.push('unregistered'),
    onPlatformLost: () => told.push('platform lost'),
    ...options,
  });
  const times = (method: string): number[] => sent.filter((each) => each.method === method).map(({ at }) => at);
  return { registration, registers, messages, sent, told, times, wheel };
}

describe('Registration', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('registers, tells the platform it is alive at the interval, and refreshes before expiry', async () => {
    const { registration, told, times, sent } = harness({ keepaliveSec: 600 });
    await registration.register();
    await vi.advanceTimersByTimeAsync(3_000_000);
    expect(registration.registered).toBe(true);
    expect(told).toEqual(['registered']);
    expect(times('REGISTER')).toEqual([0, 2_700_000]);
    expect(times('MESSAGE').map((at) => Math.round(at / 1_000))).toEqual([1, 601, 1_201, 1_801, 2_401]);
    // Two numbers each: the second is for the attempt with credentials.
    expect(sent.flatMap(({ cseq }) => cseq ?? [])).toEqual([1, 3]);
  });

  test('refreshes by the time the platform granted', async () => {
    const { registration, registers, times } = harness({ keepaliveSec: 86_400 });
    registers[0] = { status: 200, expires: '100' };
    await registration.register();
    await vi.advanceTimersByTimeAsync(80_000);
    expect(times('REGISTER')).toEqual([0, 75_000]);
  });

  test.each([{ status: 403 }, { status: 404 }])(
    'quirk: keepalive answered $status leads to a new registration',
    async ({ status }) => {
      const { registration, messages, times, told } = harness();
      messages.splice(0, 1, { status: 200 }, { status }, { status: 200 });
      await registration.register();
      await vi.advanceTimersByTimeAsync(62_000);
      expect(times('REGISTER').map((at) => Math.round(at / 1_000))).toEqual([0, 61]);
      expect(told).toEqual(['registered', 'platform lost', 'registered']);
    },
  );

  test('three unanswered keepalives lead to a new registration, two do not', async () => {
    const { registration, messages, times } = harness({ keepaliveSec: 10 });
    messages.splice(0, 1, 'silence', 'silence', { status: 200 }, 'silence', 'silence', 'silence', { status: 200 });
    await registration.register();
    await vi.advanceTimersByTimeAsync(45_000);
    expect(times('REGISTER')).toEqual([0]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(times('REGISTER').map((at) => Math.round(at / 1_000))).toEqual([0, 56]);
  });

  test('a refused registration is tried again, less and less often', async () => {
    const { registration, registers, told, times } = harness();
    registers[0] = { status: 403 };
    await registration.register();
    await vi.advanceTimersByTimeAsync(400_000);
    expect(registration.registered).toBe(false);
    expect(told.every((each) => each === 'failed status 403')).toBe(true);
    const waits = times('REGISTER')
      .map((at, n, all) => at - (all[n - 1] ?? 0))
      .slice(1);
    expect(waits[0]).toBeLessThanOrEqual(1_300);
    expect(Math.max(...waits)).toBeLessThanOrEqual(75_020);
    expect(waits.length).toBeGreaterThan(7);
    expect(waits.length).toBeLessThan(14);
  });

  test('an unanswered registration is given up and tried again', async () => {
    const { registration, registers, told } = harness();
    registers.splice(0, 1, 'silence', { status: 200 });
    void registration.register();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(told).toEqual(['failed given up', 'registered']);
  });

  test('a lost connection leads to a new registration soon', async () => {
    const { registration, times } = harness();
    await registration.register();
    registration.connectionLost();
    registration.connectionLost();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(times('REGISTER')).toHaveLength(2);
  });

  test('quirk: no Expires, but the goodbye has its zero', async () => {
    const { registration, sent, told } = harness({ sendExpires: false });
    await registration.register();
    await registration.close(true);
    expect(sent.map(({ expires }) => expires)).toEqual([undefined, '0']);
    expect(told).toEqual(['registered', 'unregistered']);
  });

  test('a crowd has its keepalives spread by phase', async () => {
    const { registration, times } = harness({ phase: 0.5 });
    await registration.register();
    await vi.advanceTimersByTimeAsync(91_000);
    expect(times('MESSAGE').map((at) => Math.round(at / 1_000))).toEqual([30, 90]);
  });

  test('closed: nothing waits and nothing more is sent', async () => {
    const { registration, sent, wheel } = harness();
    await registration.register();
    await registration.close(false);
    await registration.close(true);
    await registration.register();
    await vi.advanceTimersByTimeAsync(10_000_000);
    expect([sent.length, wheel.size]).toEqual([1, 0]);
  });
});
