/** A Range header (RFC 2326 §12.29) as a live server needs it. */
export type RtspRange =
  /** `now`, or seconds from the start; the end is of no interest to a live stream. */
  { readonly unit: 'npt'; readonly start: number | 'now' } | { readonly unit: 'other'; readonly name: string };

const NPT = /^npt[ \t]*=[ \t]*(now|\d{1,9}(?:\.\d{0,9})?|\d{1,6}:\d{1,2}:\d{1,2}(?:\.\d{0,9})?)?[ \t]*-[^-]{0,32}$/i;

/** Undefined where it is no range. Never throws. */
export function parseRange(value: string): RtspRange | undefined {
  const [range = ''] = value.split(';');
  const [, unit] = /^([a-z]{1,16})(?:-[a-z0-9-]{1,16})?[ \t]*=/i.exec(range.trim()) ?? [];
  if (unit === undefined) return undefined;
  if (unit.toLowerCase() !== 'npt') return { unit: 'other', name: unit.toLowerCase() };
  const match = NPT.exec(range.trim());
  if (match === null) return undefined;
  return { unit: 'npt', start: parseNpt(match[1] ?? '0') };
}

/** RFC 2326 §3.6: `now`, seconds, or hours:minutes:seconds. */
function parseNpt(text: string): number | 'now' {
  if (text.toLowerCase() === 'now') return 'now';
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

/** A live stream plays from now on, whatever was asked. */
export const LIVE_RANGE = 'npt=now-';
