import { onScopeDispose, ref } from 'vue';
import { backoffMs } from '../lib/backoff.ts';
import { useSession } from '../stores/session.ts';

/** Asks who we are, again and again while the gateway does not answer. */
export function useSessionStart() {
  const session = useSession();
  const unreachable = ref(false);
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const load = async () => {
    try {
      await session.load();
      unreachable.value = false;
    } catch {
      unreachable.value = true;
      timer = setTimeout(() => void load(), backoffMs(attempt++));
    }
  };
  void load();
  onScopeDispose(() => clearTimeout(timer));
  return { unreachable };
}
