import { useMediaQuery } from './useMediaQuery.ts';
import { computed, watch } from 'vue';
import { usePreferences } from '../stores/preferences.ts';

/** Keeps the `dark` class of the page in step with the choice and the system. */
export function useTheme() {
  const preferences = usePreferences();
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)');
  const dark = computed(() => preferences.theme === 'dark' || (preferences.theme === 'system' && systemDark.value));
  watch(dark, (on) => document.documentElement.classList.toggle('dark', on), { immediate: true });
  return { dark };
}
