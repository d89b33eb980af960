import { defineStore } from 'pinia';
import { reactive, toRefs, watch } from 'vue';
import type { TreeKind } from '../api/types.ts';
import { browserLocale, type Locale, LOCALES } from '../i18n/index.ts';
import { readStored, writeStored } from '../lib/storage.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'gbrtc.preferences';

/** What this browser remembers about how the console looks. */
export const usePreferences = defineStore('preferences', () => {
  const state = reactive(
    readStored(KEY, {
      theme: 'system' as ThemeChoice,
      /** Null follows the browser. */
      locale: null as Locale | null,
      statsShown: false,
      panelOpen: true,
      panelTab: 'control' as 'control' | 'timeline',
      ptzSpeed: 5,
      presetsOpen: false,
      cruiseOpen: false,
      scanOpen: false,
      positionOpen: false,
      trackOpen: false,
      onlineOnly: false,
      treeKind: 'devices' as TreeKind,
      rememberCameras: true,
    }),
  );
  if (state.locale !== null && !LOCALES.includes(state.locale)) state.locale = null;
  watch(state, () => writeStored(KEY, state));
  const effectiveLocale = (): Locale => state.locale ?? browserLocale(navigator.languages);
  return { ...toRefs(state), effectiveLocale };
});
