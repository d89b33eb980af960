import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { Charset } from './types.ts';

/** GB18030 holds GB2312 and GBK, so one decoder serves all three (GB/T 28181 2.4). */
const GB18030 = new TextDecoder('gb18030');

const DECLARED_UTF8 = /^[^<]{0,8}<\?xml[^>]{0,120}encoding\s*=\s*["']?\s*utf-?8/i;
const UTF8_BOM = [0xef, 0xbb, 0xbf] as const;

function hasBom(body: Buffer): boolean {
  return UTF8_BOM.every((byte, at) => body[at] === byte);
}

/** Which encoding a body is in: UTF-8 when declared (or marked by a BOM) and valid, else GB18030. */
export function detectCharset(body: Buffer): Charset {
  const declared = hasBom(body) || DECLARED_UTF8.test(body.toString('latin1', 0, 200));
  return declared && isUtf8(body) ? 'utf-8' : 'gb18030';
}

/** Text of a MANSCDP or SDP body; bytes that are no character become U+FFFD. */
export function decodeText(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  if (detectCharset(body) === 'utf-8') return body.toString('utf8', hasBom(body) ? UTF8_BOM.length : 0);
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
