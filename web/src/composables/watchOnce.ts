import { watch } from 'vue';

/** Acts when the condition has become true, at once if it is already. */
export function watchOnce(condition: () => boolean, action: () => void): void {
  if (condition()) action();
  else watch(condition, action, { once: true });
}
