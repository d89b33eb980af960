import { computed } from 'vue';
import { useI18n } from 'vue-i18n';

/** AlarmPriority and AlarmMethod of GB/T 28181 10.3. */
const PRIORITIES = [1, 2, 3, 4];
const METHODS = [1, 2, 3, 4, 5, 6, 7];

/** What alarms are chosen by, each with all of them first. */
export function useAlarmChoices() {
  const { t } = useI18n();
  const any = (what: 'priorityLabel' | 'methodLabel') => ({
    value: '',
    label: t('alarms.any', { what: t(`alarms.${what}`) }),
  });
  const priorities = computed(() => [
    any('priorityLabel'),
    ...PRIORITIES.map((level) => ({ value: String(level), label: t('alarms.priority', { level }) })),
  ]);
  const methods = computed(() => [
    any('methodLabel'),
    ...METHODS.map((method) => ({ value: String(method), label: t(`alarms.methods.m${method}`) })),
  ]);
  return { priorities, methods };
}
