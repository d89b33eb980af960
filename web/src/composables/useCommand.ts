import { ElMessage } from 'element-plus';
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { ControlAnswer } from '../api/control.ts';
import { ApiError } from '../api/http.ts';

/** Counts what was sent from this page, for those who show what became of it. */
export const commandsSent = ref(0);

/** Sends commands one at a time and tells how each went: confirmed and only sent are not the same. */
export function useCommand() {
  const i18n = useI18n();
  const { t } = i18n;
  /** Name of the command under way. */
  const busy = ref('');

  const textOf = (error: unknown): string => {
    const key = error instanceof ApiError ? `control.errors.${error.code}` : '';
    const message = error instanceof Error ? error.message : String(error);
    return t(i18n.te(key) ? key : 'control.failed', { message });
  };

  /** True when it went well. */
  const run = async (name: string, work: () => Promise<unknown>): Promise<boolean> => {
    busy.value = name;
    try {
      await work();
      return true;
    } catch (error) {
      ElMessage.error({ message: textOf(error), grouping: true });
      return false;
    } finally {
      busy.value = '';
      commandsSent.value++;
    }
  };

  /** As `run`, and says what became of it. */
  const send = (name: string, work: () => Promise<ControlAnswer>): Promise<boolean> =>
    run(name, async () => {
      const { outcome } = await work();
      const message = t(outcome === 'confirmed' ? 'control.confirmed' : 'control.sent');
      ElMessage({ type: outcome === 'confirmed' ? 'success' : 'info', message, grouping: true });
    });

  return { busy, run, send, textOf };
}
