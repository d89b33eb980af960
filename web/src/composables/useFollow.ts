import { onScopeDispose } from 'vue';

/** Asks, and once more `everyMs` after each answer that is not the last, until nobody looks any more. */
export function useFollow(ask: () => Promise<boolean>, everyMs: number) {
  let gone = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const follow = async (): Promise<void> => {
    const again = await ask();
    clearTimeout(timer);
    // Whoever has left while it was asked sets no timer any more.
    if (again && !gone) timer = setTimeout(() => void follow(), everyMs);
  };
  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
  });
  return follow;
}
