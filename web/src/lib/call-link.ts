/** Which room of which application, and what lets one in. */
export interface CallTarget {
  readonly app: string;
  readonly room: string;
  readonly name: string;
  /** Of an invitation; empty where none is needed. */
  readonly token: string;
}

/** The appId of the RoomServer's own examples. */
const DEFAULT_APP = '10000';
/** So much the RoomServer keeps. */
const MAX_ID = 64;
/** As wide as the column of user ids in its records (seed 002 §4.2). */
const UID = { name: 20, random: 11 } as const;

const text = (value: unknown, max: number) =>
  typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '').trim().slice(0, max) : '';

/** `?app=&room=&name=&token=` of the page's address. */
export const callTarget = (query: Readonly<Record<string, unknown>>): CallTarget => ({
  app: text(query['app'], MAX_ID) || DEFAULT_APP,
  room: text(query['room'], MAX_ID),
  name: text(query['name'], 40),
  token: text(query['token'], 2048),
});

/** An address to send to those who shall come; the name is everybody's own. */
export function callLink(origin: string, { app, room, token }: Omit<CallTarget, 'name'>): string {
  const query = new URLSearchParams({
    ...(app === DEFAULT_APP ? {} : { app }),
    room,
    ...(token === '' ? {} : { token }),
  });
  return `${origin}/call?${query.toString()}`;
}

/** A room number that nobody has to think of. */
export const randomRoom = (random: () => number = Math.random): string =>
  String(100_000 + Math.floor(random() * 900_000));

/** Unique, and readable in the records. */
export function newUid(name: string, random: string): string {
  const readable = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '')
    .slice(0, UID.name);
  return `${readable === '' ? 'guest' : readable}-${random.slice(0, UID.random)}`;
}

const BROWSERS = [
  ['edge', /Edg\/(\d+)/],
  ['opera', /OPR\/(\d+)/],
  ['firefox', /Firefox\/(\d+)/],
  ['chrome', /Chrom(?:e|ium)\/(\d+)/],
  ['safari', /Version\/(\d+).*Safari/],
] as const;

const SYSTEMS = [
  ['Android', /Android/],
  ['iOS', /iPhone|iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['Linux', /Linux/],
] as const;

/** What the records say of the machine: `chrome140`, `Windows`. */
export function describeClient(userAgent: string): { readonly browser: string; readonly osName: string } {
  const found = BROWSERS.flatMap(([name, pattern]) => {
    const version = pattern.exec(userAgent)?.[1];
    return version === undefined ? [] : [`${name}${version}`];
  });
  return {
    browser: found[0] ?? 'unknown',
    osName: SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0] ?? 'unknown',
  };
}
