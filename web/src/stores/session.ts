import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { handleUnauthorized } from '../api/http.ts';
import * as api from '../api/session.ts';
import type { Session } from '../api/types.ts';

/** Who is signed in, and what the gateway says about itself. */
export const useSession = defineStore('session', () => {
  const session = ref<Session>();
  const ready = computed(
    () => session.value !== undefined && (!session.value.authRequired || session.value.authenticated),
  );

  /** Where the room protocols are; they are asked for before any page is shown. */
  const roomPaths = computed(() => session.value?.rooms ?? { meeting: '/meeting', call: '/ws' });

  const load = async () => {
    session.value = await api.getSession();
  };

  const login = async (username: string, password: string) => {
    await api.login(username, password);
    await load();
  };

  const forget = () => {
    if (session.value?.authRequired) session.value = { ...session.value, authenticated: false };
  };

  const logout = async () => {
    await api.logout();
    forget();
  };

  handleUnauthorized(forget);
  return { session, ready, roomPaths, load, login, logout };
});
