import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import {
  type CellTarget,
  emptyLayout,
  findCell,
  type GridSize,
  type Layout,
  nextCell,
  resizeLayout,
  restoreLayout,
  setCell,
  swapCells,
} from '../lib/layout.ts';
import { readStored, writeStored } from '../lib/storage.ts';
import { usePreferences } from './preferences.ts';
import { useSession } from './session.ts';

const KEY = 'gbrtc.layout';

/** Which camera is in which cell. */
export const useLive = defineStore('live', () => {
  const preferences = usePreferences();
  const session = useSession();
  const restored = () => (preferences.rememberCameras ? restoreLayout(readStored(KEY, {})) : emptyLayout());
  const layout = shallowRef<Layout>(session.session?.demo ? emptyLayout() : restored());
  /** Somebody has chosen cameras or a grid; the demo then leaves the cells alone. */
  const touched = ref(false);
  /** The cell that fills the grid for the moment. */
  const enlarged = ref<number>();

  const selected = computed(() => layout.value.selected);
  const selectedTarget = computed(() => layout.value.cells[layout.value.selected] ?? null);
  const visibleCells = computed(() => layout.value.cells.slice(0, layout.value.size));
  const isEmpty = computed(() => layout.value.cells.every((cell) => cell === null));
  const single = computed(() => layout.value.size === 1 || enlarged.value !== undefined);

  watch([layout, () => preferences.rememberCameras], () => {
    if (session.session?.demo) return;
    writeStored(KEY, preferences.rememberCameras ? layout.value : { size: layout.value.size });
  });

  const select = (index: number) => {
    layout.value = { ...layout.value, selected: index };
    if (enlarged.value !== undefined) enlarged.value = index;
  };

  const resize = (size: GridSize) => {
    touched.value = true;
    enlarged.value = undefined;
    layout.value = resizeLayout(layout.value, size);
  };

  const playIn = (index: number, target: CellTarget) => {
    touched.value = true;
    layout.value = { ...setCell(layout.value, index, target), selected: index };
  };

  /** Shows where it plays already, or plays it in the next cell. */
  const playTarget = (target: CellTarget) => {
    const running = findCell(layout.value, target);
    if (running >= 0) return select(running);
    playIn(enlarged.value ?? nextCell(layout.value), target);
  };

  const play = (deviceId: string, channelId: string) => playTarget({ deviceId, channelId, subStream: 0 });

  const stop = (index: number) => {
    touched.value = true;
    if (enlarged.value === index) enlarged.value = undefined;
    layout.value = setCell(layout.value, index, null);
  };

  const stopAll = () => {
    touched.value = true;
    enlarged.value = undefined;
    layout.value = { ...emptyLayout(layout.value.size) };
  };

  /** Puts a camera into the first empty cell, unless somebody has chosen already. */
  const offer = (target: CellTarget, cells: number) => {
    if (touched.value || findCell(layout.value, target) >= 0) return;
    const index = layout.value.cells.findIndex((cell) => cell === null);
    if (index >= 0 && index < cells) layout.value = setCell(layout.value, index, target);
  };

  const move = (from: number, to: number) => {
    layout.value = swapCells(layout.value, from, to);
  };

  const toggleEnlarged = (index: number) => {
    if (layout.value.size === 1) return;
    enlarged.value = enlarged.value === undefined ? index : undefined;
  };

  return {
    layout,
    enlarged,
    touched,
    selected,
    selectedTarget,
    visibleCells,
    isEmpty,
    single,
    select,
    resize,
    offer,
    play,
    playTarget,
    playIn,
    stop,
    stopAll,
    move,
    toggleEnlarged,
  };
});
