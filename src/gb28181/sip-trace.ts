import { formatHostPort, ownText, parseMessage, type Flow, type SipHeaders, type WireMessage } from '../sip/index.ts';
import { userOf } from './sip-fields.ts';
import { TraceRings, type Kept } from './trace-rings.ts';
import type { TraceEntry, TraceFilter } from './sip-types.ts';

export interface SipTraceOptions {
  /** Of all devices together. */
  readonly maxEntries: number;
  readonly perDevice: number;
  /** The device that a user part of From or To names, seen on this flow. */
  readonly deviceOf: (user: string, flow: Flow) => string | undefined;
}

const MAX_MESSAGE_BYTES = 8 * 1024;
/** Call-ID → device for dialogs, whose To names a channel. */
const MAX_OWNERS = 20_000;
const AVERAGE_MESSAGE_BYTES = 1_500;
/** However many entries are asked for. */
const MAX_TRACE_BYTES = 16 * 1024 * 1024;
/** Of dialogs, which must outlast keepalives. */
const DIALOG_METHODS: ReadonlySet<string> = new Set(['INVITE', 'ACK', 'BYE', 'CANCEL', 'INFO', 'PRACK', 'UPDATE']);
/** Our own request is on the wire a moment before its owner is told. */
const OWNED_BEFORE = 8;

const SECRETS = /^((?:proxy-)?authorization)[ \t]*:.*(?:\r?\n[ \t].*)*/gim;

/** The last SIP messages of each device, for the timeline of a play and for support. */
export class SipTrace {
  readonly #options: SipTraceOptions;
  readonly #rings: TraceRings;
  readonly #owners = new Map<string, string>();
  #sequence = 0;

  constructor(options: SipTraceOptions) {
    this.#options = options;
    const { maxEntries, perDevice } = options;
    const maxBytes = Math.min(maxEntries * AVERAGE_MESSAGE_BYTES, MAX_TRACE_BYTES);
    this.#rings = new TraceRings({ perDevice, maxEntries, maxBytes });
  }

  /** Call-IDs of our own requests to a device. */
  own(callId: string, deviceId: string): void {
    this.#owners.delete(callId);
    this.#owners.set(callId, deviceId);
    this.#rings.claim(deviceId, (kept) => kept.callId === callId, OWNED_BEFORE);
    if (this.#owners.size <= MAX_OWNERS) return;
    const [oldest] = this.#owners.keys();
    if (oldest !== undefined) this.#owners.delete(oldest);
  }

  /** Returns a function that makes the entry, for a listener if there is one. */
  add(wire: WireMessage): () => TraceEntry {
    const { message, flow, direction, at, bytes } = wire;
    const method = message.kind === 'request' ? message.method : methodOf(message.headers);
    // From of requests to us and of responses to them is the device, else it is To.
    const peerField = (message.kind === 'request') === (direction === 'in') ? 'From' : 'To';
    const callId = ownText(message.headers.get('Call-ID') ?? '');
    const peer = ownText(userOf(message.headers.get(peerField)) ?? '');
    const device = this.#owners.get(callId) ?? this.#options.deviceOf(peer, flow);
    const kept: Kept = {
      sequence: (this.#sequence += 1),
      at,
      direction,
      protocol: flow.protocol,
      local: ownText(formatHostPort(flow.localAddress, flow.localPort)),
      remote: ownText(formatHostPort(flow.remoteAddress, flow.remotePort)),
      callId,
      peer: device ?? peer,
      method: ownText(method),
      // One byte a character: cheaper to keep and to let go than a Buffer of its own.
      text: bytes.toString('latin1', 0, MAX_MESSAGE_BYTES),
      cutBytes: Math.max(0, bytes.length - MAX_MESSAGE_BYTES),
    };
    this.#rings.push(device, kept, DIALOG_METHODS.has(method));
    return () => this.#entry(kept);
  }

  read(filter: TraceFilter): TraceEntry[] {
    const wanted = this.#matcher(filter);
    const found: Kept[] = [];
    for (const kept of this.#rings.entries(filter.deviceId)) if (wanted(kept)) found.push(kept);
    found.sort((left, right) => left.sequence - right.sequence);
    const limit = filter.limit ?? found.length;
    return (limit <= 0 ? [] : found.slice(-limit)).map((kept) => this.#entry(kept));
  }

  #matcher(filter: TraceFilter): (kept: Kept) => boolean {
    const { deviceId, direction, since } = filter;
    const callIds = filter.callIds === undefined ? undefined : new Set(filter.callIds);
    const method = filter.method?.toUpperCase();
    const text = filter.text?.toLowerCase();
    return (kept) =>
      (callIds === undefined || callIds.has(kept.callId)) &&
      (deviceId === undefined || this.#deviceOf(kept) === deviceId) &&
      (direction === undefined || kept.direction === direction) &&
      (since === undefined || kept.at >= since) &&
      (method === undefined || kept.method.toUpperCase() === method) &&
      (text === undefined || redact(kept.text).toLowerCase().includes(text));
  }

  #deviceOf(kept: Kept): string {
    return this.#owners.get(kept.callId) ?? kept.peer;
  }

  #entry(kept: Kept): TraceEntry {
    const { at, direction, protocol, local, remote, callId, cutBytes } = kept;
    const summary = summaryOf(Buffer.from(kept.text, 'latin1'));
    const text = redact(kept.text);
    const deviceId = this.#deviceOf(kept);
    const cut = cutBytes === 0 ? {} : { cutBytes };
    return { at, direction, protocol, local, remote, deviceId, callId, summary, text, ...cut };
  }
}

function summaryOf(bytes: Buffer): string {
  const message = parseMessage(bytes);
  if (typeof message === 'string') return '';
  if (message.kind === 'request') return `${message.method} ${message.uri}`;
  return `${message.status} ${message.reason} (${methodOf(message.headers)})`;
}

/** Method of a response, from its CSeq. */
export function methodOf(headers: SipHeaders): string {
  return /^\s*\d+\s+([A-Za-z]{1,32})/.exec(headers.get('CSeq') ?? '')?.[1]?.toUpperCase() ?? '?';
}

function redact(text: string): string {
  return text.replaceAll(SECRETS, '$1: [redacted]');
}
