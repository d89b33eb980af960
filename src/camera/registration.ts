import { keepaliveNotify } from '../gb28181/manscdp/keepalive.ts';
import { newCallId, newTag, parseNameAddr, type SipResponse } from '../sip/index.ts';
import { GatewayError, errorMessage } from '../util/index.ts';
import type { VirtualDevice } from './device.ts';
import type { PlatformLink } from './link.ts';
import type { Scheduled, Wheel } from './wheel.ts';

export interface RegistrationOptions {
  readonly device: VirtualDevice;
  readonly link: PlatformLink;
  readonly wheel: Wheel;
  readonly username: string;
  readonly password: string;
  readonly expiresSec: number;
  readonly sendExpires: boolean;
  readonly keepaliveSec: number;
  /** 0-1: place of this device's keepalives within the interval, so that a crowd does not speak at once. */
  readonly phase: number;
  readonly counters: RegistrationCounters;
  readonly onRegistered: () => void;
  readonly onFailed: (reason: string) => void;
  readonly onUnregistered: () => void;
  /** The platform forgot the device or is gone: sessions with it are over too (GB/T 28181 13.9). */
  readonly onPlatformLost: () => void;
}

export interface RegistrationCounters {
  registers: number;
  keepalives: number;
  keepalivesFailed: number;
}

/** Unanswered keepalives before the device registers again (GB/T 28181 5.1). */
const MAX_UNANSWERED = 3;
/** Part of the granted time after which the device refreshes. */
const REFRESH_AT = 0.75;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** CSeq numbers that one REGISTER may use: the first and the one with credentials. */
const CSEQ_STEP = 2;

type State = 'idle' | 'registering' | 'registered' | 'refreshing' | 'waiting' | 'closed';

/** Keeps one device registered: refresh, keepalive, and registering anew when the platform forgot it (GB/T 28181 3, 5). */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #callId = newCallId();
  readonly #fromTag = newTag();
  #cseq = 1;
  #state: State = 'idle';
  #retryMs = FIRST_RETRY_MS;
  #unanswered = 0;
  #refresh: Scheduled | undefined;
  #keepalive: Scheduled | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get registered(): boolean {
    return this.#state === 'registered' || this.#state === 'refreshing';
  }

  /** First registration, refresh, or anew after the platform forgot us; never rejects. */
  async register(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'registering' || this.#state === 'refreshing') return;
    this.#refresh?.cancel();
    this.#state = this.#state === 'registered' ? 'refreshing' : 'registering';
    let failure: string;
    try {
      const response = await this.#send(this.#options.expiresSec);
      if (this.#closed) return;
      if (response.status >= 200 && response.status < 300) {
        this.#onRegistered(response);
        return;
      }
      failure = `status ${response.status}`;
    } catch (error) {
      if (this.#closed) return;
      failure = error instanceof GatewayError ? error.code : errorMessage(error);
    }
    this.#state = 'waiting';
    this.#options.onFailed(failure);
    this.#retryLater();
  }

  /** The connection that the registration came over is gone (GB/T 28181 2.2): registers again soon. */
  connectionLost(): void {
    if (!this.registered) return;
    this.#state = 'waiting';
    this.#retryMs = FIRST_RETRY_MS;
    this.#retryLater();
  }

  /** Signs off and registers again, as a device that restarts. Never rejects. */
  async restart(): Promise<void> {
    if (!this.registered) return;
    this.#stopTimers();
    this.#state = 'waiting';
    const status = await this.#send(0).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) this.#options.onUnregistered();
    await this.register();
  }

  /** Stops; with `unregister`, tells the platform (GB/T 28181 3.4). Never rejects. */
  async close(unregister: boolean): Promise<void> {
    const was = this.#state;
    this.#state = 'closed';
    this.#stopTimers();
    if (!unregister || (was !== 'registered' && was !== 'refreshing')) return;
    const status = await this.#send(0).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) this.#options.onUnregistered();
  }

  /** Asked anew after each wait: `close` may have come in between. */
  get #closed(): boolean {
    return this.#state === 'closed';
  }

  #send(expiresSec: number): Promise<SipResponse> {
    const { device, link, username, password, sendExpires, counters } = this.#options;
    counters.registers += 1;
    const cseq = this.#cseq;
    this.#cseq += CSEQ_STEP;
    // Without Expires only the goodbye needs to say its zero.
    const named = sendExpires || expiresSec === 0;
    return link.register(device.id, {
      credentials: { username, password },
      callId: this.#callId,
      fromTag: this.#fromTag,
      cseq,
      contactUser: device.id,
      ...(named && { headers: [['Expires', String(expiresSec)] as const] }),
    });
  }

  #onRegistered(response: SipResponse): void {
    const { expiresSec, keepaliveSec, wheel, phase, onRegistered } = this.#options;
    const first = this.#state !== 'refreshing';
    this.#state = 'registered';
    this.#retryMs = FIRST_RETRY_MS;
    this.#unanswered = 0;
    const granted = grantedSec(response) ?? expiresSec;
    this.#refresh = wheel.after(Math.max(1, granted * REFRESH_AT) * 1_000, () => {
      void this.register();
    });
    if (!first) return;
    onRegistered();
    // The first one comes soon, so that the platform learns the interval; a crowd takes its places from the start.
    const firstMs = phase === 0 ? Math.min(1_000, keepaliveSec * 1_000) : phase * keepaliveSec * 1_000;
    this.#keepalive = wheel.after(firstMs, () => {
      this.#onKeepaliveDue(performance.now());
    });
  }

  #onKeepaliveDue(due: number): void {
    const next = due + this.#options.keepaliveSec * 1_000;
    this.#keepalive = this.#options.wheel.at(next, () => {
      this.#onKeepaliveDue(next);
    });
    void this.#sendKeepalive();
  }

  async #sendKeepalive(): Promise<void> {
    const { device, link, counters } = this.#options;
    counters.keepalives += 1;
    const status = await link
      .message(device.id, keepaliveNotify(device.nextSn(), device.id, { status: 'OK', faulty: [] }))
      .catch(() => 0);
    if (this.#state !== 'registered') return;
    if (status >= 200 && status < 300) {
      this.#unanswered = 0;
      return;
    }
    counters.keepalivesFailed += 1;
    this.#unanswered += 1;
    const forgotten = status === 403 || status === 404;
    if (!forgotten && this.#unanswered < MAX_UNANSWERED) return;
    this.#stopTimers();
    this.#state = 'waiting';
    this.#options.onPlatformLost();
    await this.register();
  }

  #retryLater(): void {
    this.#stopTimers();
    // Spread, so that a crowd does not come back at once (GB/T 28181 3.5 wants jitter).
    const delay = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
    this.#refresh = this.#options.wheel.after(delay, () => {
      void this.register();
    });
  }

  #stopTimers(): void {
    this.#refresh?.cancel();
    this.#keepalive?.cancel();
  }
}

/** Granted expiry: the Expires header, else the Contact's parameter (GB/T 28181 3.4). */
function grantedSec(response: SipResponse): number | undefined {
  const contact = response.headers.get('Contact');
  const param = contact === undefined ? undefined : parseNameAddr(contact)?.params.get('expires');
  const seconds = Number(response.headers.get('Expires') ?? param ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
