import { SsrcExhaustedError } from './errors.ts';
import type { SsrcLease } from './session/types.ts';

/** Unique part of the number: four digits (GB/T 28181 13.4). */
const SERIALS = 10_000;
const UINT32_MAX = 0xffff_ffff;

/** Ten decimal digits of `y=`. */
export function formatSsrc(value: number): string {
  return String(value).padStart(10, '0');
}

/**
 * Number in a `y=` line. Leading zeros are decimal, blanks and lost zeros are accepted; zero, more than 32 bits or
 * anything else is undefined, which means "not told".
 */
export function parseSsrc(text: string | undefined): number | undefined {
  const match = /^\s*0*(\d{1,10})\s*$/.exec(text ?? '');
  const value = match === null ? 0 : Number(match[1]);
  return value > 0 && value <= UINT32_MAX ? value : undefined;
}

/**
 * Numbers of one SIP domain (GB/T 28181 13.4): 0 live or 1 history, digits 4-8 of the domain ID, four unique digits.
 * A released number is the last to be handed out again, so that a late sender does not meet a new session.
 */
export class SsrcAllocator {
  readonly #domainDigits: string;
  readonly #inUse = { live: new Set<number>(), history: new Set<number>() };
  readonly #next: { live: number; history: number };

  constructor(serial: string, start = Math.floor(Math.random() * SERIALS)) {
    this.#domainDigits = serial.replaceAll(/\D/g, '0').padEnd(8, '0').slice(3, 8);
    this.#next = { live: start % SERIALS, history: start % SERIALS };
  }

  /** @throws SsrcExhaustedError */
  reserve(kind: 'live' | 'history'): SsrcLease {
    const inUse = this.#inUse[kind];
    const prefix = `${kind === 'live' ? '0' : '1'}${this.#domainDigits}`;
    for (let tried = 0; tried < SERIALS; tried += 1) {
      const serial = (this.#next[kind] + tried) % SERIALS;
      const value = Number(`${prefix}${String(serial).padStart(4, '0')}`);
      // Zero in y= means "none".
      if (value === 0 || inUse.has(serial)) continue;
      inUse.add(serial);
      this.#next[kind] = (serial + 1) % SERIALS;
      let held = true;
      const release = (): void => {
        // A second release must not free the number for whoever has it by then.
        if (held) inUse.delete(serial);
        held = false;
      };
      return { value, text: formatSsrc(value), release };
    }
    throw new SsrcExhaustedError(inUse.size, SERIALS);
  }
}
