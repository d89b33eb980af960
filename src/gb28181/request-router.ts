import { tagOf, type IncomingRequest } from '../sip/index.ts';
import { errorMessage, sourceNetwork, type Logger } from '../util/index.ts';
import type { AccessList } from './access-list.ts';
import type { DeviceRecord } from './device/record.ts';
import type { DeviceTable } from './device/table.ts';
import { isPlainKeepalive, parseManscdp, type Manscdp } from './manscdp/index.ts';
import type { DeviceMessage, MessageHandlers } from './message-handlers.ts';
import type { PendingTable } from './pending-table.ts';
import { RateLimit } from './rate-limit.ts';
import type { Registrar } from './registrar.ts';
import { askedMedia, type AskedMedia } from './session/incoming-invite.ts';
import { senderOf } from './sip-fields.ts';
import type { ReceivedNotify } from './subscription/subscriptions.ts';

export interface RequestRouterOptions {
  /** Our own ID. */
  readonly serial: string;
  readonly now: () => number;
  readonly table: DeviceTable;
  readonly registrar: Registrar;
  readonly pending: PendingTable;
  readonly handlers: MessageHandlers;
  readonly access: AccessList;
  /** From nobody that is registered: only its dialog tells whose it is. */
  readonly onStrangersMediaStatus: (message: Manscdp, callId: string) => void;
  /** The device that this Call-ID is a subscription of. */
  readonly subscribed: (callId: string) => DeviceRecord | undefined;
  /** Told of every NOTIFY of a device, before what its body says; false where that is not to be heard. */
  readonly onNotify: (notify: ReceivedNotify) => boolean;
  readonly log: Logger;
}

/** GB/T 28181 2.10. */
const ALLOW = 'INVITE, ACK, CANCEL, BYE, INFO, MESSAGE, OPTIONS, REGISTER, SUBSCRIBE, NOTIFY';
const DEFAULT_SUBSCRIPTION_SEC = '90';
const MAX_STRANGER_BYTES = 16_384;
/** Per source address and minute: to look for a channel costs time, and scanners send nothing but INVITEs. */
const STRANGER_INVITES_PER_MINUTE = 60;

/** Sends every request from the network to where it is answered; nothing that comes in may throw through the stack. */
export class RequestRouter {
  readonly #options: RequestRouterOptions;
  readonly #strangers = new RateLimit(STRANGER_INVITES_PER_MINUTE);

  constructor(options: RequestRouterOptions) {
    this.#options = options;
  }

  handle(incoming: IncomingRequest): void {
    try {
      this.#route(incoming);
    } catch (error) {
      this.#options.log.error({ method: incoming.request.method, error: errorMessage(error) }, 'request failed');
      incoming.reply(500);
    }
  }

  #route(incoming: IncomingRequest): void {
    const { request, flow } = incoming;
    if (request.method === 'REGISTER') return this.#options.registrar.handle(incoming);
    if (!this.#options.access.permits(flow.remoteAddress)) return incoming.reply(403);
    switch (request.method) {
      case 'MESSAGE':
        return this.#message(incoming);
      case 'OPTIONS':
        this.#noteLife(incoming);
        return incoming.reply(200, { headers: [['Allow', ALLOW]] });
      case 'NOTIFY':
        return this.#notify(incoming);
      case 'INFO':
        this.#noteLife(incoming);
        return incoming.reply(200);
      case 'SUBSCRIBE':
        return this.#subscribe(incoming);
      case 'INVITE':
        return this.#invite(incoming);
      default:
        return incoming.reply(405, { headers: [['Allow', ALLOW]] });
    }
  }

