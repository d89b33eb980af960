import { computed, ref, watch, type Ref } from 'vue';

/** The tile that somebody has enlarged; else the newest screen, as long as nobody has made it small. */
export function useLargeTile(screen: Ref<string | undefined>) {
  const pinned = ref<string>();
  const reduced = ref<string>();
  watch(screen, (next) => {
    reduced.value = undefined;
    if (next !== undefined) pinned.value = undefined;
  });
  const large = computed(() => pinned.value ?? (reduced.value === screen.value ? undefined : screen.value));
  function enlarge(key: string): void {
    const isLarge = large.value === key;
    pinned.value = isLarge ? undefined : key;
    reduced.value = isLarge ? screen.value : undefined;
  }
  return { large, enlarge };
}
