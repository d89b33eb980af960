import { hash } from 'node:crypto';

/** RFC 7616 §6.1; MD5 is what RFC 3261 §22.4 has. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** What a digest is computed from, RFC 7616 §3.4.1. */
export interface DigestInput {
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  /** As in the header, byte for byte: proxies may change the Request-URI. */
  readonly uri: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  /** `auth`, or absent for RFC 2069. */
  readonly qop?: string;
  readonly nc?: string;
  readonly cnonce?: string;
}

/** `response` of an Authorization header, lower case hex. */
export function computeDigest(input: DigestInput): string {
  const { algorithm } = input;
  const secret = digest(algorithm, `${input.username}:${input.realm}:${wireBytes(input.password)}`);
  const request = digest(algorithm, `${input.method}:${input.uri}`);
  const middle =
    input.qop === undefined ? input.nonce : `${input.nonce}:${input.nc ?? ''}:${input.cnonce ?? ''}:${input.qop}`;
  return digest(algorithm, `${secret}:${middle}:${request}`);
}

/** Header text is one byte a character: the hash must see those bytes. */
function digest(algorithm: DigestAlgorithm, text: string): string {
  return hash(algorithm === 'MD5' ? 'md5' : 'sha256', Buffer.from(text, 'latin1'), 'hex');
}

function wireBytes(password: string): string {
  return Buffer.from(password, 'utf8').toString('latin1');
}

/** Algorithm named by a header; MD5 where it names none, undefined for one we do not have. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase();
  if (upper === 'MD5' || upper === '') return 'MD5';
  return upper === 'SHA-256' ? 'SHA-256' : undefined;
}
