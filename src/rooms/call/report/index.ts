export { createStatisticsReader, type StatisticsReader } from '../statistics/reader.ts';
export { type DailyReport, startDailyReport } from './daily-report.ts';
export { callReport } from './report.ts';
export { reportMessage } from './report-mail.ts';
export { createReportStateFile } from './report-state.ts';
