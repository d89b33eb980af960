import { ref } from 'vue';
import { onLetGo } from './onLetGo.ts';

interface HoldOptions<T> {
  readonly start: (what: T) => void;
  readonly stop: () => void;
  /** The page is being left. */
  readonly leave: () => void;
}

/** Press and hold: `start` while a button is down, `stop` whatever ends that. */
export function useHold<T>({ start, stop, leave }: HoldOptions<T>) {
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
  onLetGo((leaving) => {
    release();
    if (leaving) leave();
  });
  return { held, press, release };
}
