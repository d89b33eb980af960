import { newCallId, type Dialog, type SipEngine, type SipRequest, type SipResponse } from '../../sip/index.ts';
import { codeOf } from '../commander.ts';
import type { DeviceRecord } from '../device/record.ts';
import { followDevice } from '../dialog-path.ts';
import { formatManscdp, MANSCDP_CONTENT_TYPE, SUBSCRIPTION_CMD_TYPES, subscriptionQuery } from '../manscdp/index.ts';
import { sipUri } from '../sip-fields.ts';
import type { Grant, Subscription } from './subscription.ts';

export interface SubscriberOptions {
  readonly serial: string;
  readonly realm: string;
  readonly engine: () => SipEngine;
  readonly nextSn: () => number;
  readonly responseTimeoutMs: number;
  readonly positionIntervalSec: number;
  readonly now: () => number;
  readonly onSent: (record: DeviceRecord, request: SipRequest) => void;
}

/** Why there is no subscription. `refused` with its response. */
export type Refusal =
  | { readonly code: 'timeout' | 'unreachable' }
  | { readonly code: 'rejected'; readonly response: SipResponse };

/** Alarms are asked for without an end; some devices want one to be named. */
const ALARM_PERIOD_MS = 10 * 365 * 86_400_000;

/** The SUBSCRIBE requests of GB/T 28181 11.1: new, in the dialog, and the last one. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  #eventId = Math.floor(Math.random() * 10_000);

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** A new dialog, under the Call-ID that `subscription` then has. */
  async subscribe(subscription: Subscription): Promise<Grant | Refusal> {
    const { serial, realm, engine, onSent } = this.#options;
    const { record, expiresSec } = subscription;
    subscription.callId = newCallId();
    subscription.event = this.#eventOf(subscription);
    try {
      const { dialog, response } = await this.#limited((signal) =>
        engine().subscribe({
          // GB/T 28181 4.3: the registered device, whatever the body is about.
          uri: record.requestUri(record.wireId, realm),
          from: sipUri(serial, realm),
          to: sipUri(record.wireId, realm),
          target: record.target,
          contactUser: serial,
          callId: subscription.callId,
          ...this.#content(subscription, expiresSec),
          signal,
          onSent: (request) => onSent(record, request),
        }),
      );
      return { dialog, expiresSec: secondsOf(response) ?? expiresSec };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** In the dialog. */
  async refresh(subscription: Subscription, dialog: Dialog): Promise<Grant | Refusal> {
    const response = await this.#inDialog(subscription, dialog, subscription.expiresSec);
    if ('code' in response) return response;
    if (response.status >= 300) return { code: 'rejected', response };
    return { dialog, expiresSec: secondsOf(response) ?? subscription.expiresSec };
  }

  /** Expires 0; whatever comes back, the dialog is over. */
  async unsubscribe(subscription: Subscription): Promise<void> {
    const { dialog } = subscription;
    if (dialog === undefined) return;
    if (!dialog.ended && subscription.record.state.online) await this.#inDialog(subscription, dialog, 0);
    dialog.drop();
  }

  async #inDialog(subscription: Subscription, dialog: Dialog, expiresSec: number): Promise<SipResponse | Refusal> {
    try {
      await followDevice(dialog, subscription.record);
      const content = this.#content(subscription, expiresSec);
      return await this.#limited((signal) => dialog.request('SUBSCRIBE', { ...content, signal }));
    } catch (error) {
      return refusalOf(error);
    }
  }

  #content(subscription: Subscription, expiresSec: number) {
    const { positionIntervalSec, nextSn, now } = this.#options;
    const { record, kind, event } = subscription;
    const from = now();
    const period = { from, to: from + ALARM_PERIOD_MS };
    const body = subscriptionQuery(nextSn(), record.wireId, { kind, intervalSec: positionIntervalSec, period });
    return {
      headers: [['Event', event] as const, ['Expires', String(expiresSec)] as const],
      contentType: MANSCDP_CONTENT_TYPE,
      body: formatManscdp(body, record.charset),
    };
  }

  /** GB/T 28181 20: `Catalog;id=n` for the catalogue, `presence` for the others, unless the device wants one form. */
  #eventOf({ kind, record: { settings } }: Subscription): string {
    const { eventHeader } = settings;
    if (eventHeader === 'presence' || (eventHeader === 'auto' && kind !== 'catalog')) return 'presence';
    this.#eventId += 1;
    return `${SUBSCRIPTION_CMD_TYPES[kind]};id=${this.#eventId}`;
  }

  async #limited<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#options.responseTimeoutMs);
    try {
      return await send(controller.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

function refusalOf(error: unknown): Refusal {
  const { response } = error as { response?: SipResponse };
  if (codeOf(error) === 'sip_rejected' && response !== undefined) return { code: 'rejected', response };
  return { code: codeOf(error) === 'sip_transport' ? 'unreachable' : 'timeout' };
}

/** What a device grants; some leave it out (quirks 2.1), then it is what was asked for. */
function secondsOf({ headers }: SipResponse): number | undefined {
  const text = headers.get('Expires')?.trim() ?? '';
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}
