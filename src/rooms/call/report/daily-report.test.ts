import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeCallHistory, talkSession } from '../../../../test/support/call-records.ts';
import { GatewayError, silentLogger } from '../../../util/index.ts';
import { createStatisticsReader } from '../statistics/reader.ts';
import { type DailyReport, startDailyReport } from './daily-report.ts';
import type { ReportMailer, ReportMessage } from './report-mail.ts';
import type { ReportState, ReportStateStore } from './report-state.ts';

class MailFailure extends GatewayError {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

type Step = 'ok' | 'mail_unreachable' | 'mail_refused' | 'mail_unanswered' | 'hang' | readonly string[];

/** Does what it is told for each message in turn, then takes everything. */
class FakeMailer implements ReportMailer {
  readonly sent: ReportMessage[] = [];
  readonly tried: ReportMessage[] = [];
  steps: Step[] = [];
  #abort: (() => void) | undefined;

  async send(message: ReportMessage, { beforeEnd }: { readonly beforeEnd: () => Promise<void> }) {
    this.tried.push(message);
    const step = this.steps.shift() ?? 'ok';
    if (step === 'mail_unreachable' || step === 'mail_refused') throw new MailFailure(step);
    await beforeEnd();
    if (step === 'mail_unanswered') throw new MailFailure(step);
    if (step === 'hang') {
      await new Promise<void>((_resolve, reject) => {
        this.#abort = () => reject(new MailFailure('mail_unanswered'));
      });
    }
    this.sent.push(message);
    const refused = typeof step === 'string' ? [] : step;
    return { accepted: message.to.filter((address) => !refused.includes(address)), refused };
  }

  async close(): Promise<void> {
    this.#abort?.();
  }
}

/** A disk that fails when it is told to. */
class FakeStateStore implements ReportStateStore {
  state: ReportState | undefined;
  readFailure: Error | undefined;
  writeFailure: Error | undefined;
  asides = 0;

  async read(): Promise<ReportState | undefined> {
    if (this.readFailure !== undefined) throw this.readFailure;
    return this.state;
  }

  async write(state: ReportState): Promise<void> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    this.state = structuredClone(state);
  }

  async putAside(): Promise<void> {
    this.asides += 1;
    this.readFailure = undefined;
  }
}

const LIST = ['ops@example.org', 'boss@example.org'];
let store: FakeStateStore;
let history: FakeCallHistory;
let mailer: FakeMailer;
/** As `failed 2026-11-21`. */
let alerted: string[];
let running: DailyReport | undefined;
/** Of the records: while set, they are still being written. */
let filling: PromiseWithResolvers<void> | undefined;

