import { onScopeDispose, ref } from 'vue';

/** How far the gateway's clock is before this machine's, ms; 0 until it has told its time. */
let aheadMs = 0;

/** The gateway has just said what time it is, Unix ms. */
export function noteServerTime(now: number): void {
  aheadMs = now - Date.now();
}

const ticking = (everyMs: number, read: () => number) => {
  const now = ref(read());
  const timer = setInterval(() => {
    now.value = read();
  }, everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
};

/** The time of this machine, told every `everyMs`, for what began here. */
export const useClock = (everyMs: number) => ticking(everyMs, () => Date.now());

/** The time of the gateway, for texts like “3 minutes ago”: its times and ours may be minutes apart. */
export const useServerClock = (everyMs: number) => ticking(everyMs, () => Date.now() + aheadMs);
