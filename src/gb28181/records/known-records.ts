import { RECORD_CONDITIONS } from '../manscdp/index.ts';
import { stretchesOf, type Stretch } from './stretches.ts';
import type { RecordList, RecordQuery } from './types.ts';

/** Channels whose list is kept, the last ones asked for. */
const MAX_CHANNELS = 500;

interface Known {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stretches: readonly Stretch[];
}

/** What devices have told of their recordings the last time, channel by channel. */
export class KnownRecords {
  readonly #channels = new Map<string, Known>();

  /** A list that lacks a part, or shows only what meets some condition, tells no gaps. */
  note(query: RecordQuery, list: RecordList, nowMs: number): void {
    const { deviceId, channelId, type = 'all' } = query;
    if (!list.complete || type !== 'all' || RECORD_CONDITIONS.some((name) => query[name] !== undefined)) return;
    const { fromMs, segments } = list;
    const stretches = stretchesOf(segments, fromMs, list.toMs);
    // What is recorded since then is not in it.
    const toMs = Math.min(list.toMs, Math.max(nowMs, stretches.at(-1)?.endMs ?? fromMs));
    const key = keyOf(deviceId, channelId);
    this.#channels.delete(key);
    this.#channels.set(key, { fromMs, toMs, stretches });
    for (const oldest of this.#channels.keys()) {
      if (this.#channels.size <= MAX_CHANNELS) break;
      this.#channels.delete(oldest);
    }
  }

  /** Empty: not known, or nothing is recorded. */
  find({ deviceId, channelId, fromMs, toMs }: RecordQuery): Stretch[] {
    const known = this.#channels.get(keyOf(deviceId, channelId));
    const covers = known !== undefined && known.fromMs <= fromMs && known.toMs >= toMs;
    return covers ? stretchesOf(known.stretches, fromMs, toMs) : [];
  }
}

function keyOf(deviceId: string, channelId: string): string {
  return `${deviceId}/${channelId}`;
}
