import { ElMessage } from 'element-plus';
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { ControlAnswer } from '../api/control.ts';
import { ApiError } from '../api/http.ts';
import { useConfirm } from './useConfirm.ts';
import { useErrorText } from './useErrorText.ts';

/** Counts what was sent from this page, for those who show what became of it. */
export const commandsSent = ref(0);

/** The device registered with an edition that does not have this; some devices know it all the same. */
export const isEdition = (error: unknown): boolean => error instanceof ApiError && error.code === 'edition_unsupported';

/** `force`: although the device's edition of the standard does not have it. */
export type CommandWork<T> = (force: boolean) => Promise<T>;

/** Sends commands one at a time and tells how each went: confirmed and only sent are not the same. */
export function useCommand() {
  const { t } = useI18n();
  const errorText = useErrorText();
  const confirm = useConfirm();
  /** Name of the command under way. */
  const busy = ref('');

  const textOf = (error: unknown): string =>
    error instanceof ApiError ? errorText(error) : t('control.failed', { message: errorText(error) });

  const attempt = async <T>(work: CommandWork<T>): Promise<T> => {
    try {
      return await work(false);
    } catch (error) {
      if (!isEdition(error)) throw error;
      if (!(await confirm(t('control.anyway.title'), textOf(error), t('control.anyway.confirm')))) throw error;
      return await work(true);
    }
  };

  /** True when it went well. */
  const run = async (name: string, work: CommandWork<unknown>): Promise<boolean> => {
    busy.value = name;
    try {
      await attempt(work);
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
  const send = (name: string, work: CommandWork<ControlAnswer>): Promise<boolean> =>
    run(name, async (force) => {
      const { outcome } = await work(force);
      const message = t(outcome === 'confirmed' ? 'control.confirmed' : 'control.sent');
      ElMessage({ type: outcome === 'confirmed' ? 'success' : 'info', message, grouping: true });
    });

  return { busy, run, send, textOf };
}
