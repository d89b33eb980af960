import { onScopeDispose, ref } from 'vue';

/** Press and hold: `start` while a button is down, `stop` whatever ends that. */
export function useHold<T>(start: (what: T) => void, stop: () => void) {
  const held = ref<T>();

  const press = (what: T) => {
    if (held.value !== undefined) return;
    held.value = what;
    start(what);
  };
  const release = () => {
    if (held.value === undefined) return;
    held.value = undefined;
    stop();
  };
  const hidden = () => document.hidden && release();
  window.addEventListener('blur', release);
  window.addEventListener('pointerup', release);
  window.addEventListener('pointercancel', release);
  document.addEventListener('visibilitychange', hidden);
  onScopeDispose(() => {
    window.removeEventListener('blur', release);
    window.removeEventListener('pointerup', release);
    window.removeEventListener('pointercancel', release);
    document.removeEventListener('visibilitychange', hidden);
    release();
  });
  return { held, press, release };
}
