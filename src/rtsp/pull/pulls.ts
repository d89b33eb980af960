import { EventEmitter } from 'node:events';
import { randomBytes } from 'node:crypto';
import { publishedName, type PullHold } from '../../stream/index.ts';
import { safeEmit, shownUrl, type Logger } from '../../util/index.ts';
import { parseRtspAddress } from '../client/address.ts';
import { RtspSource } from '../client/source.ts';
import { PullExistsError, PullInvalidError, PullLimitError, PullNotFoundError, PullTakenError } from './errors.ts';
import { askNodes } from './interconnect.ts';
import { PulledStream } from './pulled-stream.ts';
import type {
  NewPull,
  PullDefinition,
  PullNode,
  Pulls,
  PullsEvents,
  PullSnapshot,
  PullStore,
  PullStreams,
} from './types.ts';

export interface PullsOptions {
  readonly nodes: readonly PullNode[];
  /** All nodes together have so long to answer a player. */
  readonly nodeTimeoutMs: number;
  /** What is fetched for players ends so long after the last one. */
  readonly idleTimeoutMs: number;
  /** A camera that sends nothing for so long is lost. */
  readonly silenceMs: number;
  readonly userAgent: string;
  /** For each answer of a camera. Default 10000. */
  readonly timeoutMs?: number;
  /** Those who watch a stream of another gateway are told when it is away for so long. Default 10000. */
  readonly giveUpMs?: number;
  /** Streams of other gateways at the same time. Default 1000. */
  readonly maxRelayed?: number;
}

export interface PullsParts {
  readonly streams: PullStreams;
  readonly store: PullStore;
  readonly log: Logger;
}

const TIMEOUT_MS = 10_000;
/** Cameras are asked rarely, other gateways often enough to notice their end soon. */
const KEEP_ALIVE_MS = 25_000;
const NODE_KEEP_ALIVE_MS = 5000;
const MAX_PULLS = 1000;
const MAX_RELAYED = 1000;
/** Gateways that may ask each other for one player. */
const MAX_HOPS = 4;
const GIVE_UP_MS = 10_000;
const MAX_ACCOUNT_CHARS = 256;

interface Entry {
  readonly definition: PullDefinition;
  readonly pulled: PulledStream;
}

class RtspPulls extends EventEmitter<PullsEvents> implements Pulls {
  readonly #options: PullsOptions;
  readonly #parts: PullsParts;
  /** How this gateway calls itself in hops; another one after each start. */
  readonly #id = randomBytes(6).toString('hex');
  readonly #entries = new Map<string, Entry>();
  readonly #relayed = new Map<string, PulledStream>();
  #closed = false;

  constructor(options: PullsOptions, parts: PullsParts) {
    super();
    this.#options = options;
    this.#parts = parts;
    for (const definition of parts.store.list()) this.#adopt(definition);
  }

