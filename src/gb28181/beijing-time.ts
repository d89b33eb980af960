/** China has had one zone without summer time since 1992; the zone of the machine does not matter. */
const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** `yyyy-MM-ddTHH:mm:ss.SSS` in Beijing time, as the Date header of a REGISTER response (GB/T 28181 3.6). */
export function formatDateHeader(unixMs: number): string {
  return new Date(unixMs + BEIJING_OFFSET_MS).toISOString().slice(0, -1);
}

/** `yyyy-MM-ddTHH:mm:ss` in Beijing time, as in MANSCDP (GB/T 28181 4.7). */
export function formatGbTime(unixMs: number): string {
  return formatDateHeader(unixMs).slice(0, 19);
}

const TIME =
  /^\s*(\d{4})-(\d{1,2})-(\d{1,2})[T ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?\s*(?:(Z|[+-]\d{2}:?\d{2})\s*)?$/i;

/** Unix ms of a MANSCDP time: Beijing time unless a zone is given; single digits, a blank for `T` and fractions pass. */
export function parseGbTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match;
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return undefined;
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms);
  return wall - zoneOffsetMs(zone);
}

function zoneOffsetMs(zone: string | undefined): number {
  if (zone === undefined) return BEIJING_OFFSET_MS;
  if (zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
