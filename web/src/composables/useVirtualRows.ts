import { computed, onScopeDispose, type Ref, ref, watch } from 'vue';

const OVERSCAN = 8;

/** Which of many rows of equal height are in sight, so that ten thousand cameras cost as much as fifty. */
export function useVirtualRows(container: Ref<HTMLElement | null>, count: Ref<number>, rowHeight: number) {
  const scrollTop = ref(0);
  const height = ref(800);
  const observer = new ResizeObserver(([entry]) => {
    height.value = entry?.contentRect.height ?? height.value;
  });
  const onScroll = () => {
    scrollTop.value = container.value?.scrollTop ?? 0;
  };
  watch(container, (element, _, onCleanup) => {
    if (!element) return;
    observer.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    onCleanup(() => {
      observer.unobserve(element);
      element.removeEventListener('scroll', onScroll);
    });
  });
  onScopeDispose(() => observer.disconnect());

  const first = computed(() =>
    Math.max(0, Math.min(Math.floor(scrollTop.value / rowHeight) - OVERSCAN, count.value - 1)),
  );
  const last = computed(() =>
    Math.min(count.value, Math.ceil((scrollTop.value + height.value) / rowHeight) + OVERSCAN),
  );

  const reveal = (index: number) => {
    const element = container.value;
    if (!element) return;
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
  };
  return { first, last, reveal };
}
