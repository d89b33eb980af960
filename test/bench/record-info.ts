import { recordInfoResponse, type RecordItem } from '../../src/gb28181/index.ts';
import { DEVICE_ID, CAMERA_ID, openHarness, settle } from '../../src/gb28181/testing/harness.ts';

const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 2, 1, 16);
/** Files in one message over UDP. */
const PER_PART = 4;

export interface RecordInfoResult {
  readonly cpuSeconds: number;
  readonly items: number;
  readonly segments: number;
}

/** Processor time of this process for a day of so many files: the parts as a device sends them, to the merged list. */
export async function measureRecordInfo(count: number): Promise<RecordInfoResult> {
  const harness = await openHarness();
  const camera = harness.camera();
  camera.register();
  const lengthMs = DAY_MS / count;
  const items = Array.from({ length: count }, (_, n): RecordItem => itemAt(FROM_MS + n * lengthMs, lengthMs));
  const asked = harness.platform.records({
    deviceId: DEVICE_ID,
    channelId: CAMERA_ID,
    fromMs: FROM_MS,
    toMs: FROM_MS + DAY_MS,
  });
  await settle();
  const { sn = 0 } = harness.sentCommands('RecordInfo')[0] ?? {};
  const before = process.cpuUsage();
  for (let at = 0; at < items.length; at += PER_PART) {
    camera.message(
      recordInfoResponse(sn, CAMERA_ID, { name: '大门', sumNum: count, items: items.slice(at, at + PER_PART) }),
    );
  }
  const list = await asked;
  const { user, system } = process.cpuUsage(before);
  await harness.platform.close();
  return { cpuSeconds: (user + system) / 1e6, items: list.items.length, segments: list.segments.length };
}

function itemAt(startMs: number, lengthMs: number): RecordItem {
  return {
    channelId: CAMERA_ID,
    name: '大门',
    filePath: `/record/${startMs}_${startMs + lengthMs}.ps`,
    address: 'store 1',
    startMs,
    endMs: startMs + lengthMs,
    secrecy: 0,
    type: 'time',
    recorderId: '',
    fileSize: 7_340_032,
    recordLocation: '',
    streamNumber: 0,
  };
}
