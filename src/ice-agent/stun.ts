/** STUN messages, RFC 8489 §5, as far as a Binding transaction needs them. */

const MAGIC_COOKIE = 0x2112_a442;
const HEADER_BYTES = 20;
const COOKIE_AT = 4;
const TRANSACTION_AT = 8;
export const TRANSACTION_BYTES = 12;
const ATTRIBUTE_HEADER_BYTES = 4;

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const SOFTWARE = 0x8022;
/** §14.14: at most 763 bytes; we show less. */
const MAX_SOFTWARE = 128;

export interface StunMessage {
  readonly type: number;
  readonly transactionId: Buffer;
  /** By type; of several the first counts (§14). */
  readonly attributes: ReadonlyMap<number, Buffer>;
}

export function formatBindingRequest(transactionId: Buffer): Buffer {
  const message = Buffer.alloc(HEADER_BYTES);
  message.writeUInt16BE(BINDING_REQUEST, 0);
  message.writeUInt32BE(MAGIC_COOKIE, COOKIE_AT);
  transactionId.copy(message, TRANSACTION_AT, 0, TRANSACTION_BYTES);
  return message;
}

/** Reads one datagram. Never throws. */
export function parseStunMessage(bytes: Buffer): StunMessage | 'not_stun' | 'malformed' {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(COOKIE_AT) !== MAGIC_COOKIE) return 'not_stun';
  const type = bytes.readUInt16BE(0);
  // The first two bits tell STUN from RTP and DTLS.
  if (type > 0x3fff) return 'not_stun';
  const length = bytes.readUInt16BE(2);
  if (length % 4 !== 0 || HEADER_BYTES + length !== bytes.length) return 'malformed';
  const attributes = new Map<number, Buffer>();
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const size = bytes.readUInt16BE(at + 2);
    const value = at + ATTRIBUTE_HEADER_BYTES;
    const next = value + 4 * Math.ceil(size / 4);
    if (next > bytes.length) return 'malformed';
    const attribute = bytes.readUInt16BE(at);
    if (!attributes.has(attribute)) attributes.set(attribute, bytes.subarray(value, value + size));
    at = next;
  }
  const transactionId = bytes.subarray(TRANSACTION_AT, HEADER_BYTES);
  return { type, transactionId, attributes };
}

/** Any answer to that Binding request, also a refusal: its SOFTWARE, empty where it does not say. */
export function bindingAnswer(bytes: Buffer, transactionId: Buffer): string | undefined {
  const message = parseStunMessage(bytes);
  if (typeof message === 'string' || !message.transactionId.equals(transactionId)) return undefined;
  if (message.type !== BINDING_SUCCESS && message.type !== BINDING_ERROR) return undefined;
  const software = message.attributes.get(SOFTWARE)?.toString('utf8') ?? '';
  return software.replaceAll(/\p{C}/gu, '').slice(0, MAX_SOFTWARE);
}
