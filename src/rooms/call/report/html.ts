import type { LocalDays } from '../statistics/local-day.ts';
import type { CallStatistics } from '../statistics/types.ts';
import { hourCharts, waysChart } from './charts.ts';
import { escapeHtml } from './escape.ts';
import { failedTable, figureGroups, type FigureTable, titleOf, TRUNCATED, worstTable } from './figures.ts';

const TEXT = 'font-family:Helvetica,Arial,sans-serif;color:#17211f';
const H2 = `${TEXT};font-size:16px;margin:26px 0 8px`;
const CELL = `${TEXT};font-size:13px;padding:4px 10px 4px 0;border-bottom:1px solid #dde3e0;text-align:left`;

/**
 * The report for mail programs and browsers: styles inline, charts as SVG and the same figures as tables (some mail
 * programs show no SVG), no script, nothing from elsewhere.
 */
export function reportHtml(statistics: CallStatistics, days: LocalDays): string {
  const title = escapeHtml(titleOf(statistics));
  const timeOf = timesOf(statistics, days);
  const groups = figureGroups(statistics)
    .map((group) => heading(group.title) + table(group.rows.map((row) => [...row])))
    .join('');
  const charts = [
    ...hourCharts(statistics.hours),
    { title: 'How pairs were connected', svg: waysChart(statistics) },
  ].map((chart) => `${heading(chart.title)}${chart.svg}`);
  const hours = statistics.hours.filter(({ sessions, talkMs }) => sessions > 0 || talkMs > 0);
  const tables = [worstTable(statistics.worst, timeOf), failedTable(statistics.failed, timeOf)].map(listed);
  return (
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light"></head>' +
    `<body style="margin:0;padding:20px;background:#ffffff;${TEXT};font-size:14px">` +
    `<div style="max-width:760px;margin:0 auto"><h1 style="${TEXT};font-size:22px;margin:0 0 4px">${title}</h1>` +
    `<p style="margin:0;color:#4b5956">${escapeHtml(subtitle(statistics))}</p>` +
    (statistics.truncated ? `<p style="color:#b3362b">${TRUNCATED}</p>` : '') +
    groups +
    charts.join('') +
    table(
      hours.map((hour) => [`${String(hour.hour).padStart(2, '0')}:00`, `${hour.sessions} calls`]),
      [],
    ) +
    tables.join('') +
    '</div></body></html>\n'
  );
}

/** `Times are those of Europe/Berlin. Made 2026-11-22 00:30.` */
export function subtitle({ timeZone, generatedAt }: CallStatistics): string {
  return `Times are those of ${timeZone}. Made ${new Date(generatedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
}

/** Times of one day need no date. */
export function timesOf({ from, to }: CallStatistics, days: LocalDays): (at: number) => string {
  return (at) => (from === to ? days.timeOf(at) : `${days.dateOf(at)} ${days.timeOf(at)}`);
}

const heading = (text: string): string => `<h2 style="${H2}">${escapeHtml(text)}</h2>`;

function listed({ title, columns, rows }: FigureTable): string {
  if (rows.length === 0) return '';
  return heading(title) + table(rows, columns);
}

function table(rows: readonly (readonly string[])[], columns: readonly string[] = []): string {
  if (rows.length === 0) return '';
  const head = columns.map((text) => `<th style="${CELL};color:#4b5956">${escapeHtml(text)}</th>`).join('');
  const body = rows
    .map((cells) => `<tr>${cells.map((text) => `<td style="${CELL}">${escapeHtml(text)}</td>`).join('')}</tr>`)
    .join('');
  return `<table style="border-collapse:collapse">${head === '' ? '' : `<tr>${head}</tr>`}${body}</table>`;
}
