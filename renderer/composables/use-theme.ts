import type { ComputedRef } from 'vue';
import { computed, onMounted, onUnmounted, ref, watchEffect } from 'vue';

export type Theme = 'system' | 'dark' | 'light';

const KEY = 'holdfast.theme';
const ORDER: readonly Theme[] = ['system', 'dark', 'light'];

/** The theme of the window: what the person chose, else what the system says. Remembered on this computer. */
export function useTheme(): { readonly theme: ComputedRef<Theme>; readonly next: () => void } {
  const chosen = ref<Theme>(ORDER.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system');
  const system = window.matchMedia('(prefers-color-scheme: light)');
  const isSystemLight = ref(system.matches);
  const onSystem = () => {
    isSystemLight.value = system.matches;
  };

  onMounted(() => system.addEventListener('change', onSystem));
  onUnmounted(() => system.removeEventListener('change', onSystem));
  watchEffect(() => {
    const shown = chosen.value === 'system' ? (isSystemLight.value ? 'light' : 'dark') : chosen.value;
    document.documentElement.dataset['theme'] = shown;
  });

  const next = () => {
    // The first press must be seen: from "system" it goes to the theme that the system does not show.
    const order: readonly Theme[] = isSystemLight.value ? ['system', 'dark', 'light'] : ['system', 'light', 'dark'];
    chosen.value = order[(order.indexOf(chosen.value) + 1) % order.length] ?? 'system';
    localStorage.setItem(KEY, chosen.value);
  };
  return { theme: computed(() => chosen.value), next };
}
