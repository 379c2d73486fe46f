import { onMounted, onUnmounted } from 'vue';

/** What a key does. Names: `Ctrl+1`, `Ctrl+k` (Command on a Mac counts as Ctrl), or a single letter. */
export type KeyActions = Readonly<Record<string, () => void>>;

/** Binds keys for the life of a component. Single letters act only while no field has the focus. */
export function useKeys(actions: KeyActions): void {
  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.repeat) return;
    const isChord = event.ctrlKey || event.metaKey;
    if (!isChord && isField(event.target)) return;
    const action = actions[`${isChord ? 'Ctrl+' : ''}${event.key.toLowerCase()}`];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  onMounted(() => window.addEventListener('keydown', onKey));
  onUnmounted(() => window.removeEventListener('keydown', onKey));
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}
