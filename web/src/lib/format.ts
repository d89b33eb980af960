/** `850 ms`, `1.25 s`, `12.3 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `640 kbit/s`, `4.1 Mbit/s`. */
export function formatBitrate(bps: number): string {
  return bps < 1_000_000 ? `${Math.round(bps / 1000)} kbit/s` : `${(bps / 1_000_000).toFixed(1)} Mbit/s`;
}

/** `0 %`, `0.3 %`, `12 %`. */
export function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  return percent > 0 && percent < 10 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`;
}

/** `4:07`, `1:02:03`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${pad(minutes, hours > 0 ? 2 : 1)}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** `0 B`, `12.3 MB`, `1.42 GB`; powers of 1000, as discs are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** Local wall-clock time with milliseconds, `14:03:07.042`. */
export function formatClock(at: number): string {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** For file names, `20261121-140307`. */
export function fileStamp(date: Date): string {
  const day = `${date.getFullYear()}${pad(date.getMonth() + 1)}${pad(date.getDate())}`;
  return `${day}-${pad(date.getHours())}${pad(date.getMinutes())}${pad(date.getSeconds())}`;
}

/** Text that every file system accepts as part of a file name. */
export const fileSafe = (text: string) => text.replaceAll(/[\\/:*?"<>|\s]+/g, '_').slice(0, 80) || 'camera';

/** Date and time as the reader's own region writes them, where the region speaks the console's language. */
export function formatDate(at: number, locale: string): string {
  const region = navigator.languages.find((language) => language.startsWith(locale)) ?? locale;
  return new Date(at).toLocaleString(region, { dateStyle: 'medium', timeStyle: 'medium' });
}
