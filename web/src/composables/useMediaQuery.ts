import { onScopeDispose, ref, type Ref } from 'vue';

/** Follows a CSS media query. */
export function useMediaQuery(query: string): Readonly<Ref<boolean>> {
  const list = matchMedia(query);
  const matches = ref(list.matches);
  const update = () => {
    matches.value = list.matches;
  };
  list.addEventListener('change', update);
  onScopeDispose(() => list.removeEventListener('change', update));
  return matches;
}

/** Phones and narrow windows: one column, drawers instead of side panels. */
export const useNarrow = () => useMediaQuery('(max-width: 820px)');
