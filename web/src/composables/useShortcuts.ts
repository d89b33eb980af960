import { onScopeDispose } from 'vue';

const WRITING = 'input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true]';

/** Whether a key press belongs to a field, an open dialog or a widget with keys of its own. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest(WRITING) != null || target?.closest('[role=slider], [role=menu], [role=dialog]') != null;
}

/** Single-key shortcuts of the page, by `KeyboardEvent.key` in lower case. */
export function useShortcuts(actions: Readonly<Record<string, (event: KeyboardEvent) => void>>) {
  const listener = (event: KeyboardEvent) => {
    const action = actions[event.key.toLowerCase()];
    if (!action || event.repeat || isTaken(event)) return;
    event.preventDefault();
    action(event);
  };
  window.addEventListener('keydown', listener);
  onScopeDispose(() => window.removeEventListener('keydown', listener));
}
