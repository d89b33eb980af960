import { onScopeDispose } from 'vue';

/** Calls `release` for whatever ends a press and hold outside of the button; `leaving` = the page may never run again. */
export function onLetGo(release: (leaving: boolean) => void): void {
  const here = () => release(false);
  const hidden = () => document.hidden && release(false);
  const leave = () => release(true);
  window.addEventListener('blur', here);
  window.addEventListener('pointerup', here);
  window.addEventListener('pointercancel', here);
  window.addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', hidden);
  onScopeDispose(() => {
    window.removeEventListener('blur', here);
    window.removeEventListener('pointerup', here);
    window.removeEventListener('pointercancel', here);
    window.removeEventListener('pagehide', leave);
    document.removeEventListener('visibilitychange', hidden);
    release(false);
  });
}
