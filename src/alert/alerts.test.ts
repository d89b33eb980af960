import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openWebhookSink, type WebhookSink } from '../../test/support/webhook-sink.ts';
import { silentLogger, type Logger } from '../util/index.ts';
import { createAlerts, type Alerts } from './index.ts';
import type { AlertMailer, AlertOptions } from './types.ts';

interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

class FakeMailer implements AlertMailer {
  readonly sent: Mail[] = [];
  tried = 0;
  failing = false;
  async send(mail: Mail): Promise<void> {
    this.tried += 1;
    if (this.failing) throw new Error('refused');
    this.sent.push(mail);
  }
  async close(): Promise<void> {}
}

let mailer: FakeMailer;
let alerts: Alerts;
const open = (options: Partial<AlertOptions> = {}, log: Logger = silentLogger): void => {
  alerts = createAlerts({ name: 'gate-1', mailTo: ['ops@example.org'], webhook: '', ...options }, { mailer, log });
};
beforeEach(() => {
  mailer = new FakeMailer();
});
afterEach(async () => {
  await alerts.close();
  vi.useRealTimers();
});

const DATABASE = { part: 'call-database', text: 'the database of calls is away' };
const subjects = (): string[] => mailer.sent.map(({ subject }) => subject);

describe('by mail', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-11-21T09:00:00Z') });
  });
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  test('one for the fault, one for its end, whatever is told in between', async () => {
    open();
    alerts.clear(DATABASE);
    alerts.raise(DATABASE);
    alerts.raise({ ...DATABASE, text: 'still' });
    await pass(60_000);
    alerts.raise(DATABASE);
    alerts.clear({ ...DATABASE, text: 'the database of calls is back' });
    alerts.clear(DATABASE);
    await pass(0);
    expect(mailer.sent).toEqual([
      {
        to: ['ops@example.org'],
        subject: 'gbrtc gate-1: call-database FAILED',
        text: [
          'the database of calls is away',
          '',
          'Gateway: gate-1',
          'Part: call-database',
          'Failed: 2026-11-21T09:00:00.000Z',
          '',
        ].join('\n'),
      },
      {
        to: ['ops@example.org'],
        subject: 'gbrtc gate-1: call-database works again',
        text: [
          'the database of calls is back',
          '',
          'Gateway: gate-1',
          'Part: call-database',
          'Failed: 2026-11-21T09:00:00.000Z',
          'Works again: 2026-11-21T09:01:00.000Z',
          '',
        ].join('\n'),
      },
    ]);
  });

  test('each worker, each ICE server is a fault of its own; names stay in their lines', async () => {
    open();
    alerts.raise({ part: 'ice-server', which: '203.0.113.7', text: 'a' });
    alerts.raise({ part: 'ice-server', which: 'x\r\nBcc: y@z', text: 'b\nc' });
    alerts.raise({ part: 'ice-server', which: '203.0.113.7', text: 'a' });
    await pass(0);
    expect(mailer.sent).toHaveLength(2);
    expect(mailer.sent[1]?.text).toMatch(/^b c\n\nGateway: gate-1\nPart: ice-server x Bcc: y@z\n/);
  });

  test('twenty at once, then one in three minutes; what waits is kept in order', async () => {
    open();
    for (let i = 0; i < 15; i += 1) {
      alerts.raise(DATABASE);
      alerts.clear(DATABASE);
    }
    await pass(0);
    expect(mailer.sent).toHaveLength(20);
    await pass(179_999);
    expect(mailer.sent).toHaveLength(20);
    await pass(1);
    expect(mailer.sent).toHaveLength(21);
    await pass(9 * 180_000);
    expect(subjects()).toHaveLength(30);
    expect(subjects().every((subject, i) => subject.endsWith(i % 2 === 0 ? 'FAILED' : 'again'))).toBe(true);
  });

  test('tried again with growing waits, given up after twelve; the next one says so', async () => {
    open();
    mailer.failing = true;
    alerts.raise(DATABASE);
    await pass(0);
    expect(mailer.tried).toBe(1);
    await pass(2_000);
    expect(mailer.tried).toBe(2);
    await pass(3_999);
    expect(mailer.tried).toBe(2);
    await pass(3_600_000);
    expect(mailer.tried).toBe(12);
    mailer.failing = false;
    alerts.clear(DATABASE);
    await pass(0);
    expect(subjects()).toEqual(['gbrtc gate-1: call-database works again']);
    expect(mailer.sent[0]?.text).toContain('1 alerts before this one could not be delivered.');
    alerts.raise(DATABASE);
    await pass(0);
    expect(mailer.sent[1]?.text).not.toContain('could not be delivered');
  });

  test('at most 100 wait; the oldest go', async () => {
    open();
    mailer.failing = true;
    for (let i = 0; i < 150; i += 1) alerts.raise({ part: 'ice-server', which: String(i), text: 'x' });
    await pass(1_000);
    mailer.failing = false;
    await pass(300 * 180_000);
    expect(mailer.sent).toHaveLength(100);
    expect(subjects().at(-1)).toContain(' 149 ');
    expect(mailer.sent[0]?.text).toContain('50 alerts before');
  });

  test('at most 1000 faults are known at the same time', async () => {
    open({ burst: 5_000 });
    for (let i = 0; i < 1_500; i += 1) {
      alerts.raise({ part: 'ice-server', which: String(i), text: 'x' });
      await pass(0);
    }
    expect(mailer.sent).toHaveLength(1_000);
  });

  test('nothing after close', async () => {
    open();
    mailer.failing = true;
    alerts.raise(DATABASE);
    await pass(0);
    await alerts.close();
    await alerts.close();
    alerts.clear(DATABASE);
    await pass(3_600_000);
    expect(mailer.tried).toBe(1);
  });
});

