/** Lead and trail bytes of two-byte characters; 7F is none. */
const LEADS = { from: 0x81, to: 0xfe };
const TRAILS = { from: 0x40, to: 0xfe };

/** Of two bytes since GB18030-2022; the gateway writes the edition before it, and so do many devices. */
const MOVED = /^[\u9fb4-\u9fbb\ufe10-\ufe19]$/;

function twoByteCharacters(): ReadonlySet<string> {
  const bytes: number[] = [];
  for (let lead = LEADS.from; lead <= LEADS.to; lead += 1) {
    for (let trail = TRAILS.from; trail <= TRAILS.to; trail += 1) if (trail !== 0x7f) bytes.push(lead, trail);
  }
  return new Set(new TextDecoder('gb18030').decode(new Uint8Array(bytes)));
}

let pairs: ReadonlySet<string> | undefined;

/** Bytes that a text has in GB18030. Browsers read it and do not write it: what they read tells. */
export function gb18030Length(text: string): number {
  let length = 0;
  for (const character of text) {
    if (character <= '\x7f') length += 1;
    else length += (pairs ??= twoByteCharacters()).has(character) && !MOVED.test(character) ? 2 : 4;
  }
  return length;
}
