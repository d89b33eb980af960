import { GatewayError, errorMessage, type Logger } from '../../util/index.ts';
import type { LocalMember, MemberStream } from '../meeting/index.ts';
import type { TakenStream, TakerView } from './types.ts';

/** Ended streams that are still shown. */
const MAX_ENDED = 100;

/** Of those that only take; what they are called is their own affair. */
const TAKERS: ReadonlySet<string> = new Set<TakerView['role']>(['recorder', 'relayer']);

/** One stream that is being recorded or pushed. */
export interface Taking {
  /** What has come of it so far. */
  view(): Pick<TakenStream, 'state' | 'recordingId' | 'url' | 'failure'>;
  /** Resolves when all is finished; never rejects. */
  stop(): Promise<void>;
}

export interface TakerOptions {
  readonly member: LocalMember;
  readonly role: TakerView['role'];
  readonly url?: string;
  /** Begins with one stream. @throws GatewayError */
  readonly take: (stream: MemberStream) => Taking;
  /** Once, however it ended. */
  readonly onEnded: (taker: Taker) => void;
  readonly log: Logger;
}

interface Entry {
  readonly streamId: string;
  readonly endpoint: string;
  readonly taking: Taking;
  ended: boolean;
}

/** A member that takes every stream of its room, until it is stopped or the last of the others has left. */
export class Taker {
  readonly role: TakerView['role'];
  readonly #options: TakerOptions;
  readonly #entries: Entry[] = [];
  readonly #stopping = new Set<Promise<void>>();
  #ended = false;

  constructor(options: TakerOptions) {
    this.role = options.role;
    this.#options = options;
    const { member } = options;
    member.on('streamPublished', (stream) => this.#begin(stream));
    member.on('streamUnpublished', ({ stream }) => this.#end(stream.stream_id));
    member.on('endpointLeft', () => this.#closeIfAlone());
    member.once('ended', () => void this.close());
    for (const stream of member.streams()) this.#begin(stream);
  }

  get view(): TakerView {
    const { member, url } = this.#options;
    const { app, channel, endpoint } = member;
    const streams = this.#entries.map((entry) => viewOf(entry));
    return { app, channel, endpoint, role: this.role, ...(url === undefined ? {} : { url }), streams };
  }

  /** Resolves when all is finished. Idempotent. */
  async close(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      this.#options.member.leave();
      for (const { streamId, ended } of this.#entries) if (!ended) this.#end(streamId);
      this.#options.onEnded(this);
    }
    await Promise.all(this.#stopping);
  }

  #closeIfAlone(): void {
    if (this.#options.member.others().every(({ role }) => TAKERS.has(role))) void this.close();
  }

  #begin(stream: MemberStream): void {
    const { take, log } = this.#options;
    const streamId = stream.stream.stream_id;
    if (this.#ended || this.#entries.some((entry) => entry.streamId === streamId && !entry.ended)) return;
    let taking: Taking;
    try {
      taking = take(stream);
    } catch (error) {
      log.warn({ role: this.role, stream: streamId, error: errorMessage(error) }, 'stream of a room not taken');
      taking = failed(error);
    }
    this.#entries.push({ streamId, endpoint: stream.endpoint, taking, ended: false });
    this.#forget();
  }

  #end(streamId: string): void {
    const entry = this.#entries.find((one) => one.streamId === streamId && !one.ended);
    if (entry === undefined) return;
    entry.ended = true;
    const stopping = entry.taking.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  #forget(): void {
    const ended = this.#entries.filter((entry) => entry.ended);
    for (const entry of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#entries.splice(this.#entries.indexOf(entry), 1);
    }
  }
}

function viewOf({ streamId, endpoint, taking, ended }: Entry): TakenStream {
  const view = taking.view();
  return { streamId, endpoint, ...view, state: ended && view.state !== 'failed' ? 'ended' : view.state };
}

/** What could not even begin. */
export function failureOf(error: unknown): NonNullable<TakenStream['failure']> {
  return { code: error instanceof GatewayError ? error.code : 'internal_error', message: errorMessage(error) };
}

function failed(error: unknown): Taking {
  const failure = failureOf(error);
  return { view: () => ({ state: 'failed', failure }), stop: () => Promise.resolve() };
}
