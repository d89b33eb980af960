import { timingSafeEqual } from 'node:crypto';
import type { CommandOptions, CommandTarget, ControlAnswer } from '../control/types.ts';
import type { DeviceConfigs } from '../configuration/types.ts';
import { DeviceSilentError, SnapshotLimitError } from '../errors.ts';
import type { ConfigValues, SnapshotFinished } from '../manscdp/index.ts';
import { Session } from './session.ts';
import type { SnapshotFilter, SnapshotOrder, SnapshotSession, Snapshots, SnapshotStore, UploadFault } from './types.ts';

const MAX_SESSIONS = 1_000;
/** JPEG's SOI and the first byte of the next marker. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

type FinishedListener = (deviceId: string, finished: SnapshotFinished) => void;

/** What snapshots need of the platform. */
export interface SnapshotSide {
  readonly configs: Pick<DeviceConfigs, 'write'>;
  on(event: 'snapshotFinished', listener: FinishedListener): unknown;
  off(event: 'snapshotFinished', listener: FinishedListener): unknown;
}

/** Orders pictures and takes them in. */
export function createSnapshots(platform: SnapshotSide, store: SnapshotStore, now: () => number = Date.now): Snapshots {
  return new DeviceSnapshots(platform, store, now);
}

class DeviceSnapshots implements Snapshots {
  readonly #platform: SnapshotSide;
  readonly #store: SnapshotStore;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #onFinished: FinishedListener = (deviceId, { sessionId }) => {
    const session = this.#sessions.get(sessionId);
    if (session?.deviceId === deviceId) session.finish();
  };

  constructor(platform: SnapshotSide, store: SnapshotStore, now: () => number) {
    this.#platform = platform;
    this.#store = store;
    this.#now = now;
    platform.on('snapshotFinished', this.#onFinished);
  }

  async take(target: CommandTarget, order: SnapshotOrder, options?: CommandOptions): Promise<SnapshotSession> {
    const session = this.#open(target, order);
    try {
      await this.#order(session, { target, order, options });
      session.confirm();
    } catch (error) {
      // Pictures may come all the same (GB/T 28181 4.9).
      if (!(error instanceof DeviceSilentError)) {
        session.end();
        this.#sessions.delete(session.id);
        throw error;
      }
    }
    return session.view;
  }

  #order(
    { id, secret }: Session,
    { target, order, options }: { target: CommandTarget; order: SnapshotOrder; options: CommandOptions | undefined },
  ): Promise<ControlAnswer> {
    const values: ConfigValues = {
      SnapShotConfig: {
        snapNum: order.count,
        intervalSec: order.intervalSec,
        // No query: parameters behind a question mark break vendors (quirks 2.3).
        uploadUrl: `${order.uploadBase}/${id}/${secret}`,
        sessionId: id,
      },
    };
    return this.#platform.configs.write(target, values, options);
  }

  #open(target: CommandTarget, order: SnapshotOrder): Session {
    if (this.#sessions.size >= MAX_SESSIONS) {
      const [oldest] = [...this.#sessions.values()].filter(({ ended }) => ended);
      if (oldest === undefined) throw new SnapshotLimitError(this.#sessions.size, MAX_SESSIONS);
      this.#sessions.delete(oldest.id);
    }
    const session = new Session(target, order, this.#now);
    this.#sessions.set(session.id, session);
    return session;
  }

  session(id: string): SnapshotSession | undefined {
    return this.#sessions.get(id)?.view;
  }

  check(ids: { readonly sessionId: string; readonly secret: string }): 'ok' | 'unknown_session' | 'too_many' {
    const session = this.#known(ids);
    if (session === undefined) return 'unknown_session';
    return session.ended ? 'too_many' : 'ok';
  }

  async receive(upload: {
    readonly sessionId: string;
    readonly secret: string;
    readonly files: readonly Buffer[];
  }): Promise<UploadFault | 'ok'> {
    const session = this.#known(upload);
    if (session === undefined) return 'unknown_session';
    const jpegs = upload.files.filter((file) => file.subarray(0, JPEG.length).equals(JPEG));
    if (jpegs.length === 0) return 'not_jpeg';
    const places = session.ended ? undefined : session.reserve(jpegs.length);
    if (places === undefined) return 'too_many';
    for (const [index, jpeg] of jpegs.entries()) {
      const place = places[index];
      if (place === undefined) break;
      const snapshot = { ...place, bytes: jpeg.length };
      await this.#store.save(snapshot, jpeg);
      session.add(snapshot);
    }
    return 'ok';
  }

  /** Who does not know the secret learns nothing of the session. */
  #known({ sessionId, secret }: { readonly sessionId: string; readonly secret: string }): Session | undefined {
    const session = this.#sessions.get(sessionId);
    return session !== undefined && sameText(session.secret, secret) ? session : undefined;
  }

  list(filter: SnapshotFilter): ReturnType<SnapshotStore['list']> {
    return this.#store.list(filter);
  }

  read(id: string): Promise<Buffer | undefined> {
    return this.#store.read(id);
  }

  remove(id: string): Promise<boolean> {
    return this.#store.remove(id);
  }

  close(): void {
    this.#platform.off('snapshotFinished', this.#onFinished);
    for (const session of this.#sessions.values()) session.end();
  }
}

function sameText(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}
