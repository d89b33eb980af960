import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { Charset } from './device/settings.ts';

/** GB18030 holds GB2312 and GBK, so one decoder serves all three (GB/T 28181 2.4). */
const GB18030 = new TextDecoder('gb18030');

const DECLARED_UTF8 = /^[^<]{0,8}<\?xml[^>]{0,120}encoding\s*=\s*["']?\s*utf-?8/i;
const UTF8_BOM = [0xef, 0xbb, 0xbf] as const;

function hasBom(body: Buffer): boolean {
  return UTF8_BOM.every((byte, at) => body[at] === byte);
}

/** Lead bytes of U+3000 to U+9FFF in UTF-8: Chinese, its punctuation, kana. */
const FIRST_CJK_LEAD = 0xe3;
const LAST_CJK_LEAD = 0xe9;
const FIRST_LEAD = 0xc2;
const FIRST_LEAD_OF_THREE = 0xe0;
/** So many more Chinese characters than others settle it: a catalogue is not read to its end. */
const SETTLED = 16;

/**
 * Which encoding a body is in, whatever it declares: what is not valid UTF-8 is GB18030, what says that it is UTF-8
 * and is valid is UTF-8. What is valid and says something else, or nothing, is UTF-8 when it has more Chinese
 * characters (three bytes each) than characters of two bytes: two bytes each are what common words of GB2312 look like
 * by chance, such as 学校, while it takes three rare ones in a certain order to look like Chinese in UTF-8.
 */
export function detectCharset(body: Buffer): Charset {
  if (!isUtf8(body)) return 'gb18030';
  const declared = hasBom(body) || DECLARED_UTF8.test(body.toString('latin1', 0, 200));
  return declared || isMostlyChinese(body) ? 'utf-8' : 'gb18030';
}

/** Of valid UTF-8. */
function isMostlyChinese(body: Buffer): boolean {
  let balance = 0;
  for (const byte of body) {
    if (byte < FIRST_LEAD) continue;
    if (byte < FIRST_LEAD_OF_THREE) balance -= 1;
    else if (byte >= FIRST_CJK_LEAD && byte <= LAST_CJK_LEAD) balance += 1;
    if (balance === SETTLED) return true;
  }
  return balance > 0;
}

/** The encoding where the operator has set one; bytes that are no UTF-8 are not read as such all the same. */
function charsetOf(body: Buffer, set: Charset | undefined): Charset {
  if (set === undefined) return detectCharset(body);
  return set === 'utf-8' && isUtf8(body) ? 'utf-8' : 'gb18030';
}

/** Text of a MANSCDP or SDP body; bytes that are no character become U+FFFD. */
export function decodeText(body: Buffer, set?: Charset): string {
  if (isAscii(body)) return body.toString('latin1');
  if (charsetOf(body, set) === 'utf-8') return body.toString('utf8', hasBom(body) ? UTF8_BOM.length : 0);
  return GB18030.decode(hasBom(body) ? body.subarray(UTF8_BOM.length) : body);
}

const ASCII = /^\p{ASCII}*$/u;

/** Bytes in the device's charset. */
export function encodeText(text: string, charset: Charset): Buffer {
  if (ASCII.test(text)) return Buffer.from(text, 'latin1');
  return charset === 'utf-8' ? Buffer.from(text, 'utf8') : iconv.encode(text, 'gb18030');
}

/** Makes the encoder's tables, some forty milliseconds: not while a device waits for its first answer. */
export function prepareCharsets(): void {
  iconv.encode('', 'gb18030');
}
