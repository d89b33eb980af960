import { hash } from 'node:crypto';

/** Block size of SHA-256, RFC 2104 §2. */
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const INNER = 0x36;
const OUTER = 0x5c;

/** HMAC-SHA-256 of texts of one length by one-shot hashes: Node's Hmac object costs six times as much, twice a REGISTER. */
export class NonceKey {
  /** The padded key, and room for what is hashed behind it. */
  readonly #inner: Buffer;
  readonly #outer: Buffer;
  readonly #textBytes: number;

  /** @param textBytes length of all texts */
  constructor(secret: Buffer, textBytes: number) {
    const key = secret.length > BLOCK_BYTES ? hash('sha256', secret, 'buffer') : secret;
    this.#inner = padded(key, INNER, textBytes);
    this.#outer = padded(key, OUTER, HASH_BYTES);
    this.#textBytes = textBytes;
  }

  /** Hex text. @throws RangeError for a text of another length */
  mac(text: string): string {
    if (text.length !== this.#textBytes) throw new RangeError(`the text has ${text.length} bytes`);
    this.#inner.write(text, BLOCK_BYTES, 'latin1');
    hash('sha256', this.#inner, 'buffer').copy(this.#outer, BLOCK_BYTES);
    return hash('sha256', this.#outer, 'hex');
  }
}

function padded(key: Buffer, pad: number, room: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + room, pad);
  for (let at = 0; at < key.length; at += 1) block[at] = (key[at] ?? 0) ^ pad;
  return block;
}
