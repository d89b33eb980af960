import { computed, ref } from 'vue';
import { useInventory } from '../stores/inventory.ts';
import { lastRegistered } from './useEvents.ts';

/** The first device that registers from now on. */
export function useArrival() {
  const inventory = useInventory();
  const since = ref(Date.now());
  const device = computed(() => {
    const last = lastRegistered.value;
    return last && last.at >= since.value ? inventory.devices.get(last.deviceId) : undefined;
  });
  const again = () => {
    since.value = Date.now();
  };
  return { device, again };
}
