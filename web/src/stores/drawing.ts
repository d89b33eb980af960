import { defineStore } from 'pinia';
import { ref } from 'vue';

/** What a rectangle that is drawn on the picture is for. */
export type DrawMode = 'zoom-in' | 'zoom-out' | 'track';

/** Whether the selected cell takes drawings at the moment. */
export const useDrawing = defineStore('drawing', () => {
  const mode = ref<DrawMode>();
  const start = (next: DrawMode) => (mode.value = next);
  const stop = () => (mode.value = undefined);
  return { mode, start, stop };
});
