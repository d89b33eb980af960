import { ElMessage } from 'element-plus';
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { ApiError } from '../api/http.ts';
import * as api from '../api/recordings.ts';
import type { Recording, RecordingRequest } from '../api/types.ts';
import { useRecordings } from '../stores/recordings.ts';
import { useConfirm } from './useConfirm.ts';
import { useErrorText } from './useErrorText.ts';

const SHOWN_MS = 1800;

/** What an operator does with recordings; each tells how it went. */
export function useRecordingActions() {
  const i18n = useI18n();
  const { t } = i18n;
  const errorText = useErrorText();
  const store = useRecordings();
  const confirm = useConfirm();
  /** Id of a recording, or name of a stream, that something is being done with. */
  const busy = ref('');

  const wordsOf = (error: unknown): string => {
    const own = `recordings.errors.${error instanceof ApiError ? error.code : ''}`;
    return i18n.te(own) ? t(own) : errorText(error);
  };

  const run = async <T>(key: string, work: () => Promise<T>): Promise<T | undefined> => {
    busy.value = key;
    try {
      return await work();
    } catch (error) {
      ElMessage.error({ message: t('recordings.actionFailed', { message: wordsOf(error) }), grouping: true });
      return undefined;
    } finally {
      busy.value = '';
    }
  };

  const start = (request: RecordingRequest) =>
    run(request.stream, async () => {
      const recording = await api.startRecording(request);
      store.put(recording);
      ElMessage.success({ message: t('recordings.started'), duration: SHOWN_MS });
      return recording;
    });

  const stop = (recording: Recording) =>
    run(recording.id, async () => {
      const stopped = await api.stopRecording(recording.id);
      store.put(stopped);
      ElMessage.success({ message: t('recordings.stopped'), duration: SHOWN_MS });
      return stopped;
    });

  /** Ends all of a stream, or begins one. */
  const toggle = async (stream: string): Promise<void> => {
    const running = store.runningOf(stream);
    if (running.length === 0) await start({ stream });
    for (const recording of running) await stop(recording);
  };

  const remove = async (recording: Recording, label: string): Promise<boolean> => {
    const title = t('recordings.remove.title');
    const text = t('recordings.remove.text', { name: label, count: recording.fileCount }, recording.fileCount);
    if (!(await confirm(title, text, t('recordings.remove.confirm')))) return false;
    const done = await run(recording.id, async () => {
      await api.deleteRecording(recording.id);
      store.remove(recording.id);
      ElMessage.success(t('recordings.remove.done'));
      return true;
    });
    return done === true;
  };

  return { busy, start, stop, toggle, remove };
}
