import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import { errorMessage, GatewayError, type Logger } from '../../../util/index.ts';
import { addDays } from '../statistics/local-day.ts';
import type { StatisticsReader } from '../statistics/reader.ts';
import { callReport } from './report.ts';
import { reportMessage, type ReportMailer } from './report-mail.ts';
import type { ReportDay, ReportState, ReportStateStore } from './report-state.ts';

/** In alerts. */
const PART = 'daily-report';
/** So many days are caught up. */
const MAX_MISSED = 7;
/** Days behind those stay known so long, in case a clock is turned back. */
const KEPT_DAYS = 30;
const RETRY_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;
/** A database that does not keep up for so long gets a report of what it has. */
const RECORDS_MS = 3_600_000;
/** For recipients whom the server refuses while it takes the message for others. */
const PARTIAL_ATTEMPTS = 10;

export interface DailyReportOptions {
  /** `00:30`, in the time zone of the reader. */
  readonly time: string;
  readonly mailTo: readonly string[];
  /** Before the second attempt; doubles each time up to an hour. Default 60000. */
  readonly retryMs?: number;
}

/** Where people are told of reports that may be missing; nothing of it throws. */
export interface ReportAlerts {
  raise(fault: ReportFault): void;
  /** Nothing happens unless it was raised. */
  clear(fault: ReportFault): void;
}

interface ReportFault {
  readonly part: string;
  /** The day. */
  readonly which: string;
  readonly text: string;
}

export interface DailyReportParts {
  readonly reader: StatisticsReader;
  /** True when all records until now can be read, also those of calls that a killed gateway left open; false: given up. */
  readonly settled: (signal: AbortSignal) => Promise<boolean>;
  readonly mailer: ReportMailer;
  readonly state: ReportStateStore;
  readonly alerts: ReportAlerts;
  readonly log: Logger;
}

/** Sends the report of each day to the list, once. */
export interface DailyReport {
  /** Idempotent; what is being sent is broken off. */
  close(): Promise<void>;
}

/**
 * Every day at `time` the report of the day before, and of the last days that were missed. The state on disk tells which
 * days are done: a day is marked before the server can have taken its report, so that it is never sent twice, and
 * marked as sent when the server has said so. Who was killed in between, or got no answer, does not know, and does not
 * send it again: people are told, and decide.
 */
export function startDailyReport(options: DailyReportOptions, parts: DailyReportParts): DailyReport {
  return new Scheduler(options, parts);
}

class Scheduler implements DailyReport {
  readonly #options: DailyReportOptions;
  readonly #parts: DailyReportParts;
  readonly #cron: Cron;
  #state: ReportState | undefined;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Another day has come meanwhile. */
  #asked = false;
  #closed = false;
  readonly #closing = new AbortController();

  constructor(options: DailyReportOptions, parts: DailyReportParts) {
    this.#options = options;
    this.#parts = parts;
    const [hour, minute] = options.time.split(':').map(Number);
    const { timeZone } = parts.reader.days;
    this.#cron = new Cron(`0 ${minute} ${hour} * * *`, { timezone: timeZone }, () => this.#wake());
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#cron.stop();
    clearTimeout(this.#retry);
    await this.#parts.mailer.close();
    await this.#running;
  }

  #wake(): void {
    if (this.#closed) return;
    this.#asked = true;
    if (this.#running !== undefined) return;
    this.#asked = false;
    clearTimeout(this.#retry);
    this.#running = this.#sendDue()
      .catch((error: unknown) => {
        this.#parts.log.error({ error: errorMessage(error) }, 'daily report failed');
        return 1;
      })
      .then((attempts) => {
        this.#running = undefined;
        if (this.#asked) return this.#wake();
        if (this.#closed || attempts === 0) return;
        const { retryMs = RETRY_MS } = this.#options;
        const wait = Math.min(RETRY_MAX_MS, retryMs * 2 ** Math.min(attempts - 1, 16));
        this.#retry = setTimeout(() => this.#wake(), wait);
      });
  }

  /** Resolves with the failed attempts of the day that waits for the shortest time; 0: none waits. */
  async #sendDue(): Promise<number> {
    this.#state ??= await this.#load();
    await this.#giveUp();
    if (this.#waiting().length > 0) await this.#awaitRecords();
    for (const day of this.#waiting()) {
      if (this.#closed) break;
      await this.#attempt(day);
    }
    const waiting = this.#waiting();
    return waiting.length === 0 ? 0 : Math.max(1, Math.min(...waiting.map(({ attempts }) => attempts)));
  }

  async #load(): Promise<ReportState> {
    const { reader, state: store, log } = this.#parts;
    let known: ReportState | undefined;
    try {
      known = await store.read();
    } catch (error) {
      // What was sent cannot be known any more: nothing is caught up, so that nothing is sent twice.
      log.error({ error: errorMessage(error) }, 'state of the daily reports is unreadable, put aside');
      await store.putAside();
    }
    const state = known ?? { id: randomUUID(), since: reader.today(), days: [] };
    const days = state.days.map((day): ReportDay => (day.state === 'sending' ? { ...day, state: 'unknown' } : day));
    for (const { date, state: was } of state.days) {
      if (was === 'sending') this.#tellUnknown(date, 'the gateway ended before the mail server had answered');
    }
    await store.write({ ...state, days });
    return { ...state, days };
  }

  #tellUnknown(date: string, reason: string): void {
    const { log, alerts } = this.#parts;
    log.error({ date, reason }, 'it is unknown whether this daily report was sent; not sent again');
    const text = `nobody knows whether the report of ${date} has arrived, it is not sent again by itself: ${reason}`;
    alerts.raise({ part: PART, which: date, text: `${text}; \`gbrtc report --date ${date} --mail\` sends it` });
  }

  /** Oldest first. */
  #dueDates(): string[] {
    const { days } = this.#parts.reader;
    const now = Date.now();
    const today = days.dateOf(now);
    const last = days.timeOf(now) >= this.#options.time ? 1 : 2;
    return Array.from({ length: MAX_MISSED + 1 - last }, (_, index) => addDays(today, index - MAX_MISSED)).filter(
      (date) => date >= (this.#state?.since ?? today),
    );
  }

  #waiting(): ReportDay[] {
    return this.#dueDates()
      .map((date) => this.#dayOf(date))
      .filter(({ state }) => state === 'waiting');
  }

  /** A report is never corrected: one from a database that is still being filled would stay wrong. */
  async #awaitRecords(): Promise<void> {
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), RECORDS_MS);
    const settled = await this.#parts.settled(AbortSignal.any([overdue.signal, this.#closing.signal]));
    clearTimeout(timer);
    if (settled || this.#closed) return;
    this.#parts.log.warn(
      { waitedMs: RECORDS_MS },
      'records of calls still wait: the daily report is made without them',
    );
  }

  #dayOf(date: string): ReportDay {
    return this.#state?.days.find((day) => day.date === date) ?? { date, state: 'waiting', attempts: 0 };
  }

