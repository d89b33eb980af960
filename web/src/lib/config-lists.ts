/** What a form holds: texts, booleans of switches, and lines of lists; empty where the device did not tell. */
export interface ConfigInput {
  [key: string]: string | boolean | ConfigInput[];
}

/** What is not a list of an input; empty where there is nothing. */
export function plainInput(input: ConfigInput, key: string): string | boolean {
  const value = input[key];
  return Array.isArray(value) || value === undefined ? '' : value;
}

export function lineInputs(input: ConfigInput, key: string): ConfigInput[] {
  const lines = input[key];
  return Array.isArray(lines) ? lines : [];
}

/** Fields of a configuration as the API has them. */
export type Group = Readonly<Record<string, unknown>>;

export const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function textOfValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOfValue).join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** What stands under `roi.enabled`. */
export const valueAt = (group: Group, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (isGroup(value) ? value[key] : undefined), group);

/** Values by their paths as groups in groups. */
export function nested(entries: ReadonlyArray<readonly [path: string, value: unknown]>): Group {
  const own = entries.filter(([path]) => !path.includes('.'));
  const heads = new Set(entries.flatMap(([path]) => (path.includes('.') ? [path.slice(0, path.indexOf('.'))] : [])));
  const groups = [...heads].map((head) => {
    const inside = entries.filter(([path]) => path.startsWith(`${head}.`));
    return [head, nested(inside.map(([path, value]) => [path.slice(head.length + 1), value] as const))] as const;
  });
  return Object.fromEntries([...own, ...groups]);
}

const SIDES = ['left', 'top', 'right', 'bottom'] as const;

/** Lowest numbers that none of them has. */
function freeNumbers(taken: ReadonlySet<number>, max: number): number[] {
  return Array.from({ length: max }, (_, index) => index + 1).filter((each) => !taken.has(each));
}

const MAX_REGIONS = 4;

/** Covered regions of a picture, `{seq, point: 'left,top,right,bottom'}` (PictureMask of GB/T 28181-2022), as four numbers. */
export const REGIONS = {
  read: (items: readonly Group[]): ConfigInput[] =>
    items.map(({ seq, point }) => {
      const sides = textOfValue(point).split(',');
      const numbers = SIDES.map((side, index) => [side, sides[index]?.trim() ?? '']);
      return { seq: textOfValue(seq), ...(Object.fromEntries(numbers) as ConfigInput) };
    }),
  write: (lines: readonly ConfigInput[]): Group[] => {
    const told = lines.map(({ seq }) => Number(seq ?? ''));
    const free = freeNumbers(new Set(told), MAX_REGIONS);
    return lines.map((line, index) => ({
      seq: told[index] || free.shift(),
      point: SIDES.map((side) => Number(line[side])).join(','),
    }));
  },
  /** Regions that are none: the right side is not right of the left one. */
  wrong: (lines: readonly ConfigInput[]): string[] =>
    lines.flatMap(({ left, right, top, bottom }, index) => [
      ...(Number(right) <= Number(left) ? [`${index}.right`] : []),
      ...(Number(bottom) <= Number(top) ? [`${index}.bottom`] : []),
    ]),
};

const WEEK_DAYS: readonly number[] = [1, 2, 3, 4, 5, 6, 7];
const SETS: Readonly<Record<string, readonly number[]>> = {
  all: WEEK_DAYS,
  work: [1, 2, 3, 4, 5],
  weekend: [6, 7],
};
/** What a line of a plan can be for: several days, or one, Monday first. */
export const DAYS = ['all', 'work', 'weekend', '1', '2', '3', '4', '5', '6', '7'] as const;
const MAX_SEGMENTS = 8;

const daysOf = (line: ConfigInput): readonly number[] =>
  SETS[String(plainInput(line, 'days'))] ?? [Number(plainInput(line, 'days'))];
const pad = (value: unknown) => String(Number(value ?? 0) || 0).padStart(2, '0');

/** `08:00`, with seconds where there are any. */
const timeText = (hour: unknown, minute: unknown, second: unknown) =>
  `${pad(hour)}:${pad(minute)}${Number(second ?? 0) > 0 ? `:${pad(second)}` : ''}`;

/** Seconds of the day; undefined where it is no time. */
function secondsOf(line: ConfigInput, key: 'from' | 'to'): number | undefined {
  const text = String(plainInput(line, key)).trim();
  const [, hour, minute, second = '0'] = /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return seconds <= 86_400 ? seconds : undefined;
}

const partsOf = (seconds: number) => [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60] as const;

function segmentOf(line: ConfigInput): Group {
  const [startHour, startMin, startSec] = partsOf(secondsOf(line, 'from') ?? 0);
  const [stopHour, stopMin, stopSec] = partsOf(secondsOf(line, 'to') ?? 0);
  return { startHour, startMin, startSec, stopHour, stopMin, stopSec };
}

/** The names that together are these days. */
function namesOf(days: ReadonlySet<number>): string[] {
  const left = new Set(days);
  const sets = Object.entries(SETS).flatMap(([name, members]) => {
    if (!members.every((day) => left.has(day))) return [];
    for (const day of members) left.delete(day);
    return [name];
  });
  return [...sets, ...[...left].toSorted((a, b) => a - b).map(String)];
}

/** A week of times to record at, `{weekDay, segmentCount, segments}` a day, as lines of days with from and to. */
export const WEEK = {
  read: (items: readonly Group[]): ConfigInput[] => {
    const days = new Map<string, Set<number>>();
    for (const { weekDay, segments } of items.filter((each) => WEEK_DAYS.includes(Number(each['weekDay'])))) {
      for (const segment of Array.isArray(segments) ? segments.filter(isGroup) : []) {
        const from = timeText(segment['startHour'], segment['startMin'], segment['startSec']);
        const span = `${from} ${timeText(segment['stopHour'], segment['stopMin'], segment['stopSec'])}`;
        days.set(span, (days.get(span) ?? new Set()).add(Number(weekDay)));
      }
    }
    return [...days].flatMap(([span, set]) => {
      const [from = '', to = ''] = span.split(' ');
      return namesOf(set).map((name) => ({ days: name, from, to }));
    });
  },
  write: (lines: readonly ConfigInput[]): Group[] =>
    WEEK_DAYS.flatMap((weekDay) => {
      const own = lines.filter((line) => daysOf(line).includes(weekDay));
      const segments = own
        .toSorted((a, b) => (secondsOf(a, 'from') ?? 0) - (secondsOf(b, 'from') ?? 0))
        .map((line) => segmentOf(line));
      return segments.length === 0 ? [] : [{ weekDay, segmentCount: segments.length, segments }];
    }),
  /** What is no time, ends before it begins, or is more than a day can have. */
  wrong: (lines: readonly ConfigInput[]): string[] =>
    lines.flatMap((line, index) => {
      const [from, to] = [secondsOf(line, 'from'), secondsOf(line, 'to')];
      const before = lines.slice(0, index);
      const full = daysOf(line).some(
        (day) => before.filter((each) => daysOf(each).includes(day)).length >= MAX_SEGMENTS,
      );
      return [
        ...(from === undefined ? [`${index}.from`] : []),
        ...(to === undefined || to <= (from ?? -1) ? [`${index}.to`] : []),
        ...(full ? [`${index}.days`] : []),
      ];
    }),
};
