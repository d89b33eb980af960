import type { DayRange, StatisticsReader } from '../statistics/reader.ts';
import type { CallStatistics } from '../statistics/types.ts';
import { reportCsv } from './csv.ts';
import { titleOf } from './figures.ts';
import { reportHtml } from './html.ts';
import { reportText } from './text.ts';

/** The report of some days in all its forms. */
export interface CallReport {
  readonly statistics: CallStatistics;
  readonly title: string;
  readonly html: string;
  readonly text: string;
  readonly csv: string;
  /** `gbrtc-calls-2026-11-21`, without an ending. */
  readonly fileName: string;
}

/** @throws DateRangeError; rejects where the records cannot be read */
export async function callReport(reader: StatisticsReader, range: DayRange): Promise<CallReport> {
  const statistics = await reader.read(range);
  const { from, to } = statistics;
  return {
    statistics,
    title: titleOf(statistics),
    html: reportHtml(statistics, reader.days),
    text: reportText(statistics, reader.days),
    csv: reportCsv(statistics),
    fileName: `gbrtc-calls-${from}${to === from ? '' : `-${to}`}`,
  };
}
