import { computed, ref, shallowRef, triggerRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { buildBranchTree } from '../lib/branch-tree.ts';
import { buildTree, sortDevices, type TreeRow } from '../lib/tree.ts';
import { useInventory } from '../stores/inventory.ts';
import { usePreferences } from '../stores/preferences.ts';
import { useBranches } from './useBranches.ts';

/** With more devices than this the tree starts folded. */
const OPEN_LIMIT = 12;

/** The rows of the tree, its search and what is folded. */
export function useCameraTree() {
  const { t } = useI18n();
  const inventory = useInventory();
  const preferences = usePreferences();
  const search = ref('');
  /** Folds and unfolds by hand, over the default. */
  const choice = shallowRef(new Map<string, boolean>());
  const defaultOpen = ref(true);
  watch(
    () => inventory.loaded,
    () => {
      defaultOpen.value = inventory.devices.size <= OPEN_LIMIT;
    },
    { immediate: true },
  );

  const isExpanded = (key: string) => choice.value.get(key) ?? defaultOpen.value;
  const devices = computed(() => sortDevices(inventory.devices.values()));
  const { branches, failure } = useBranches(() => preferences.treeKind);
  const rows = computed(() => {
    const shown = { isExpanded, search: search.value, onlineOnly: preferences.onlineOnly };
    if (preferences.treeKind === 'devices')
      return buildTree({ ...shown, devices: devices.value, channelsOf: inventory.channelsOf });
    return buildBranchTree({
      ...shown,
      branches: branches.value,
      channelOf: ({ deviceId, channelId }) => inventory.findChannel(deviceId, channelId),
      deviceOf: (deviceId) => inventory.devices.get(deviceId),
      unassigned: t('live.tree.unassigned'),
    });
  });
  const totals = computed(() => {
    const roots = rows.value.filter(({ depth }) => depth === 0);
    return {
      total: roots.reduce((sum, row) => sum + row.total, 0),
      on: roots.reduce((sum, row) => sum + row.on, 0),
    };
  });

  const toggle = (row: TreeRow, open = !row.expanded) => {
    choice.value.set(row.key, open);
    triggerRef(choice);
  };
  const setAll = (open: boolean) => {
    choice.value = new Map();
    defaultOpen.value = open;
  };
  return { search, rows, totals, failure, toggle, setAll, allOpen: defaultOpen };
}
