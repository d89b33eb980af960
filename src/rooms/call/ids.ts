import { randomBytes, randomInt } from 'node:crypto';

/** Crockford's base 32. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LETTERS = 10;
const RANDOM_LETTERS = 16;

/** A ULID as in the document's examples: 48 bits of time, 80 random ones, in base 32. */
export function ulid(now: number = Date.now()): string {
  let time = now;
  let text = '';
  for (let index = 0; index < TIME_LETTERS; index += 1) {
    text = LETTERS.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  // The upper three bits of each byte are not needed.
  for (const byte of randomBytes(RANDOM_LETTERS)) text += LETTERS.charAt(byte % 32);
  return text;
}

const digits = (count: number): string => String(randomInt(10 ** (count - 1), 10 ** count));

/** For those who join without one, looking as in the document. */
export const newRoomId = (): string => digits(9);
export const newUid = (): string => digits(9);
export const newUname = (): string => `client_${randomInt(1, 1000)}`;
