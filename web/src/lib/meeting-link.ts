import { readStored, writeStored } from './storage.ts';

/** Which room, and what lets one in. */
export interface MeetingTarget {
  readonly app: string;
  readonly room: string;
  readonly name: string;
  /** Of an invitation; empty where none is needed. */
  readonly token: string;
}

type Query = Readonly<Record<string, unknown>>;

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Letters that nobody else is likely to have; also where there is no secure context. */
export function randomLetters(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('');
}

const text = (value: unknown, max: number) =>
  typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '').trim().slice(0, max) : '';

/** `?app=&room=&name=&token=` of the page's address. */
export const meetingTarget = ({ app, room, name, token }: Query): MeetingTarget => ({
  app: text(app, 64) || 'meet',
  room: text(room, 64),
  name: text(name, 40),
  token: text(token, 2048),
});

/** An address to send to those who shall come; the name is everybody's own. */
export function meetingLink(origin: string, { app, room, token }: Omit<MeetingTarget, 'name'>): string {
  const query = new URLSearchParams({
    ...(app === 'meet' ? {} : { app }),
    room,
    ...(token === '' ? {} : { token }),
  });
  return `${origin}/meet?${query.toString()}`;
}

/** The document's `endpoint`: unique, and readable for those who show nothing else. */
export function newEndpoint(name: string): string {
  const readable = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '')
    .slice(0, 20);
  return `${readable === '' ? 'guest' : readable}-${randomLetters(6)}`;
}

/** The document's `device`: made once for each browser. */
export function deviceId(): string {
  const { id } = readStored('gbrtc.device', { id: '' });
  if (typeof id === 'string' && /^web-[a-z0-9]{12}$/.test(id)) return id;
  const fresh = `web-${randomLetters(12)}`;
  writeStored('gbrtc.device', { id: fresh });
  return fresh;
}

/** The endpoint that a token is bound to; undefined where it leaves the choice to its bearer. */
export function tokenEndpoint(token: string): string | undefined {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (letter) => letter.codePointAt(0)!);
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { endpoint?: unknown } | null;
    const endpoint = claims?.endpoint;
    return typeof endpoint === 'string' && endpoint !== '*' && endpoint !== '' ? endpoint : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What an invitation leaves open: one that is bound to an endpoint lets neither a screen in beside it nor somebody
 * else, who would take the seat.
 */
export const admitsOthers = (token: string): boolean => tokenEndpoint(token) === undefined;
