/** RFC 3261 §20.16. */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/** RFC 3261 §8.1.1.5: less than 2**31. */
export const MAX_CSEQ = 2 ** 31 - 1;

/** `<digits> <method>`; undefined for anything else and for numbers over the limit. */
export function parseCSeq(value: string): CSeq | undefined {
  let at = 0;
  let sequence = 0;
  for (; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    sequence = sequence * 10 + digit;
    if (sequence > MAX_CSEQ) return undefined;
  }
  const method = value.slice(at).trim();
  const blank = value.charCodeAt(at);
  if (at === 0 || (blank !== 0x20 && blank !== 0x09) || method === '' || /[ \t]/.test(method)) return undefined;
  return { sequence, method };
}
