import { stretchesOf, type Stretch } from '../gb28181/records/stretches.ts';
import type { RecordItem } from '../gb28181/types.ts';
import type { VirtualChannel } from './device.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** China has one zone (GB/T 28181 8.4); days of recordings begin at its midnight. */
const BEIJING_OFFSET_MS = 8 * HOUR_MS;
/** What is older is written over. */
const KEPT_DAYS = 30;
/** Of each day the hour from 3 on is missing. */
const GAP_HOUR = 3;
/** Of each day an alarm was recorded at 12:30. */
const ALARM_MS = 12.5 * HOUR_MS;
const ALARM_LENGTH_MS = 300_000;

export interface RecordingsOptions {
  readonly bytesPerSec: number;
  /** Unix ms. */
  readonly now: () => number;
  /** Length of a file; a divisor of an hour. */
  readonly fileMs: number;
}

/** What a virtual camera has recorded: files of each hour but one, and an alarm a day; the same for each channel. */
export class Recordings {
  readonly #options: RecordingsOptions;

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** Files that overlap the range, as they are: a platform clips them. */
  find(channel: VirtualChannel, fromMs: number, toMs: number, type: RecordItem['type'] = 'all'): RecordItem[] {
    const nowMs = this.#options.now();
    const from = Math.max(fromMs, nowMs - KEPT_DAYS * DAY_MS);
    const to = Math.min(toMs, nowMs);
    const items: RecordItem[] = [];
    for (let dayMs = dayOf(from); dayMs < to; dayMs += DAY_MS) {
      if (type === 'all' || type === 'time') items.push(...this.#filesOf(channel, dayMs, nowMs));
      if (type === 'all' || type === 'alarm') {
        items.push(this.#item(channel, dayMs + ALARM_MS, dayMs + ALARM_MS + ALARM_LENGTH_MS, 'alarm'));
      }
    }
    return items.filter(({ startMs, endMs }) => startMs < to && endMs > from);
  }

  /** What of a range is recorded; empty where nothing is. */
  stretches(channel: VirtualChannel, fromMs: number, toMs: number): Stretch[] {
    return stretchesOf(this.find(channel, fromMs, toMs), fromMs, toMs);
  }

  /** Bytes of what is recorded of a range. */
  bytesOf(channel: VirtualChannel, fromMs: number, toMs: number): number {
    const lengths = this.stretches(channel, fromMs, toMs).map(({ startMs, endMs }) => endMs - startMs);
    return lengths.reduce((sum, lengthMs) => sum + Math.round((this.#options.bytesPerSec * lengthMs) / 1000), 0);
  }

  #filesOf(channel: VirtualChannel, dayMs: number, nowMs: number): RecordItem[] {
    const { fileMs } = this.#options;
    const items: RecordItem[] = [];
    for (let startMs = dayMs; startMs < dayMs + DAY_MS && startMs < nowMs; startMs += fileMs) {
      if (Math.floor((startMs - dayMs) / HOUR_MS) === GAP_HOUR) continue;
      items.push(this.#item(channel, startMs, Math.min(startMs + fileMs, nowMs), 'time'));
    }
    return items;
  }

  #item({ id, name }: VirtualChannel, startMs: number, endMs: number, type: 'time' | 'alarm'): RecordItem {
    const [start, end] = [Math.floor(startMs / 1000), Math.floor(endMs / 1000)];
    return {
      channelId: id,
      name,
      filePath: `${type}/${start}_${end}`,
      address: 'store 1',
      startMs: start * 1000,
      endMs: end * 1000,
      secrecy: 0,
      type,
      recorderId: '',
      fileSize: Math.round((this.#options.bytesPerSec * (endMs - startMs)) / 1000),
      recordLocation: '',
      streamNumber: 0,
    };
  }
}

/** Beijing's midnight before. */
function dayOf(unixMs: number): number {
  return Math.floor((unixMs + BEIJING_OFFSET_MS) / DAY_MS) * DAY_MS - BEIJING_OFFSET_MS;
}
