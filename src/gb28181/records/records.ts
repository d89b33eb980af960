import { isEdition2022, RECORD_QUERY_2022, recordInfoQuery } from '../manscdp/index.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import { EditionError } from '../errors.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import { RECORD_TIMES, RecordParts } from './record-parts.ts';
import { clipItems, joinItems } from './segments.ts';
import type { RecordList, RecordQuery } from './types.ts';

/**
 * What a device has recorded of a channel (GB/T 28181 8). A device that falls silent in the middle gives what came,
 * marked as not complete.
 * @throws EditionError, DeviceOfflineError, DeviceSilentError, DeviceRefusedError, RequestAbortedError, DeviceUnreachableError
 */
export async function queryRecords(
  access: DeviceAccess,
  query: RecordQuery,
  { signal, times = RECORD_TIMES }: { readonly signal?: AbortSignal | undefined; readonly times?: CollectTimes } = {},
): Promise<RecordList> {
  const record = access.online(query.deviceId);
  requireEdition(record, query);
  const parts = new RecordParts();
  const collector = new ResponseCollector(record, access, {
    command: (sn) => recordInfoQuery(sn, query),
    parts,
    times,
  });
  const ends = signal === undefined ? access.closing : AbortSignal.any([signal, access.closing]);
  await collector.run(ends);
  const { complete } = parts;
  const { deviceId, channelId, fromMs, toMs } = query;
  const items = clipItems(parts.items, fromMs, toMs);
  return { deviceId, channelId, fromMs, toMs, sumNum: parts.sumNum, complete, items, segments: joinItems(items) };
}

/** A condition that the device does not know would give recordings that nobody asked for. */
function requireEdition({ id, state: { gbVersion } }: DeviceRecord, query: RecordQuery): void {
  const unknown = RECORD_QUERY_2022.find((name) => query[name] !== undefined);
  if (unknown === undefined || query.force === true || isEdition2022(gbVersion)) return;
  throw new EditionError(id, `RecordInfo/${unknown}`, gbVersion);
}
