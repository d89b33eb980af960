import { ElMessage } from 'element-plus';
import { type Ref, ref, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { sendPtz } from '../api/devices.ts';
import type { PtzDirection } from '../api/types.ts';
import type { CellTarget } from '../lib/layout.ts';
import { PtzQueue, ptzSpeeds } from '../lib/ptz.ts';
import { usePreferences } from '../stores/preferences.ts';
import { onLetGo } from './onLetGo.ts';
import { useErrorText } from './useErrorText.ts';

/** Press and hold for the selected camera. Whatever ends the pressing (release, blur, another cell) sends the stop. */
export function usePtz(target: Ref<CellTarget | null>) {
  const { t } = useI18n();
  const errorText = useErrorText();
  const preferences = usePreferences();
  const active = ref<PtzDirection>('stop');
  let queue: PtzQueue | undefined;

  const queueFor = ({ deviceId, channelId }: CellTarget) =>
    new PtzQueue<PtzDirection>('stop', async (direction) => {
      try {
        await sendPtz(deviceId, channelId, { direction, ...ptzSpeeds(preferences.ptzSpeed) });
      } catch (error) {
        ElMessage.error({ message: t('live.ptz.failed', { message: errorText(error) }), grouping: true });
        throw error;
      }
    });

  const move = (direction: PtzDirection) => {
    if (!target.value || direction === active.value) return;
    active.value = direction;
    queue ??= queueFor(target.value);
    queue.push(direction);
  };

  const release = () => {
    if (active.value === 'stop') return;
    active.value = 'stop';
    queue?.push('stop');
  };

  /** The stop button counts also at rest: the stop of before may have been lost on its way. */
  const press = (direction: PtzDirection) => {
    if (direction !== 'stop') return move(direction);
    if (!target.value) return;
    active.value = 'stop';
    queue ??= queueFor(target.value);
    queue.halt();
  };

  watch(
    () => target.value && `${target.value.deviceId}/${target.value.channelId}`,
    () => {
      // The old camera gets its stop, also when the cell is already another one's.
      release();
      queue = undefined;
    },
  );

  onLetGo((leaving) => {
    release();
    if (leaving) queue?.flush();
  });

  return { active, press, move, release };
}
