import { onScopeDispose, shallowRef, watch } from 'vue';
import { channelTree } from '../api/groups.ts';
import type { TreeBranch, TreeKind } from '../api/types.ts';
import { useGroups } from '../stores/groups.ts';
import { useInventory } from '../stores/inventory.ts';

/** Catalogues come in crowds after a restart. */
const SETTLE_MS = 1_500;

/** The branches of a tree over all devices, asked again when catalogues or groups change. */
export function useBranches(kindOf: () => TreeKind) {
  const inventory = useInventory();
  const groups = useGroups();
  const branches = shallowRef<readonly TreeBranch[]>([]);
  const failure = shallowRef<unknown>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  async function load() {
    const kind = kindOf();
    const mine = ++asked;
    if (kind === 'devices') return;
    try {
      const tree = await channelTree(kind);
      if (mine !== asked) return;
      branches.value = tree.branches;
      failure.value = undefined;
    } catch (error) {
      if (mine === asked) failure.value = error;
    }
  }

  watch(
    kindOf,
    () => {
      branches.value = [];
      void load();
    },
    { immediate: true },
  );
  watch(() => groups.revision, load);
  watch(
    // The map stays the same when something in it changes; a new object each time tells nevertheless.
    () => ({ channels: inventory.channels }),
    () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void load();
      }, SETTLE_MS);
    },
  );
  onScopeDispose(() => clearTimeout(timer));
  return { branches, failure };
}