  /** Any SIP message is a sign of life (quirks P8). */
  #noteLife({ request, flow }: IncomingRequest): void {
    const record = this.#options.table.sender(senderOf(request), flow);
    if (record !== undefined) this.#options.table.accept(record, flow, false);
  }

  /**
   * Subscribed to or not: the body says what it is (GB/T 28181 11.1), and where From names a channel also whose it is,
   * unless its dialog does.
   */
  #notify(incoming: IncomingRequest): void {
    const { request, flow } = incoming;
    const { table, onNotify } = this.#options;
    const named = this.#notifier(incoming);
    if (named === undefined && request.body.length > MAX_STRANGER_BYTES) return incoming.reply(200);
    const message = parseManscdp(request.body, named?.ownCharset);
    const body = typeof message === 'string' ? undefined : message;
    const sender = named ?? this.#senderByBody(incoming, body);
    if (sender === undefined || !table.accept(sender, flow, false)) return incoming.reply(200);
    const heard = onNotify({
      record: sender,
      callId: request.headers.get('Call-ID') ?? '',
      inDialog: tagOf(request.headers.get('To') ?? '') !== undefined,
      state: request.headers.get('Subscription-State'),
      cmdType: body?.cmdType,
    });
    incoming.reply(heard ? 200 : 481);
    if (heard && body !== undefined) this.#dispatch(incoming, sender, body);
    return undefined;
  }

  #notifier({ request, flow, dialog }: IncomingRequest): DeviceRecord | undefined {
    const { table, subscribed } = this.#options;
    const named = table.sender(senderOf(request), flow);
    return named ?? (dialog === undefined ? undefined : subscribed(request.headers.get('Call-ID') ?? ''));
  }

  /** Huawei leaves Expires out (quirks 2.1). */
  #subscribe(incoming: IncomingRequest): void {
    this.#noteLife(incoming);
    const asked = incoming.request.headers.get('Expires')?.trim() ?? '';
    const expires = /^\d{1,9}$/.test(asked) ? asked : DEFAULT_SUBSCRIPTION_SEC;
    incoming.reply(200, { headers: [['Expires', expires]] });
  }

  /** Nothing is sent to others yet: the answer says what was asked for, and whether it is here. */
  #invite(incoming: IncomingRequest): void {
    const { request, flow } = incoming;
    const { table, serial, now, log } = this.#options;
    // RFC 3261 §14.2: the session stays as it is.
    if (incoming.dialog !== undefined) return refuse(incoming, 488, 'sessions are not changed');
    const claimed = table.sender(senderOf(request), flow);
    const atHome = claimed?.state.sourceAddress === flow.remoteAddress;
    const waitSec = atHome ? 0 : this.#strangers.take(sourceNetwork(flow.remoteAddress), now());
    if (waitSec > 0) return incoming.reply(503, { headers: [['Retry-After', String(waitSec)]] });
    const sender = atHome ? claimed : this.#senderByBody(incoming, undefined);
    if (sender !== undefined) table.accept(sender, flow, false);
    const asked = askedMedia(request, {
      serial,
      ...(sender !== undefined && { senderId: sender.id }),
      isKnown: (id) => table.knows(id),
    });
    const status = asked.known ? 488 : 404;
    log.info({ ...asked, sender: sender?.id, remote: flow.remoteAddress, status }, 'INVITE refused');
    return refuse(incoming, status, warningOf(asked));
  }

  #message(incoming: IncomingRequest): void {
    const { request, flow } = incoming;
    const { table } = this.#options;
    const sender = table.sender(senderOf(request), flow);
    if (sender !== undefined && isPlainKeepalive(request.body)) return this.#life(incoming, sender, true);
    // From strangers only what can be a keepalive or the end of a file is read at all.
    if (sender === undefined && request.body.length > MAX_STRANGER_BYTES) return incoming.reply(404);
    const message = parseManscdp(request.body, sender?.ownCharset);
    const body = typeof message === 'string' ? undefined : message;
    const record = sender ?? this.#senderByBody(incoming, body);
    if (record === undefined) return this.#strange(incoming, body);
    const keepalive = body?.cmdType.toLowerCase() === 'keepalive';
    if (!table.accept(record, flow, keepalive)) return incoming.reply(403);
    incoming.reply(200);
    if (body === undefined) this.#options.log.debug({ deviceId: record.id, fault: message }, 'unreadable body');
    else if (!keepalive) this.#dispatch(incoming, record, body);
    return undefined;
  }

  #life(incoming: IncomingRequest, record: DeviceRecord, keepalive: boolean): void {
    incoming.reply(this.#options.table.accept(record, incoming.flow, keepalive) ? 200 : 403);
  }

  /**
   * From without a user, or with the ID of a channel: the device of the body, or the one that has this channel, if
   * it is at the address that the request comes from.
   */
  #senderByBody({ request, flow }: IncomingRequest, body: Manscdp | undefined): DeviceRecord | undefined {
    const { table } = this.#options;
    const byBody = table.sender(body?.deviceId, flow);
    if (byBody?.state.sourceAddress === flow.remoteAddress) return byBody;
    const channelId = senderOf(request) ?? body?.deviceId;
    return channelId === undefined ? undefined : table.atAddressWithChannel(flow.remoteAddress, channelId);
  }

  /** The end of a file comes from recorders under another name, in the dialog (quirks 2.1); all others must register. */
  #strange(incoming: IncomingRequest, body: Manscdp | undefined): void {
    const ended = body?.cmdType.toLowerCase() === 'mediastatus';
    incoming.reply(ended || incoming.dialog !== undefined ? 200 : 404);
    if (!ended) return;
    this.#options.onStrangersMediaStatus(body, incoming.request.headers.get('Call-ID') ?? '');
  }

  #dispatch({ request }: IncomingRequest, record: DeviceRecord, message: Manscdp): void {
    const { pending, handlers, log } = this.#options;
    const method = request.method === 'NOTIFY' ? 'NOTIFY' : 'MESSAGE';
    // Matched whatever the root: some devices answer with Notify. The SN of a NOTIFY is the device's own.
    if (method === 'MESSAGE' && pending.deliver(record.id, message)) return;
    const told: DeviceMessage = { record, message, method, callId: request.headers.get('Call-ID') ?? '' };
    if (handlers.deliver(told)) return;
    log.debug({ deviceId: record.id, cmdType: message.cmdType, sn: message.sn }, 'message without a use');
  }
}

/** RFC 3261 §20.43: 399 is for people, the agent a pseudonym. */
function refuse(incoming: IncomingRequest, status: number, why: string): void {
  incoming.reply(status, { headers: [['Warning', `399 gbrtc "${why}"`]] });
}

function warningOf({ kind, channelId, known }: AskedMedia): string {
  if (known) return `${kind} of ${channelId} cannot be sent`;
  return channelId === '' ? `${kind} of no channel that could be told` : `${kind} of ${channelId}, which is not here`;
}
