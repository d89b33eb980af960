import { parseFailed } from './errors.ts';

/** One message as it came. */
export type Fields = Readonly<Record<string, unknown>>;

/** Of ids, in characters. */
export const MAX_ID = 64;
/** Of names, in characters; what is longer is cut. */
const MAX_NAME = 64;

/** The document's own examples have `appld` for `appId` and `remotelId` for `remoteId`; nobody knows who copied them. */
const APP_ID = ['appId', 'appld'] as const;
const REMOTE_UID = ['remoteUid', 'remoteId', 'remotelId', 'remoteld'] as const;

/** @throws CallError where it is no JSON object with a `cmd` */
export function parseFields(text: string): { readonly cmd: string; readonly fields: Fields } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw parseFailed('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw parseFailed('it is not a JSON object');
  const fields = value as Fields;
  if (typeof fields.cmd !== 'string' || fields.cmd.length > MAX_ID) throw parseFailed('cmd: expected a name');
  return { cmd: fields.cmd, fields };
}

/** A text, or a number as a JavaScript client may send it; empty where absent. @throws CallError */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  throw parseFailed(`${name}: expected a string`);
}

function firstOf(fields: Fields, names: readonly string[]): string {
  for (const name of names) {
    const text = textOf(fields, name);
    if (text !== '') return text;
  }
  return '';
}

export const appIdOf = (fields: Fields): string => firstOf(fields, APP_ID);
export const remoteUidOf = (fields: Fields): string => firstOf(fields, REMOTE_UID);

/** @throws CallError where it cannot be an id */
export function checkId(name: string, id: string): string {
  if (id.length > MAX_ID) throw parseFailed(`${name}: ${id.length} characters, at most ${MAX_ID}`);
  if (/\p{C}/u.test(id)) throw parseFailed(`${name}: control characters`);
  return id;
}

/** What people read: without control characters, cut where it is too long. */
export function nameOf(fields: Fields, name: string): string {
  const text = textOf(fields, name).slice(0, 4 * MAX_NAME);
  return text.replaceAll(/\p{C}/gu, '').slice(0, MAX_NAME);
}

/** One of a few whole numbers, or the default where absent. @throws CallError */
export function choiceOf(fields: Fields, name: string, { max, absent }: { max: number; absent?: number }): number {
  const value = fields[name];
  if ((value === undefined || value === null || value === '') && absent !== undefined) return absent;
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw parseFailed(`${name}: expected a whole number from 0 to ${max}`);
}

/** A measured value; whatever is none counts as 0, because browsers lack one figure or another. */
export function figureOf(fields: Fields, name: string, max: number): number {
  const value = Number(fields[name]);
  return value > 0 ? Math.min(value, max) : 0;
}

/** A part of a message; empty where it is none. */
export function partOf(fields: Fields, name: string): Fields {
  const value = fields[name];
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
