import { join } from 'node:path';
import type { Alerts } from './alert/index.ts';
import type { ApiParts } from './api/index.ts';
import type { Config } from './config/index.ts';
import { createMailer, type Mailer } from './mail/index.ts';
import {
  callReport,
  createReportStateFile,
  createStatisticsReader,
  type DailyReport,
  startDailyReport,
  type StatisticsReader,
} from './rooms/call/report/index.ts';
import type { CallHistory } from './rooms/index.ts';
import type { Calls } from './store/index.ts';
import type { Logger } from './util/index.ts';

/** A connection to the mail server of its own for each of its users. */
export function mailerOf({ mail }: Config): Mailer {
  const { host, port, secure, username, password, from } = mail;
  return createMailer({ host, port, secure, username, password, from });
}

export function statisticsOf({ report }: Config, history: CallHistory): StatisticsReader {
  return createStatisticsReader(history, { timeZone: report['time-zone'] });
}

/** Figures of calls for the API, and every day as a report by mail. */
export interface Reports {
  readonly callStatistics: ApiParts['callStatistics'];
  /** Idempotent. */
  close(): Promise<void>;
}

export function openReports(
  config: Config,
  calls: Pick<Calls, 'history' | 'settled'>,
  alerts: Alerts,
  log: Logger,
): Reports {
  const { report, common } = config;
  const reader = statisticsOf(config, calls.history);
  let daily: DailyReport | undefined;
  if (report['mail-to'].length > 0) {
    daily = startDailyReport(
      { time: report.time, mailTo: report['mail-to'] },
      {
        reader,
        settled: (signal) => calls.settled(signal),
        mailer: mailerOf(config),
        state: createReportStateFile(join(common['data-dir'], 'daily-report.json')),
        alerts,
        log,
      },
    );
  }
  return {
    callStatistics: { read: (days) => reader.read(days), report: (days) => callReport(reader, days) },
    async close() {
      await daily?.close();
    },
  };
}
