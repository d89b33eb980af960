import { onScopeDispose, ref, type Ref, shallowRef, watch } from 'vue';
import { type ChannelRange, listRecords, type RecordList } from '../api/playbacks.ts';

/** What a device has recorded of a channel in a range; asked again when either changes. */
export function useRecords(range: Readonly<Ref<ChannelRange | undefined>>) {
  const records = shallowRef<RecordList>();
  const error = shallowRef<Error>();
  const loading = ref(false);
  let controller: AbortController | undefined;

  const load = async () => {
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    records.value = undefined;
    error.value = undefined;
    loading.value = range.value !== undefined;
    if (range.value === undefined) return;
    try {
      const list = await listRecords(range.value, mine.signal);
      if (!mine.signal.aborted) records.value = list;
    } catch (failure) {
      if (!mine.signal.aborted) error.value = failure instanceof Error ? failure : new Error(String(failure));
    } finally {
      if (!mine.signal.aborted) loading.value = false;
    }
  };
  watch(range, load, { immediate: true });
  onScopeDispose(() => controller?.abort());
  return { records, error, loading, load };
}
