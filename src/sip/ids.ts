import { randomBytes } from 'node:crypto';
import { BRANCH_COOKIE } from './headers/via.ts';

const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let used = 0;

/** Random hex text; drawn from a pool, since one call of the generator per tag would be a large part of a request. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** RFC 3261 §19.3: at least 32 random bits. */
export function newTag(): string {
  return randomHex(8);
}

/** RFC 3261 §8.1.1.7. */
export function newBranch(): string {
  return `${BRANCH_COOKIE}${randomHex(12)}`;
}

/** RFC 3261 §8.1.1.4. */
export function newCallId(): string {
  return randomHex(16);
}

/** First CSeq number of a dialog: less than 2**31 with room to count (RFC 3261 §8.1.1.5). */
export function newSequence(): number {
  return 1 + (Number.parseInt(randomHex(2), 16) % 10_000);
}
