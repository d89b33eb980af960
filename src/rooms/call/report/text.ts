import type { LocalDays } from '../statistics/local-day.ts';
import type { CallStatistics } from '../statistics/types.ts';
import { failedTable, figureGroups, type FigureTable, titleOf, TRUNCATED, worstTable } from './figures.ts';
import { subtitle, timesOf } from './html.ts';

/** The report for those who read no HTML. */
export function reportText(statistics: CallStatistics, days: LocalDays): string {
  const timeOf = timesOf(statistics, days);
  const groups = figureGroups(statistics).map(({ title, rows }) => [
    title,
    ...rows.map(([name, value]) => `  ${`${name}:`.padEnd(34)}${value}`),
  ]);
  const lists = [worstTable(statistics.worst, timeOf), failedTable(statistics.failed, timeOf)].map(listed);
  const blocks = [
    [titleOf(statistics), subtitle(statistics), ...(statistics.truncated ? [TRUNCATED] : [])],
    ...groups,
    ...lists.filter((lines) => lines.length > 0),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** A name may not begin a line of its own. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');

function listed({ title, columns, rows }: FigureTable): string[] {
  if (rows.length === 0) return [];
  return [
    title,
    ...rows.map((cells) => `  ${cells.map((cell, index) => `${columns[index]}: ${oneLine(cell)}`).join(', ')}`),
  ];
}
