import { DigestServer, ownText, type IncomingRequest, type SipRequest } from '../sip/index.ts';
import { sourceNetwork, type Logger } from '../util/index.ts';
import type { AccessList } from './access-list.ts';
import { formatDateHeader } from './beijing-time.ts';
import type { DeviceRecord } from './device/record.ts';
import type { DeviceTable, Registration } from './device/table.ts';
import { isUsableId } from './ids.ts';
import { RateLimit } from './rate-limit.ts';
import { requestedExpiresSec, senderOf } from './sip-fields.ts';
import type { PlatformOptions } from './types.ts';

export interface RegistrarOptions {
  readonly table: DeviceTable;
  readonly digest: DigestServer;
  readonly access: AccessList;
  readonly rate: RateLimit;
  readonly auth: { readonly enable: boolean; readonly password: string };
  readonly admission: 'open' | 'approve';
  readonly now: () => number;
  readonly log: Logger;
  /** A device came from offline; `unregistered` is the opposite by its own wish. */
  readonly onOnline: (record: DeviceRecord) => void;
  /** A device that counts as online has restarted: it has forgotten its dialogs. */
  readonly onRestarted: (record: DeviceRecord) => void;
  readonly onUnregistered: (record: DeviceRecord) => void;
}

type Headers = Array<readonly [name: string, value: string]>;

/** Version of the standard that this platform speaks, on every response to REGISTER (GB/T 28181-2022 Annex I). */
const OUR_VERSION = '3.0';
/** What a REGISTER without `X-GB-ver` means (GB/T 28181 2.13). */
const DEFAULT_VERSION = '2.0';
const MAX_USER_AGENT = 128;

/** The registrar of a platform with these options. */
export function createRegistrar(
  { realm, auth, admission, registerRatePerMinute }: PlatformOptions,
  parts: Omit<RegistrarOptions, 'digest' | 'rate' | 'auth' | 'admission'>,
): Registrar {
  return new Registrar({
    ...parts,
    digest: new DigestServer({ realm, algorithms: auth.algorithms, now: parts.now }),
    rate: new RateLimit(registerRatePerMinute),
    auth,
    admission,
  });
}

/** Answers REGISTER (GB/T 28181 section 3). */
export class Registrar {
  readonly #options: RegistrarOptions;

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  handle(incoming: IncomingRequest): void {
    const { request, flow } = incoming;
    const { access, rate, table, now } = this.#options;
    if (!access.permits(flow.remoteAddress)) return answer(incoming, 403);
    const waitSec = rate.take(sourceNetwork(flow.remoteAddress), now());
    if (waitSec > 0) return answer(incoming, 503, [['Retry-After', String(waitSec)]]);
    const user = senderOf(request);
    if (user === undefined || !isUsableId(user)) return answer(incoming, 400);
    const known = table.sender(user, flow);
    if (known?.state.admission === 'denied') return answer(incoming, 403);
    if (!this.#authenticate(incoming, known)) return undefined;
    return this.#bind(incoming, user, known);
  }

  /** False when a 401 or 403 was sent (GB/T 28181 3.2, section 20 "wrong password"). */
  #authenticate(incoming: IncomingRequest, known: DeviceRecord | undefined): boolean {
    const { auth, digest, log } = this.#options;
    const own = known?.state.settings.password;
    if (!auth.enable && own === undefined) return true;
    const { request, flow } = incoming;
    const verdict = digest.verify({
      method: request.method,
      authorization: request.headers.get('Authorization'),
      // The user name may be an account such as admin: the password is that of the device in From.
      passwordOf: () => own ?? auth.password,
      source: flow.remoteAddress,
    });
    if (verdict.result === 'ok') return true;
    if (verdict.result === 'wrong_response' || verdict.result === 'unknown_user') {
      log.warn({ deviceId: senderOf(request), remote: flow.remoteAddress }, 'registration with a wrong password');
      answer(incoming, 403);
      return false;
    }
    const challenges = digest.challenge(verdict.result === 'stale', flow.remoteAddress);
    answer(
      incoming,
      401,
      challenges.map((value) => ['WWW-Authenticate', value] as const),
    );
    return false;
  }

  #bind(incoming: IncomingRequest, user: string, known: DeviceRecord | undefined): void {
    const { request, flow } = incoming;
    const { table, admission, log } = this.#options;
    const expiresSec = requestedExpiresSec(request.headers);
    if (expiresSec === 0) return this.#unbind(incoming, known);
    const record = table.admit(user, flow, admission === 'open' ? 'approved' : 'pending');
    if (record === undefined) {
      log.warn({ deviceId: user }, 'device table is full');
      return answer(incoming, 503, [['Retry-After', '600']]);
    }
    const registration = registrationOf(request, expiresSec);
    if (record.state.admission !== 'approved') {
      table.noteRefused(record, flow, registration);
      return answer(incoming, 403);
    }
    const kind = table.register(record, flow, registration, request.headers.get('Call-ID') ?? '');
    answer(incoming, 200, this.#okHeaders(request, record, expiresSec));
    if (kind === 'online') this.#options.onOnline(record);
    if (kind === 'restarted') this.#options.onRestarted(record);
  }

  #unbind(incoming: IncomingRequest, known: DeviceRecord | undefined): void {
    answer(incoming, 200, [['Expires', '0']]);
    if (known === undefined) return;
    this.#options.table.takeOffline(known, 'unregistered');
    this.#options.onUnregistered(known);
  }

  #okHeaders(request: SipRequest, record: DeviceRecord, expiresSec: number): Headers {
    const headers: Headers = [['Expires', String(expiresSec)]];
    const contact = request.headers.get('Contact');
    if (contact !== undefined) headers.push(['Contact', contact]);
    // RFC 3327 5.3: an edge proxy finds its way back by it.
    for (const path of request.headers.getAll('Path')) headers.push(['Path', path]);
    if (record.settings.dateHeader) headers.push(['Date', formatDateHeader(this.#options.now())]);
    return headers;
  }
}

function registrationOf({ headers }: SipRequest, expiresSec: number): Registration {
  const version = /^\s*(\d{1,2}\.\d{1,2})\s*$/.exec(headers.get('X-GB-ver') ?? '')?.[1];
  const userAgent = ownText((headers.get('User-Agent') ?? '').slice(0, MAX_USER_AGENT));
  return { expiresSec, userAgent, gbVersion: version ?? DEFAULT_VERSION };
}

function answer(incoming: IncomingRequest, status: number, headers: Headers = []): void {
  incoming.reply(status, { headers: [...headers, ['X-GB-ver', OUR_VERSION]] });
}
