import { ElMessage } from 'element-plus';
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import * as api from '../api/devices.ts';
import type { Admission, Device } from '../api/types.ts';
import { deviceLabel } from '../lib/tree.ts';
import { useInventory } from '../stores/inventory.ts';
import { useConfirm } from './useConfirm.ts';
import { useErrorText } from './useErrorText.ts';

/** What an operator does with a device; each tells how it went. */
export function useDeviceActions() {
  const { t } = useI18n();
  const errorText = useErrorText();
  const inventory = useInventory();
  const confirm = useConfirm();
  const busy = ref('');

  const run = async (
    name: string,
    work: () => Promise<void>,
    failure: 'actionFailed' | 'refreshFailed' = 'actionFailed',
  ) => {
    busy.value = name;
    try {
      await work();
    } catch (error) {
      const message = errorText(error);
      ElMessage.error(
        t(failure === 'actionFailed' ? 'devices.drawer.actionFailed' : 'devices.drawer.refreshFailed', { message }),
      );
    } finally {
      busy.value = '';
    }
  };

  const admit = (device: Device, admission: Admission) =>
    run(`admit-${device.id}`, async () => {
      inventory.putDevice(await api.setAdmission(device.id, admission));
    });

  const refresh = (device: Device) =>
    run(
      'refresh',
      async () => {
        const { received, sumNum } = await api.refreshCatalog(device.id);
        await inventory.loadChannels(device.id);
        ElMessage.success(t('devices.drawer.refreshed', { received, sum: sumNum }));
      },
      'refreshFailed',
    );

  const remove = async (device: Device): Promise<boolean> => {
    const confirmed = await confirm(
      t('devices.drawer.removeTitle', { name: deviceLabel(device) }),
      t('devices.drawer.removeText'),
      t('devices.drawer.remove'),
    );
    if (!confirmed) return false;
    let removed = false;
    await run('remove', async () => {
      await api.deleteDevice(device.id);
      inventory.removeDevice(device.id);
      ElMessage.success(t('devices.drawer.removed'));
      removed = true;
    });
    return removed;
  };

  return { busy, admit, refresh, remove };
}
