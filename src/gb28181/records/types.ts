/** What a RecordInfo query asks for (GB/T 28181 8.1). */
export interface RecordQuery {
  readonly deviceId: string;
  readonly channelId: string;
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent = all. */
  readonly type?: RecordItem['type'];
  readonly filePath?: string;
  /** Where it was recorded; a part is enough. */
  readonly address?: string;
  /** 1 is secret; absent = 0. */
  readonly secrecy?: number;
  /** Who triggered it. */
  readonly recorderId?: string;
  /** 1: the domain looks in its centre and at the device (8.6); absent = at the device. */
  readonly indistinctQuery?: number;
  /** These three are of the 2022 edition: codes of 10.3, several joined by a slash. */
  readonly streamNumber?: number;
  readonly alarmMethod?: string;
  readonly alarmType?: string;
  /** Sends what only the 2022 edition has to a device of the 2016 one. */
  readonly force?: boolean;
}

/** One recording of a device (GB/T 28181 8.2); texts empty and numbers 0 where absent. */
export interface RecordItem {
  readonly channelId: string;
  readonly name: string;
  readonly filePath: string;
  readonly address: string;
  /** Unix ms; the wire has Beijing time. */
  readonly startMs: number;
  readonly endMs: number;
  readonly secrecy: number;
  readonly type: 'time' | 'alarm' | 'manual' | 'all';
  readonly recorderId: string;
  /** Bytes. */
  readonly fileSize: number;
  readonly recordLocation: string;
  readonly streamNumber: number;
}

/** A stretch of time that is recorded without a break. */
export interface RecordSegment {
  readonly startMs: number;
  readonly endMs: number;
  /** `alarm` where an alarm recording lies in it. */
  readonly type: RecordItem['type'];
}

/** What a device has recorded in a range of time. */
export interface RecordList {
  readonly deviceId: string;
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** As the device announced it. */
  readonly sumNum: number;
  /** Everything announced arrived. */
  readonly complete: boolean;
  /** By start; clipped to the range. */
  readonly items: readonly RecordItem[];
  /** Items that overlap or touch, joined. */
  readonly segments: readonly RecordSegment[];
}
