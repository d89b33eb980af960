import { ElMessage } from 'element-plus';
import { onScopeDispose, type Ref, ref, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { sendPtz } from '../api/devices.ts';
import type { PtzDirection } from '../api/types.ts';
import type { CellTarget } from '../lib/layout.ts';
import { PtzQueue, ptzSpeeds } from '../lib/ptz.ts';
import { usePreferences } from '../stores/preferences.ts';

/** Press and hold for the selected camera. Whatever ends the pressing (release, blur, another cell) sends the stop. */
export function usePtz(target: Ref<CellTarget | null>) {
  const { t } = useI18n();
  const preferences = usePreferences();
  const active = ref<PtzDirection>('stop');
  let queue: PtzQueue | undefined;

  const queueFor = ({ deviceId, channelId }: CellTarget) =>
    new PtzQueue(async (direction) => {
      try {
        await sendPtz(deviceId, channelId, { direction, ...ptzSpeeds(preferences.ptzSpeed) });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        ElMessage.error({ message: t('live.ptz.failed', { message }), grouping: true });
      }
    });

  const press = (direction: PtzDirection) => {
    if (!target.value || direction === active.value) return;
    active.value = direction;
    queue ??= queueFor(target.value);
    queue.push(direction);
  };

  const release = () => press('stop');

  watch(
    () => target.value && `${target.value.deviceId}/${target.value.channelId}`,
    () => {
      // The old camera gets its stop, also when the cell is already another one's.
      if (active.value !== 'stop') queue?.push('stop');
      active.value = 'stop';
      queue = undefined;
    },
  );

  const hidden = () => document.hidden && release();
  window.addEventListener('blur', release);
  window.addEventListener('pointerup', release);
  window.addEventListener('pointercancel', release);
  document.addEventListener('visibilitychange', hidden);
  onScopeDispose(() => {
    window.removeEventListener('blur', release);
    window.removeEventListener('pointerup', release);
    window.removeEventListener('pointercancel', release);
    document.removeEventListener('visibilitychange', hidden);
    if (active.value !== 'stop') queue?.push('stop');
  });

  return { active, press, release };
}