  async #attempt(day: ReportDay): Promise<void> {
    const { reader, mailer } = this.#parts;
    const { date } = day;
    const to = this.#options.mailTo.filter((address) => day.left?.includes(address) ?? true);
    if (to.length === 0) return this.#put({ ...day, state: 'sent' });
    let refused: readonly string[];
    try {
      const report = await callReport(reader, { from: date });
      const message = reportMessage(report, to, `<gbrtc.${this.#state?.id}.${date}@gbrtc.invalid>`);
      ({ refused } = await mailer.send(message, { beforeEnd: () => this.#put({ ...day, state: 'sending' }) }));
    } catch (error) {
      return this.#failed(day, error);
    }
    // Outside: that it was sent stays true when the disk does not take it.
    await this.#sent(day, refused);
  }

  #failed(day: ReportDay, error: unknown): Promise<void> {
    const { log } = this.#parts;
    const { date } = day;
    const attempts = day.attempts + 1;
    const code = error instanceof GatewayError ? error.code : 'internal_error';
    const text = errorMessage(error);
    if (code === 'mail_unanswered') {
      // Nobody is told any more: the next start finds it as it is on disk, and tells.
      if (this.#closed) return Promise.resolve();
      this.#tellUnknown(date, text);
      return this.#put({ ...day, state: 'unknown' });
    }
    log.warn({ date, code, error: text, attempts }, 'daily report not sent, tried again');
    return this.#put({ ...day, state: 'waiting', attempts });
  }

  #sent(day: ReportDay, refused: readonly string[]): Promise<void> {
    const { log } = this.#parts;
    const { date } = day;
    const attempts = day.attempts + 1;
    this.#tellReturned();
    if (refused.length === 0) {
      log.info({ date }, 'daily report sent');
      return this.#put({ date, state: 'sent', attempts });
    }
    const state = attempts < PARTIAL_ATTEMPTS ? 'waiting' : 'given_up';
    log.warn({ date, refused, state }, 'daily report refused for some recipients');
    return this.#put({ date, state, left: refused, attempts });
  }

  /** The fault is the mail server's: it is over when another report has arrived. */
  #tellReturned(): void {
    for (const { date, state } of this.#state?.days ?? []) {
      if (state !== 'unknown') continue;
      const text = `reports arrive again; that of ${date} was not sent again by itself`;
      this.#parts.alerts.clear({ part: PART, which: date, text });
    }
  }

  /** What has waited for longer than is caught up. */
  async #giveUp(): Promise<void> {
    const oldest = addDays(this.#parts.reader.today(), -MAX_MISSED);
    for (const day of this.#state?.days ?? []) {
      if (day.state !== 'waiting' || day.date >= oldest) continue;
      this.#parts.log.error({ date: day.date, attempts: day.attempts }, 'daily report given up');
      await this.#put({ ...day, state: 'given_up' });
    }
  }

  /** The state here counts, whether or not the disk takes it; then it is the one on disk after the next start. */
  async #put(day: ReportDay): Promise<void> {
    const { id, since, days } = this.#state as ReportState;
    const kept = addDays(this.#parts.reader.today(), -KEPT_DAYS);
    const next = [...days.filter(({ date }) => date !== day.date && date >= kept), day];
    this.#state = { id, since, days: next.toSorted((a, b) => (a.date < b.date ? -1 : 1)) };
    await this.#parts.state.write(this.#state);
  }
}