  list(): PullSnapshot[] {
    return [...this.#entries.values()].map(snapshotOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): PullSnapshot | undefined {
    const entry = this.#entry(name);
    return entry === undefined ? undefined : snapshotOf(entry);
  }

  add(pull: NewPull): PullSnapshot {
    const definition = checked(pull);
    const { name } = definition;
    if (this.#entries.has(name)) throw new PullExistsError(`${name} is pulled already`);
    if (this.#parts.streams.find(name) !== undefined) throw new PullTakenError(`${name} is a running stream`);
    if (this.#entries.size >= MAX_PULLS) throw new PullLimitError(`there are ${MAX_PULLS} pulls, the limit`);
    this.#parts.store.add(definition);
    const entry = this.#adopt(definition);
    this.#tell(name);
    return snapshotOf(entry);
  }

  remove(name: string): boolean {
    const entry = this.#entry(name);
    if (entry === undefined) return false;
    const { definition, pulled } = entry;
    this.#entries.delete(definition.name);
    this.#parts.store.remove(definition.name);
    void pulled.close();
    this.#tell(definition.name);
    return true;
  }

  async pull(name: string, hops: readonly string[] | undefined): Promise<PullHold | undefined> {
    if (this.#closed) return undefined;
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry.pulled.hold(this.#nextHops(name, hops));
    // Whoever asks for another gateway asks the others itself.
    if (hops !== undefined || this.#options.nodes.length === 0) return undefined;
    return (this.#relayed.get(name) ?? this.#relay(name)).hold([this.#id]);
  }

  /** What comes from another gateway is not handed on: two that fetch it from each other would have nothing. */
  mayServe(name: string, hops: readonly string[]): boolean {
    return !this.#relayed.has(name) && !hops.includes(this.#id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#relayed.values(), ...[...this.#entries.values()].map(({ pulled }) => pulled)];
    await Promise.all(all.map((pulled) => pulled.close()));
  }

  #entry(name: string): Entry | undefined {
    return this.#entries.get(name) ?? this.#entries.get(`live/${name}`);
  }

  /** @throws PullNotFoundError for one who asks in a circle */
  #nextHops(name: string, hops: readonly string[] = []): readonly string[] {
    if (hops.includes(this.#id) || hops.length >= MAX_HOPS) {
      throw new PullNotFoundError(`${name} is asked for in a circle of gateways`);
    }
    return [...hops, this.#id];
  }

  #adopt(definition: PullDefinition): Entry {
    const { name, url, username, password, transport, onDemand } = definition;
    const { userAgent, timeoutMs = TIMEOUT_MS, idleTimeoutMs, silenceMs } = this.#options;
    const { streams } = this.#parts;
    const log = this.#parts.log.child({ pull: name });
    const account = username === '' ? undefined : { username, password };
    const pulled = new PulledStream({
      name,
      transport,
      onDemand,
      streams,
      idleTimeoutMs,
      silenceMs,
      log,
      open: (signal, hops) => {
        const address = parseRtspAddress(url);
        // Checked when it was added; a row changed by hand may be anything.
        if ('fault' in address) throw new PullInvalidError(`the URL ${address.fault}`);
        const common = { userAgent, hops, timeoutMs, keepAliveMs: KEEP_ALIVE_MS, signal, log };
        return RtspSource.describe({ ...common, address, account });
      },
      onChange: () => this.#tell(name),
    });
    const entry = { definition, pulled };
    this.#entries.set(name, entry);
    if (!onDemand) pulled.start([this.#id]);
    return entry;
  }

  /** @throws PullLimitError */
  #relay(name: string): PulledStream {
    const { nodes, nodeTimeoutMs: timeoutMs, userAgent, idleTimeoutMs } = this.#options;
    const { giveUpMs = GIVE_UP_MS, maxRelayed = MAX_RELAYED } = this.#options;
    if (this.#relayed.size >= maxRelayed) {
      throw new PullLimitError(`${maxRelayed} streams of other gateways are fetched, the limit`);
    }
    const log = this.#parts.log.child({ pull: name });
    const options = { nodes, timeoutMs, userAgent, keepAliveMs: NODE_KEEP_ALIVE_MS, log };
    const pulled = new PulledStream({
      name,
      transport: 'auto',
      onDemand: true,
      streams: this.#parts.streams,
      idleTimeoutMs,
      giveUpMs,
      log,
      open: (signal, hops) => askNodes(options, { name, hops, signal }),
      onChange: (changed) => {
        if (changed.dormant && this.#relayed.get(name) === changed) this.#relayed.delete(name);
      },
    });
    this.#relayed.set(name, pulled);
    return pulled;
  }

  #tell(name: string): void {
    safeEmit<PullsEvents, 'changed'>(this, this.#parts.log, 'changed', name);
  }
}

function snapshotOf({ definition: { password, ...definition }, pulled }: Entry): PullSnapshot {
  return { ...definition, url: shownUrl(definition.url), hasPassword: password !== '', ...pulled.status };
}

/** @throws PullInvalidError, StreamNameError */
function checked({ name, url, username, password, transport, onDemand }: NewPull): PullDefinition {
  const address = parseRtspAddress(url);
  if ('fault' in address) throw new PullInvalidError(`url ${address.fault}`);
  const account = { username: username ?? address.username ?? '', password: password ?? address.password ?? '' };
  for (const [field, value] of Object.entries(account)) {
    if (value.length > MAX_ACCOUNT_CHARS)
      throw new PullInvalidError(`${field} is longer than ${MAX_ACCOUNT_CHARS} characters`);
    if (/\p{Cc}/u.test(value)) throw new PullInvalidError(`${field} contains a control character`);
  }
  if (account.username === '' && account.password !== '') throw new PullInvalidError('a password needs a username');
  return { name: publishedName(name), url: address.href, ...account, transport, onDemand };
}

/** Fetches streams by RTSP; those that are not on demand begin at once. */
export function createPulls(options: PullsOptions, parts: PullsParts): Pulls {
  return new RtspPulls(options, parts);
}
