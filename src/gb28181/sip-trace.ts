import { ByteArena, ownText, parseMessage, type SipHeaders, type WireMessage } from '../sip/index.ts';
import { hostPort, userOf } from './sip-fields.ts';
import type { TraceEntry } from './types.ts';

/** What is kept of a message; the text is made only when somebody reads it. */
interface Kept {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly protocol: TraceEntry['protocol'];
  readonly remote: string;
  readonly callId: string;
  /** Device of the other side by From or To; INVITE traffic names channels there. */
  readonly peer: string;
  readonly bytes: Buffer;
}

const MAX_MESSAGE_BYTES = 8 * 1024;
/** Call-ID → device for dialogs, whose To names a channel. */
const MAX_OWNERS = 20_000;
const AVERAGE_MESSAGE_BYTES = 1_500;
/** Of both rings together, however many entries are asked for. */
const MAX_TRACE_BYTES = 16 * 1024 * 1024;
/** Of dialogs, which must outlast the keepalives of thousands of devices. */
const DIALOG_METHODS: ReadonlySet<string> = new Set(['INVITE', 'ACK', 'BYE', 'CANCEL', 'INFO', 'PRACK', 'UPDATE']);

const SECRETS = /^((?:proxy-)?authorization)[ \t]*:.*(?:\r?\n[ \t].*)*/gim;

/** First in, first out, bounded in entries and bytes. */
class Ring {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #slots: Array<Kept | undefined>;
  /** A slice would hold the whole chunk of a TCP connection. */
  readonly #arena = new ByteArena();
  #first = 0;
  #size = 0;
  #bytes = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = Math.min(maxEntries * AVERAGE_MESSAGE_BYTES, MAX_TRACE_BYTES / 2);
    this.#slots = Array.from({ length: maxEntries });
  }

  /** Returns what it keeps: the entry with a copy of its bytes. */
  push(given: Kept): Kept {
    if (this.#maxEntries === 0) return given;
    const entry = { ...given, bytes: this.#arena.keep(given.bytes.subarray(0, MAX_MESSAGE_BYTES)) };
    if (this.#size === this.#maxEntries) this.#drop();
    this.#slots[(this.#first + this.#size) % this.#maxEntries] = entry;
    this.#size += 1;
    this.#bytes += entry.bytes.length;
    while (this.#bytes > this.#maxBytes && this.#size > 1) this.#drop();
    return entry;
  }

  #drop(): void {
    const entry = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#maxEntries;
    this.#size -= 1;
    this.#bytes -= entry?.bytes.length ?? 0;
  }

  *entries(): IterableIterator<Kept> {
    for (let at = 0; at < this.#size; at += 1) {
      const entry = this.#slots[(this.#first + at) % this.#maxEntries];
      if (entry !== undefined) yield entry;
    }
  }
}

/** The last SIP messages, for the timeline of a play and for support. */
export class SipTrace {
  readonly #dialogs: Ring;
  readonly #rest: Ring;
  readonly #owners = new Map<string, string>();

  /** Half of the entries is for dialogs, half for everything else. */
  constructor(maxEntries: number) {
    this.#dialogs = new Ring(Math.ceil(maxEntries / 2));
    this.#rest = new Ring(Math.floor(maxEntries / 2));
  }

  /** Call-IDs of our own requests to a device. */
  own(callId: string, deviceId: string): void {
    this.#owners.delete(callId);
    this.#owners.set(callId, deviceId);
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
    const ring = DIALOG_METHODS.has(method) ? this.#dialogs : this.#rest;
    const kept = ring.push({
      at,
      direction,
      protocol: flow.protocol,
      remote: ownText(hostPort(flow.remoteAddress, flow.remotePort)),
      callId: ownText(message.headers.get('Call-ID') ?? ''),
      peer: ownText(userOf(message.headers.get(peerField)) ?? ''),
      bytes,
    });
    return () => this.#entry(kept);
  }

  read(filter: {
    readonly callIds?: readonly string[];
    readonly deviceId?: string;
    readonly limit?: number;
  }): TraceEntry[] {
    const callIds = filter.callIds === undefined ? undefined : new Set(filter.callIds);
    const found = [...this.#dialogs.entries(), ...this.#rest.entries()].filter(
      (kept) =>
        (callIds === undefined || callIds.has(kept.callId)) &&
        (filter.deviceId === undefined || this.#deviceOf(kept) === filter.deviceId),
    );
    found.sort((left, right) => left.at - right.at);
    const limit = filter.limit ?? found.length;
    return (limit <= 0 ? [] : found.slice(-limit)).map((kept) => this.#entry(kept));
  }

  #deviceOf(kept: Kept): string {
    return this.#owners.get(kept.callId) ?? kept.peer;
  }

  #entry(kept: Kept): TraceEntry {
    const { at, direction, protocol, remote, callId, bytes } = kept;
    const text = redact(bytes.toString('latin1'));
    const summary = summaryOf(bytes);
    return { at, direction, protocol, remote, deviceId: this.#deviceOf(kept), callId, summary, text };
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
