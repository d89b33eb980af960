import {
  catalogResponse,
  configDownloadResponse,
  cruiseTrackListResponse,
  cruiseTrackResponse,
  deviceInfoResponse,
  deviceStatusResponse,
  EMPTY_CATALOG_ITEM,
  formatGbTime,
  homePositionResponse,
  presetResponse,
  ptzPositionResponse,
  recordInfoResponse,
  resultResponse,
  sdCardStatusResponse,
  type CatalogItem,
  type ManscdpParts,
  type Platform,
  type RecordItem,
} from '../index.ts';
import { CAMERA_ID, DEVICE_ID } from './harness.ts';

const CHANNEL = { deviceId: DEVICE_ID, channelId: CAMERA_ID };
const OWN = { deviceId: DEVICE_ID, channelId: DEVICE_ID };
/** Of the harness. */
const LIMIT_MS = 2_000;
/** 2026-03-01T00:00:00 in Beijing. */
const MIDNIGHT = Date.UTC(2026, 1, 28, 16);

/** What a platform asks a device, and how that answers. */
export interface Question {
  readonly name: string;
  readonly cmdType: string;
  /** Until the answer, or its first part. */
  readonly limitMs: number;
  ask(platform: Platform): Promise<unknown>;
}

/** One answer. */
export interface PlainQuestion extends Question {
  answer(sn: number): ManscdpParts;
}

/** What came of an answer in parts. */
export interface Listed {
  readonly count: number;
  readonly sumNum: number;
  readonly complete: boolean;
}

/** An answer in parts (GB/T 28181 7.4). */
export interface ListQuestion extends Question {
  /** Silence after which the rest is not waited for. */
  readonly idleMs: number;
  /** Items that are kept. */
  readonly most: number;
  ask(platform: Platform): Promise<Listed>;
  /** Items `from` up to `to`, the latter not included. */
  part(sn: number, range: { readonly from: number; readonly to: number }, sumNum: number): ManscdpParts;
}

export const PLAIN_QUESTIONS: readonly PlainQuestion[] = [
  {
    name: 'DeviceInfo',
    cmdType: 'DeviceInfo',
    limitMs: LIMIT_MS,
    ask: ({ queries }) => queries.info(OWN),
    answer: (sn) => deviceInfoResponse(sn, DEVICE_ID, { name: 'n', manufacturer: 'A', model: 'M', firmware: 'V' }),
  },
  {
    name: 'DeviceStatus',
    cmdType: 'DeviceStatus',
    limitMs: LIMIT_MS,
    ask: ({ queries }) => queries.status(OWN),
    answer: (sn) =>
      deviceStatusResponse(sn, DEVICE_ID, { online: true, status: 'OK', encode: '', record: '', deviceTime: '' }),
  },
  {
    name: 'HomePositionQuery',
    cmdType: 'HomePositionQuery',
    limitMs: LIMIT_MS,
    ask: ({ queries }) => queries.homePosition(CHANNEL),
    answer: (sn) => homePositionResponse(sn, CAMERA_ID, { enabled: true }),
  },
  {
    name: 'PTZPosition',
    cmdType: 'PTZPosition',
    limitMs: LIMIT_MS,
    ask: ({ queries }) => queries.ptzPosition(CHANNEL),
    answer: (sn) => ptzPositionResponse(sn, CAMERA_ID, { pan: 1 }),
  },
  {
    name: 'ConfigDownload',
    cmdType: 'ConfigDownload',
    limitMs: LIMIT_MS,
    ask: ({ configs }) => configs.read(OWN, ['FrameMirror']),
    answer: (sn) => configDownloadResponse(sn, DEVICE_ID, { FrameMirror: 1 }),
  },
  {
    name: 'DeviceConfig',
    cmdType: 'DeviceConfig',
    limitMs: LIMIT_MS,
    ask: ({ configs }) => configs.write(OWN, { FrameMirror: 1 }),
    answer: (sn) => resultResponse({ cmdType: 'DeviceConfig', sn, deviceId: DEVICE_ID }, true),
  },
  {
    name: 'DeviceControl',
    cmdType: 'DeviceControl',
    limitMs: LIMIT_MS,
    ask: ({ controls }) => controls.run(CHANNEL, { kind: 'guard', set: true }),
    answer: (sn) => resultResponse({ cmdType: 'DeviceControl', sn, deviceId: CAMERA_ID }, true),
  },
];

const listed = ({
  items,
  sumNum,
  complete,
}: {
  readonly items: readonly unknown[];
  readonly sumNum: number;
  readonly complete: boolean;
}): Listed => ({ count: items.length, sumNum, complete });

const range = <T>({ from, to }: { readonly from: number; readonly to: number }, make: (n: number) => T): T[] =>
  Array.from({ length: to - from }, (_, n) => make(from + n));

