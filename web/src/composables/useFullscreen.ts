import { onScopeDispose, type Ref, ref } from 'vue';

/** iPhones let only the video element fill the screen. */
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export function useFullscreen(element: Ref<HTMLElement | null>, video: Ref<HTMLVideoElement | null>) {
  const active = ref(false);
  const update = () => {
    active.value = document.fullscreenElement !== null && document.fullscreenElement === element.value;
  };
  document.addEventListener('fullscreenchange', update);
  onScopeDispose(() => document.removeEventListener('fullscreenchange', update));

  const toggle = async () => {
    if (active.value) return document.exitFullscreen();
    if (element.value?.requestFullscreen) return element.value.requestFullscreen().catch(() => undefined);
    (video.value as AppleVideo | null)?.webkitEnterFullscreen?.();
  };
  return { active, toggle };
}
