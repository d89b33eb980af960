import { computed, onScopeDispose, type Ref, ref, watch } from 'vue';

/** Sound of one cell: the listener's choice, else on only when it is the single picture. */
export function useSound(video: Ref<HTMLVideoElement | null>, single: Ref<boolean>) {
  const choice = ref<boolean>();
  /** The browser wants a click before it lets sound out. */
  const blocked = ref(false);
  const wanted = computed(() => choice.value ?? single.value);
  const muted = computed(() => !wanted.value || blocked.value);

  const apply = async () => {
    const element = video.value;
    if (!element) return;
    element.muted = muted.value;
    if (!element.srcObject) return;
    try {
      await element.play();
    } catch (error) {
      if (element.muted || !(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      blocked.value = true;
      element.muted = true;
      await element.play().catch(() => undefined);
    }
  };

  const toggle = () => {
    choice.value = muted.value;
    blocked.value = false;
    void apply();
  };

  watch(wanted, () => void apply());
  watch(video, (element, _, onCleanup) => {
    if (!element) return;
    const start = () => void apply();
    element.addEventListener('loadedmetadata', start);
    onCleanup(() => element.removeEventListener('loadedmetadata', start));
  });
  // Any click allows sound from then on; the sound buttons themselves have acted before it arrives here.
  const unblock = () => {
    if (!blocked.value) return;
    blocked.value = false;
    void apply();
  };
  window.addEventListener('click', unblock);
  onScopeDispose(() => window.removeEventListener('click', unblock));

  return { muted, blocked, toggle };
}