beforeEach(() => {
  store = new FakeStateStore();
  history = new FakeCallHistory();
  mailer = new FakeMailer();
  alerted = [];
  filling = undefined;
  vi.useFakeTimers({ now: new Date('2026-11-21T12:00:00Z'), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  vi.useRealTimers();
});

const alerts = {
  raise: ({ part, which, text }: { part: string; which: string; text: string }): void => {
    expect([part, text]).toEqual(['daily-report', expect.stringContaining(`gbrtc report --date ${which} --mail`)]);
    alerted.push(`failed ${which}`);
  },
  clear: ({ which }: { which: string }): void => void alerted.push(`returned ${which}`),
};
const settled = async (signal: AbortSignal): Promise<boolean> => {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([filling?.promise, aborted]);
  return !signal.aborted;
};
const start = (timeZone = 'UTC', time = '00:30'): void => {
  running = startDailyReport(
    { time, mailTo: LIST, retryMs: 1000 },
    { reader: createStatisticsReader(history, { timeZone }), settled, mailer, state: store, alerts, log: silentLogger },
  );
};
const restart = async (): Promise<void> => {
  await running?.close();
  mailer = Object.assign(new FakeMailer(), { steps: mailer.steps, sent: mailer.sent, tried: mailer.tried });
  start();
};
/** Everything here is promises: they are through with the turn of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pass = async (ms: number): Promise<void> => {
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
};
const HOUR = 3_600_000;
const dates = (messages: readonly ReportMessage[]): string[] =>
  messages.map(({ subject }) => /\d{4}-\d\d-\d\d/.exec(subject)?.[0] ?? subject);
const known = (): string[] => (store.state?.days ?? []).map(({ date, state }) => `${date} ${state}`);

describe('every day', () => {
  test('the report of the day before, at the time, once', async () => {
    history.allSessions = [talkSession({ sessionId: 'a', joinedAt: Date.parse('2026-11-21T13:00:00Z') })];
    start();
    await pass(12 * HOUR);
    expect(mailer.tried).toEqual([]);
    await pass(HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
    const [{ to, text, html, attachments, messageId } = {} as ReportMessage] = mailer.sent;
    expect(to).toEqual(LIST);
    expect(text).toMatch(/Calls \(joins\): +1\n/);
    expect(html).toContain('Call report 2026-11-21');
    expect(attachments.map(({ fileName }) => fileName)).toEqual([
      'gbrtc-calls-2026-11-21.csv',
      'gbrtc-calls-2026-11-21.html',
    ]);
    expect(messageId).toMatch(/^<gbrtc\.[\w-]{36}\.2026-11-21@gbrtc\.invalid>$/);
    await pass(48 * HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-21', '2026-11-22', '2026-11-23']);
    expect(new Set(mailer.sent.map((each) => each.messageId)).size).toBe(3);
    expect(known()).toEqual(['2026-11-21 sent', '2026-11-22 sent', '2026-11-23 sent']);
  });

  test('not for days before reports were turned on', async () => {
    start();
    await settle();
    await restart();
    await pass(HOUR);
    expect(mailer.tried).toEqual([]);
  });

  test.each([
    ['forward, 02:30 does not exist', '2026-03-28T12:00:00Z', '02:30', ['2026-03-28', '2026-03-29']],
    ['back, 02:30 comes twice', '2026-10-24T12:00:00Z', '02:30', ['2026-10-24', '2026-10-25']],
    ['the last minute', '2026-11-21T12:00:00Z', '23:59', ['2026-11-21']],
  ])('when clocks change: %s', async (_name, now, time, expected) => {
    vi.setSystemTime(new Date(now));
    start('Europe/Berlin', time);
    for (let hour = 0; hour < 42; hour += 1) await pass(HOUR);
    expect(dates(mailer.sent)).toEqual(expected);
  });
});

describe('after a failure', () => {
  test('again with growing waits, under the same Message-ID, until it is sent', async () => {
    mailer.steps = ['mail_unreachable', 'mail_refused', 'mail_unreachable'];
    start();
    await pass(12.5 * HOUR);
    expect(mailer.tried).toHaveLength(1);
    await pass(999);
    expect(mailer.tried).toHaveLength(1);
    await pass(1);
    expect(mailer.tried).toHaveLength(2);
    await pass(1999);
    expect(mailer.tried).toHaveLength(2);
    await pass(1);
    await pass(4000);
    expect(mailer.tried).toHaveLength(4);
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
    expect(new Set(mailer.tried.map(({ messageId }) => messageId)).size).toBe(1);
    await pass(12 * HOUR);
    expect(mailer.tried).toHaveLength(4);
  });

  test('the records cannot be read', async () => {
    history.failure = new Error('database is away');
    start();
    await pass(13 * HOUR);
    expect(mailer.tried).toEqual([]);
    history.failure = undefined;
    await pass(HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
  });

  test('across a restart', async () => {
    mailer.steps = ['mail_unreachable'];
    start();
    await pass(12.5 * HOUR);
    expect([mailer.tried.length, known()]).toEqual([1, ['2026-11-21 waiting']]);
    await restart();
    await settle();
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
    await restart();
    await pass(HOUR);
    expect(mailer.tried).toHaveLength(2);
  });

  test('some recipients were refused: only they get it again', async () => {
    mailer.steps = [['boss@example.org']];
    start();
    await pass(12.5 * HOUR);
    await pass(1000);
    expect(mailer.sent.map(({ to }) => to)).toEqual([LIST, ['boss@example.org']]);
    expect(known()).toEqual(['2026-11-21 sent']);
  });

  test('a recipient who is always refused is given up', async () => {
    mailer.steps = Array.from({ length: 30 }, () => ['boss@example.org']);
    start();
    for (let hour = 0; hour < 18; hour += 1) await pass(HOUR);
    expect(mailer.sent.map(({ to }) => to.length)).toEqual([2, ...Array.from({ length: 9 }, () => 1)]);
    expect(known()).toEqual(['2026-11-21 given_up']);
  });
});

describe('records that are still being written', () => {
  const joined = (hour: number) => talkSession({ sessionId: `s${hour}`, joinedAt: Date.UTC(2026, 10, 20, hour) });

  test('are waited for: a report is never corrected', async () => {
    store.state = { id: 'x', since: '2026-11-20', days: [] };
    history.allSessions = [joined(10)];
    filling = Promise.withResolvers();
    start();
    await pass(59 * 60_000);
    expect(mailer.tried).toEqual([]);
    history.allSessions = [joined(10), joined(11)];
    filling.resolve();
    await settle();
    expect(mailer.sent.map(({ text }) => /Calls \(joins\): +(\d+)/.exec(text)?.[1])).toEqual(['2']);
  });

  test('for an hour, then the report is of what there is', async () => {
    store.state = { id: 'x', since: '2026-11-20', days: [] };
    filling = Promise.withResolvers();
    start();
    await pass(HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-20']);
  });

  test('not beyond the end', async () => {
    store.state = { id: 'x', since: '2026-11-20', days: [] };
    filling = Promise.withResolvers();
    start();
    await settle();
    await running?.close();
    expect([mailer.tried, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('never twice', () => {
  test('nobody knows whether it arrived: not again, not after a restart either, and people are told once', async () => {
    mailer.steps = ['mail_unanswered'];
    start();
    await pass(13 * HOUR);
    expect(known()).toEqual(['2026-11-21 unknown']);
    await restart();
    await pass(HOUR);
    expect(mailer.tried).toHaveLength(1);
    expect(alerted).toEqual(['failed 2026-11-21']);
    await pass(24 * HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-22']);
    expect(alerted).toEqual(['failed 2026-11-21', 'returned 2026-11-21']);
  });

  test('closed while the server thinks', async () => {
    mailer.steps = ['hang'];
    start();
    await pass(12.5 * HOUR);
    expect(known()).toEqual(['2026-11-21 sending']);
    await running?.close();
    // There is nobody to tell: who starts next does.
    expect([known(), alerted]).toEqual([['2026-11-21 sending'], []]);
    await restart();
    await settle();
    expect([mailer.tried.length, known()]).toEqual([1, ['2026-11-21 unknown']]);
    expect(alerted).toEqual(['failed 2026-11-21']);
  });

  test('killed behind the mark: what is found as sending is not sent', async () => {
    store.state = {
      id: 'x',
      since: '2026-11-19',
      days: [
        { date: '2026-11-19', state: 'sending', attempts: 0 },
        { date: '2026-11-20', state: 'waiting', attempts: 3 },
      ],
    };
    start();
    await settle();
    expect(dates(mailer.tried)).toEqual(['2026-11-20']);
    expect(known()).toEqual(['2026-11-19 unknown', '2026-11-20 sent']);
    expect(alerted).toEqual(['failed 2026-11-19', 'returned 2026-11-19']);
  });

  test('the disk does not take the mark: nothing is sent, and again when it does', async () => {
    start();
    await settle();
    store.writeFailure = new Error('disk is full');
    await pass(12.5 * HOUR);
    expect([mailer.tried.length > 0, mailer.sent]).toEqual([true, []]);
    store.writeFailure = undefined;
    await pass(HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
  });

  test('the disk does not take that it was sent: not again', async () => {
    start();
    await settle();
    const send = mailer.send.bind(mailer);
    mailer.send = async (message, options) => {
      const result = await send(message, options);
      store.writeFailure = new Error('disk is full');
      return result;
    };
    await pass(13 * HOUR);
    await pass(5 * HOUR);
    expect(mailer.tried).toHaveLength(1);
  });

  test('an unreadable state is put aside, nothing is caught up', async () => {
    store.readFailure = new Error('Unexpected end of JSON input');
    start();
    await settle();
    expect([mailer.tried, store.asides]).toEqual([[], 1]);
    await pass(13 * HOUR);
    expect(dates(mailer.sent)).toEqual(['2026-11-21']);
  });
});

describe('days that were missed', () => {
  const since = (date: string): void => {
    store.state = { id: 'x', since: date, days: [] };
  };

  test('are caught up, oldest first, at most seven', async () => {
    since('2026-01-01');
    start();
    await settle();
    expect(dates(mailer.sent)).toEqual([14, 15, 16, 17, 18, 19, 20].map((day) => `2026-11-${day}`));
  });

  test('since they are reported only', async () => {
    since('2026-11-19');
    start();
    await settle();
    expect(dates(mailer.sent)).toEqual(['2026-11-19', '2026-11-20']);
  });

  test('before the time of the day yesterday is not yet due', async () => {
    vi.setSystemTime(new Date('2026-11-21T00:10:00Z'));
    since('2026-11-19');
    start();
    await settle();
    expect(dates(mailer.sent)).toEqual(['2026-11-19']);
    await pass(20 * 60_000);
    expect(dates(mailer.sent)).toEqual(['2026-11-19', '2026-11-20']);
  });

  test('what could not be sent for a week is given up', async () => {
    mailer.steps = Array.from({ length: 10_000 }, () => 'mail_unreachable' as const);
    since('2026-11-20');
    start();
    for (let hour = 0; hour < 8 * 24; hour += 1) await pass(HOUR);
    expect(known()[0]).toBe('2026-11-20 given_up');
    const attempts = dates(mailer.tried).filter((date) => date === '2026-11-20').length;
    expect(attempts).toBeGreaterThan(100);
    expect(attempts).toBeLessThan(300);
  });
});

test('nothing goes on after close', async () => {
  start();
  await settle();
  await running?.close();
  await running?.close();
  await pass(48 * HOUR);
  expect(mailer.tried).toEqual([]);
});