export const LIST_QUESTIONS: readonly ListQuestion[] = [
  {
    name: 'a catalogue',
    cmdType: 'Catalog',
    limitMs: 120_000,
    idleMs: 5_000,
    most: 50_000,
    ask: async (platform) => {
      const { received: count, sumNum, complete } = await platform.refreshCatalog(DEVICE_ID);
      return { count, sumNum, complete };
    },
    part: (sn, which, sumNum) => catalogResponse(sn, DEVICE_ID, { sumNum, items: range(which, catalogItem) }),
  },
  {
    name: 'a record list',
    cmdType: 'RecordInfo',
    limitMs: 15_000,
    idleMs: 5_000,
    most: 20_000,
    ask: async (platform) =>
      listed(await platform.records({ ...CHANNEL, fromMs: MIDNIGHT, toMs: MIDNIGHT + 400_000_000 })),
    part: (sn, which, sumNum) =>
      recordInfoResponse(sn, CAMERA_ID, { name: '', sumNum, items: range(which, recordItem) }),
  },
  {
    name: 'a list of presets',
    cmdType: 'PresetQuery',
    limitMs: LIMIT_MS,
    idleMs: LIMIT_MS,
    most: 10_000,
    ask: async ({ queries }) => listed(await queries.presets(CHANNEL)),
    part: (sn, which, sumNum) =>
      presetResponse(sn, CAMERA_ID, { sumNum, items: range(which, (n) => ({ id: String(n + 1), name: '' })) }),
  },
  {
    name: 'a list of cruise tracks',
    cmdType: 'CruiseTrackListQuery',
    limitMs: LIMIT_MS,
    idleMs: LIMIT_MS,
    most: 10_000,
    ask: async ({ queries }) => listed(await queries.cruiseTracks(CHANNEL)),
    part: (sn, which, sumNum) =>
      cruiseTrackListResponse(sn, CAMERA_ID, { sumNum, items: range(which, (number) => ({ number, name: '' })) }),
  },
  {
    name: 'a list of SD cards',
    cmdType: 'SDCardStatus',
    limitMs: LIMIT_MS,
    idleMs: LIMIT_MS,
    most: 10_000,
    ask: async ({ queries }) => listed(await queries.sdCards(OWN)),
    part: (sn, which, sumNum) =>
      sdCardStatusResponse(sn, DEVICE_ID, { sumNum, items: range(which, (n) => ({ id: n + 1, name: 'sd' })) }),
  },
  {
    name: 'a list of alarms',
    cmdType: 'Alarm',
    limitMs: LIMIT_MS,
    idleMs: LIMIT_MS,
    most: 10_000,
    ask: async ({ queries }) => listed(await queries.alarms(OWN)),
    part: (sn, which, sumNum) => ({
      root: 'Response',
      cmdType: 'Alarm',
      sn,
      deviceId: DEVICE_ID,
      rest: [
        { name: 'SumNum', content: sumNum },
        { name: 'AlarmList', content: range(which, alarmItem) },
      ],
    }),
  },
];

const alarmItem = (n: number) => ({
  name: 'Item',
  content: [
    { name: 'DeviceID', content: CAMERA_ID },
    { name: 'AlarmPriority', content: 1 },
    { name: 'AlarmMethod', content: 5 },
    { name: 'AlarmTime', content: formatGbTime(MIDNIGHT + n * 1_000) },
  ],
});

/** Its points have no names: only their places tell them apart. */
export const CRUISE_TRACK: ListQuestion = {
  name: 'a cruise track',
  cmdType: 'CruiseTrackQuery',
  limitMs: LIMIT_MS,
  idleMs: LIMIT_MS,
  most: 10_000,
  ask: async ({ queries }) => listed(await queries.cruiseTrack(CHANNEL, 0)),
  part: (sn, which, sumNum) => {
    const items = range(which, (n) => ({ presetIndex: (n % 255) + 1, stayTime: 5, speed: 3 }));
    return cruiseTrackResponse(sn, CAMERA_ID, { number: 0, name: '', sumNum, items });
  },
};

export function catalogItem(n: number, more: Partial<CatalogItem> = {}): CatalogItem {
  const id = `3402000000132${String(n).padStart(7, '0')}`;
  return { ...EMPTY_CATALOG_ITEM, id, name: `摄像机 ${n}`, parentIdText: DEVICE_ID, ...more };
}

/** Files of ten seconds, one behind the other. */
function recordItem(n: number): RecordItem {
  const startMs = MIDNIGHT + n * 10_000;
  return recordFile(startMs, startMs + 10_000);
}

/** A recording of the camera; Unix ms. */
export function recordFile(startMs: number, endMs: number, more: Partial<RecordItem> = {}): RecordItem {
  return {
    channelId: CAMERA_ID,
    name: '大门',
    filePath: '',
    address: '',
    startMs,
    endMs,
    secrecy: 0,
    type: 'time',
    recorderId: '',
    fileSize: 0,
    recordLocation: '',
    streamNumber: 0,
    ...more,
  };
}
