import { onScopeDispose, ref } from 'vue';

/** The time, told every `everyMs`, for texts like “3 minutes ago”. */
export function useClock(everyMs: number) {
  const now = ref(Date.now());
  const timer = setInterval(() => {
    now.value = Date.now();
  }, everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
