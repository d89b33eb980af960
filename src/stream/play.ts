import { randomUUID } from 'node:crypto';
import type { StreamError } from './errors.ts';
import type { EvidenceEntry, EvidenceStage, PlayRecord, PlayRequest } from './types.ts';

/** A timeline keeps its beginning and its end; what is between goes first. */
const MAX_ENTRIES = 200;
const KEPT_AT_START = 60;
const MAX_CALL_IDS = 32;
const MAX_DETAIL_CHARACTERS = 300;

/** The evidence of one play while it grows. */
export class Play {
  readonly id = randomUUID();
  readonly request: PlayRequest;
  readonly stream: string;
  readonly #onChange: (play: Play) => void;
  readonly #startedAt = Date.now();
  readonly #timeline: EvidenceEntry[] = [];
  readonly #callIds: string[] = [];
  #state: PlayRecord['state'] = 'opening';
  #transport: string | undefined;
  #failure: PlayRecord['failure'];
  #endedAt: number | undefined;

  constructor(stream: string, request: PlayRequest, onChange: (play: Play) => void) {
    this.stream = stream;
    this.request = request;
    this.#onChange = onChange;
  }

  get state(): PlayRecord['state'] {
    return this.#state;
  }

  /** Where the play stands. */
  get stage(): EvidenceStage {
    return this.#timeline.at(-1)?.stage ?? 'requested';
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  get record(): PlayRecord {
    return {
      id: this.id,
      stream: this.stream,
      deviceId: this.request.deviceId,
      channelId: this.request.channelId,
      startedAt: this.#startedAt,
      state: this.#state,
      callIds: [...this.#callIds],
      timeline: [...this.#timeline],
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(this.#transport === undefined ? {} : { transport: this.#transport }),
    };
  }

  set transport(transport: string) {
    this.#transport = transport;
  }

  addCallId(callId: string): void {
    if (callId === '' || this.#callIds.includes(callId)) return;
    if (this.#callIds.length >= MAX_CALL_IDS) this.#callIds.shift();
    this.#callIds.push(callId);
  }

  add(stage: EvidenceStage, detail?: string, viewerId?: string): void {
    const at = Date.now();
    if (this.#timeline.length >= MAX_ENTRIES) this.#timeline.splice(KEPT_AT_START, 1);
    this.#timeline.push({
      stage,
      at,
      afterMs: at - this.#startedAt,
      ...(detail === undefined ? {} : { detail: detail.slice(0, MAX_DETAIL_CHARACTERS) }),
      ...(viewerId === undefined ? {} : { viewerId }),
    });
    this.#onChange(this);
  }

  /** Media is there: the play has reached its aim. */
  setPlaying(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'playing';
    this.add('playing');
  }

  fail(error: StreamError): void {
    if (this.ended) return;
    const { code, message, sipStatus } = error;
    this.#failure = { code, message, ...(sipStatus === undefined ? {} : { sipStatus }) };
    this.#state = 'failed';
    this.#endedAt = Date.now();
    this.add('failed', `${code}: ${message}`);
  }

  close(detail: string): void {
    if (this.ended) return;
    this.#state = 'closed';
    this.#endedAt = Date.now();
    this.add('closed', detail);
  }
}
