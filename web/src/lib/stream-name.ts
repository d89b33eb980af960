/** Why a text cannot be the name of a publication; the server's own rule (`stream_name_invalid`). */
export type NameProblem = 'empty' | 'parts' | 'characters' | 'long';

export type CheckedName = { readonly name: string } | { readonly problem: NameProblem };

const TOO_LONG = /^.{161}/u;
const FORBIDDEN = /[\\?#%\s\p{C}]/u;

function problemOf(part: string): NameProblem | undefined {
  if (part === '') return 'empty';
  if (FORBIDDEN.test(part) || part === '.' || part === '..') return 'characters';
  return TOO_LONG.test(part) ? 'long' : undefined;
}

/** `<app>/<name>` of what somebody typed; `live` where no app is given. */
export function checkStreamName(text: string): CheckedName {
  const parts = text.trim().split('/');
  if (parts.length > 2) return { problem: 'parts' };
  const problem = parts.map(problemOf).find((found) => found !== undefined);
  if (problem !== undefined) return { problem };
  return { name: parts.length === 1 ? `live/${parts[0]}` : parts.join('/') };
}

/** The two halves of `<app>/<name>`. */
export function splitStreamName(stream: string): { readonly app: string; readonly name: string } {
  const slash = stream.indexOf('/');
  return slash < 0 ? { app: 'live', name: stream } : { app: stream.slice(0, slash), name: stream.slice(slash + 1) };
}

/** Names of the app `live` are shown without it. */
export const shortStreamName = (stream: string) => stream.replace(/^live\//, '');

/** A name that nobody else is likely to have. */
export function suggestStreamName(random: () => number = Math.random): string {
  const letters = Array.from({ length: 4 }, () => 'abcdefghjkmnpqrstuvwxyz23456789'[Math.floor(random() * 31)]);
  return `browser-${letters.join('')}`;
}
