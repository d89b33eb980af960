import { computeDigest, digestAlgorithm, type DigestAlgorithm } from './digest.ts';
import { formatAuth, parseChallenge } from './headers/authorization.ts';
import { newTag } from './ids.ts';
import type { DigestCredentials, SipHeaders } from './types.ts';

/** RFC 7616 §3.4: each request of ours uses a nonce once. */
const NONCE_COUNT = '00000001';

/** The request that is to be authorised. */
export interface DigestTarget {
  readonly method: string;
  readonly uri: string;
}

interface Challenge {
  readonly algorithm: DigestAlgorithm;
  readonly params: ReadonlyMap<string, string>;
}

/**
 * Authorization or Proxy-Authorization for a 401 or 407 (RFC 3261 §22.2, §22.3); SHA-256 is preferred where both are
 * offered (RFC 8760 §2.4). Undefined where no challenge can be answered.
 */
export function answerChallenge(
  response: { readonly status: number; readonly headers: SipHeaders },
  credentials: DigestCredentials,
  target: DigestTarget,
): readonly [name: string, value: string] | undefined {
  const proxy = response.status === 407;
  const offered = response.headers.getAll(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate');
  const challenges = offered.flatMap((value) => readChallenge(value));
  const best = challenges.find(({ algorithm }) => algorithm === 'SHA-256') ?? challenges[0];
  if (best === undefined) return undefined;
  return [proxy ? 'Proxy-Authorization' : 'Authorization', authorize(best, credentials, target)];
}

function readChallenge(value: string): Challenge[] {
  const header = parseChallenge(value);
  const algorithm = digestAlgorithm(header?.params.get('algorithm'));
  const usable = header?.scheme === 'digest' && header.params.has('nonce') && algorithm !== undefined;
  return usable ? [{ algorithm, params: header.params }] : [];
}

function authorize(challenge: Challenge, { username, password }: DigestCredentials, target: DigestTarget): string {
  const { algorithm, params } = challenge;
  const realm = params.get('realm') ?? '';
  const nonce = params.get('nonce') ?? '';
  const auth = (params.get('qop') ?? '').split(',').some((each) => each.trim().toLowerCase() === 'auth');
  const counted = auth ? { qop: 'auth', nc: NONCE_COUNT, cnonce: newTag() } : undefined;
  const response = computeDigest({ username, password, realm, nonce, algorithm, ...target, ...counted });
  const answer = new Map([
    ['username', username],
    ['realm', realm],
    ['nonce', nonce],
    ['uri', target.uri],
    ['response', response],
    ['algorithm', algorithm],
  ]);
  const opaque = params.get('opaque');
  if (opaque !== undefined) answer.set('opaque', opaque);
  for (const [name, value] of Object.entries(counted ?? {})) answer.set(name, value);
  return formatAuth(answer);
}
