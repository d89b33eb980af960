import type { EventEmitter } from 'node:events';
import type { StreamPuller, Streams } from '../../stream/index.ts';
import type { SourceTransport } from '../client/source.ts';

/** A stream that is fetched from an RTSP server, e.g. a camera. */
export interface PullDefinition {
  /** `<app>/<name>`. */
  readonly name: string;
  /** Without an account. */
  readonly url: string;
  /** Empty = none. */
  readonly username: string;
  readonly password: string;
  readonly transport: SourceTransport;
  /** Fetched only while somebody watches. */
  readonly onDemand: boolean;
}

/** Persistence of what the administrator has added. */
export interface PullStore {
  list(): PullDefinition[];
  add(pull: PullDefinition): void;
  /** Returns false for an unknown name. */
  remove(name: string): boolean;
}

/** `failed`: the latest attempt did; `nextAttemptAt` says when the next may follow. */
export type PullState = 'idle' | 'connecting' | 'playing' | 'failed';

export interface PullStatus {
  readonly state: PullState;
  /** Unix ms of the change to it. */
  readonly since: number;
  /** Why the latest attempt or connection ended; undefined after a success. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** Unix ms. */
  readonly nextAttemptAt?: number;
  /** What is used now. */
  readonly lower?: 'tcp' | 'udp';
  /** Tracks that are left out. */
  readonly omitted: readonly string[];
}

/** A pull as the administrator may see it: without its password. */
export interface PullSnapshot extends Omit<PullDefinition, 'password'>, PullStatus {
  readonly hasPassword: boolean;
}

/** Another gateway, or a pms server. */
export interface PullNode {
  /** IP address or name. */
  readonly ip: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Put before the stream's name; empty = none. */
  readonly path: string;
}

export type PullStreams = Pick<Streams, 'publishRtp' | 'find'>;

export type PullsEvents = {
  /** A pull was added or removed, or has changed its state. */
  changed: [name: string];
};

/** Streams that are fetched by RTSP: those that were added, and those of other gateways. */
export interface Pulls extends StreamPuller, EventEmitter<PullsEvents> {
  list(): PullSnapshot[];
  get(name: string): PullSnapshot | undefined;
  /** @throws PullInvalidError, PullExistsError, PullLimitError, StreamNameError */
  add(pull: NewPull): PullSnapshot;
  /** Ends it, too. Returns false for an unknown name. */
  remove(name: string): boolean;
  /** Ends all of them, each told to its server. Idempotent. */
  close(): Promise<void>;
}

/** As it is asked for: the account may be in the URL. */
export interface NewPull {
  readonly name: string;
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly transport: SourceTransport;
  readonly onDemand: boolean;
}
