import type { Ref } from 'vue';
import { onMounted, onUnmounted, ref, useTemplateRef } from 'vue';

/** Measured size, in CSS pixels, of the element that carries `ref="<name>"`; zero until it is measured. */
export function useBox(name: string): { readonly width: Ref<number>; readonly height: Ref<number> } {
  const element = useTemplateRef<HTMLElement>(name);
  const width = ref(0);
  const height = ref(0);
  const observer = new ResizeObserver(([entry]) => {
    width.value = Math.floor(entry?.contentRect.width ?? 0);
    height.value = Math.floor(entry?.contentRect.height ?? 0);
  });
  onMounted(() => {
    if (element.value !== null) observer.observe(element.value);
  });
  onUnmounted(() => observer.disconnect());
  return { width, height };
}
