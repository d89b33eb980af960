import { computed, reactive } from 'vue';
import { useI18n } from 'vue-i18n';
import type { AlarmFacts } from '../api/reports.ts';
import { useInventory } from '../stores/inventory.ts';

/** What people read about an alarm. */
export function useAlarmTexts(alarm: () => AlarmFacts) {
  const i18n = useI18n();
  const { t } = i18n;
  const inventory = useInventory();
  const method = computed(() => t(`alarms.methods.m${alarm().method <= 7 ? alarm().method : 0}`));
  const title = computed(() => {
    const key = `alarms.types.m${alarm().method}t${alarm().type}`;
    return i18n.te(key) ? t(key) : method.value;
  });
  const where = computed(() => {
    const { deviceId, channelId } = alarm();
    const channel = inventory.findChannel(deviceId, channelId);
    const device = inventory.devices.get(deviceId);
    const name = channel?.name || channelId;
    return device === undefined || channelId === deviceId
      ? device?.name || name
      : `${name} · ${device.name || deviceId}`;
  });
  const priority = computed(() =>
    alarm().priority === 0 ? t('alarms.priorityUnknown') : t('alarms.priority', { level: alarm().priority }),
  );
  return reactive({ title, where, priority });
}