describe('by webhook', () => {
  let sink: WebhookSink;
  beforeEach(async () => {
    sink = await openWebhookSink();
  });
  afterEach(() => sink.close());
  const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 });
  const hook = (options: Partial<AlertOptions> = {}, log?: Logger): void =>
    open({ mailTo: [], webhook: sink.url, retryMs: 10, ...options }, log);

  test('the same as JSON', async () => {
    hook();
    alerts.raise({ part: 'ice-server', which: '203.0.113.7', text: 'it is silent' });
    alerts.clear({ part: 'ice-server', which: '203.0.113.7', text: 'it is back' });
    await eventually(() => sink.taken.length).toBe(2);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const common = { gateway: 'gate-1', part: 'ice-server', which: '203.0.113.7', at: time, droppedBefore: 0 };
    expect(sink.taken).toEqual([
      { ...common, event: 'failed', text: 'it is silent' },
      { ...common, event: 'returned', text: 'it is back', failedAt: time },
    ]);
    expect(mailer.tried).toBe(0);
  });

  test.each([500, 302, 404])('after %i it is tried again, in order, and once when it is taken', async (status) => {
    hook();
    sink.status = status;
    alerts.raise(DATABASE);
    alerts.clear(DATABASE);
    await eventually(() => sink.requests).toBeGreaterThan(2);
    sink.status = 200;
    await eventually(() => sink.taken.length).toBe(2);
    expect(sink.taken.map(({ event }) => event)).toEqual(['failed', 'returned']);
  });

  test('no answer is no answer after a time; its URL is in no log', async () => {
    const lines: string[] = [];
    const note = (fields: unknown, message: string): void => void lines.push(JSON.stringify([fields, message]));
    const log: Logger = { trace: note, debug: note, info: note, warn: note, error: note, child: () => log };
    sink.status = 0;
    hook({ webhookTimeoutMs: 50 }, log);
    alerts.raise(DATABASE);
    await eventually(() => sink.requests).toBeGreaterThan(1);
    expect(lines.join('\n')).toContain('no answer in time');
    expect(lines.join('\n')).not.toContain('s3cret');
  });

  test('a way that does not work holds up no other one', async () => {
    sink.status = 500;
    open({ webhook: sink.url });
    alerts.raise(DATABASE);
    await eventually(() => mailer.sent.length).toBe(1);
  });

  test('close breaks off', async () => {
    sink.status = 0;
    hook();
    alerts.raise(DATABASE);
    await eventually(() => sink.requests).toBe(1);
    await alerts.close();
  });
});
