import type { CallStatistics, HourOfCalls } from '../statistics/types.ts';
import { durationText, percentText } from './figures.ts';
import { escapeHtml } from './escape.ts';

const WIDTH = 640;
const FONT = 'font-family="Helvetica,Arial,sans-serif" font-size="11"';
const INK = '#17211f';
const MUTED = '#65736f';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
}

/** Sessions by hour as columns, and the talk time the same way. */
export function hourCharts(hours: readonly HourOfCalls[]): readonly { readonly title: string; readonly svg: string }[] {
  const bars = (value: (hour: HourOfCalls) => number, text: (value: number) => string): Bar[] =>
    hours.map((hour) => ({
      label: String(hour.hour).padStart(2, '0'),
      value: value(hour),
      text: text(value(hour)),
    }));
  return [
    {
      title: 'Calls by hour',
      svg: columns(
        'Calls by hour',
        bars((h) => h.sessions, String),
        '#0c6b63',
      ),
    },
    {
      title: 'Talk time by hour',
      svg: columns(
        'Talk time by hour',
        bars((h) => h.talkMs, durationText),
        '#8a5a00',
      ),
    },
  ];
}

/** Shares of the ways that connected pairs took, as one bar. */
export function waysChart({ pairs: { connectTypes, connected } }: CallStatistics): string {
  const parts = [
    { name: 'TURN', value: connectTypes.TURN, colour: '#b3362b' },
    { name: 'STUN', value: connectTypes.STUN, colour: '#0c6b63' },
    { name: 'Unknown', value: connectTypes.Unknown, colour: '#a3aeaa' },
  ];
  let x = 0;
  const drawn = parts.map(({ name, value, colour }, index) => {
    const width = connected === 0 ? 0 : (value / connected) * WIDTH;
    const rect = `<rect x="${round(x)}" y="0" width="${round(width)}" height="22" fill="${colour}"/>`;
    x += width;
    const at = index * 210;
    const label = `${name} ${value}${connected === 0 ? '' : ` (${percentText(value / connected)})`}`;
    return (
      `${rect}<rect x="${at}" y="32" width="11" height="11" fill="${colour}"/>` +
      `<text x="${at + 16}" y="42" fill="${INK}" ${FONT}>${escapeHtml(label)}</text>`
    );
  });
  const empty = `<rect x="0" y="0" width="${WIDTH}" height="22" fill="#eef2f0"/>`;
  return svg('How pairs were connected', 48, empty + drawn.join(''));
}

function columns(title: string, bars: readonly Bar[], colour: string): string {
  const [height, foot, head] = [130, 18, 16];
  const most = bars.reduce((high, { value }) => Math.max(high, value), 0);
  const step = WIDTH / Math.max(1, bars.length);
  const drawn = bars.map(({ label, value, text }, index) => {
    const tall = most === 0 ? 0 : (value / most) * (height - foot - head);
    const [x, y] = [index * step, height - foot - tall];
    const shown = value > 0 && value === most;
    return (
      `<rect x="${round(x + 2)}" y="${round(y)}" width="${round(step - 4)}" height="${round(tall)}" fill="${colour}">` +
      `<title>${escapeHtml(`${label}: ${text}`)}</title></rect>` +
      (shown ? middle(x + step / 2, y - 4, text, INK) : '') +
      (index % 3 === 0 ? middle(x + step / 2, height - 4, label, MUTED) : '')
    );
  });
  const axis = `<line x1="0" y1="${height - foot}" x2="${WIDTH}" y2="${height - foot}" stroke="#c3ccc8"/>`;
  return svg(title, height, drawn.join('') + axis);
}

const round = (value: number): number => Math.round(value * 10) / 10;

const middle = (x: number, y: number, text: string, colour: string): string =>
  `<text x="${round(x)}" y="${round(y)}" fill="${colour}" text-anchor="middle" ${FONT}>${escapeHtml(text)}</text>`;

function svg(title: string, height: number, content: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" style="max-width:100%;height:auto"><title>${escapeHtml(title)}</title>` +
    `${content}</svg>`
  );
}
