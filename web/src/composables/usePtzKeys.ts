import { onScopeDispose } from 'vue';
import type { PtzDirection } from '../api/types.ts';
import { directionOfKeys, isPtzKey } from '../lib/ptz.ts';
import { isTaken } from './useShortcuts.ts';

/** Arrow keys and + − move the camera while they are held; Esc stops it whatever is held. */
export function usePtzKeys(move: (direction: PtzDirection) => void) {
  const held = new Set<string>();
  const update = () => move(directionOfKeys(held));

  const keydown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && held.size > 0) {
      held.clear();
      update();
      return;
    }
    const radio = event.target instanceof HTMLInputElement && event.target.type === 'radio';
    if (!isPtzKey(event.key) || radio || isTaken(event)) return;
    event.preventDefault();
    if (event.repeat) return;
    held.add(event.key);
    update();
  };
  const keyup = (event: KeyboardEvent) => {
    if (held.delete(event.key)) update();
  };
  // Keys that are released in another window are never told.
  const forget = () => held.clear();
  window.addEventListener('keydown', keydown);
  window.addEventListener('keyup', keyup);
  window.addEventListener('blur', forget);
  onScopeDispose(() => {
    window.removeEventListener('keydown', keydown);
    window.removeEventListener('keyup', keyup);
    window.removeEventListener('blur', forget);
  });
}
