import { computed, watch } from 'vue';
import { pickDemoCameras } from '../lib/demo.ts';
import { useInventory } from '../stores/inventory.ts';
import { useLive } from '../stores/live.ts';
import { useSession } from '../stores/session.ts';

const DEMO_CELLS = 4;

/** In the demo the first pictures come without a click: cells fill as the cameras register. */
export function useDemoStart() {
  const session = useSession();
  const inventory = useInventory();
  const live = useLive();
  if (!session.session?.demo || live.touched) return;

  const cameras = computed(() => pickDemoCameras([...inventory.devices.values()], inventory.channelsOf, DEMO_CELLS));
  const stop = watch(
    cameras,
    (targets) => {
      for (const target of targets) live.offer(target, DEMO_CELLS);
      if (live.touched || targets.length >= DEMO_CELLS) queueMicrotask(() => stop());
    },
    { immediate: true },
  );
}
