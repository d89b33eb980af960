import { ref } from 'vue';
import { CELL_MIME, readDrop } from '../lib/drag.ts';
import { useLive } from '../stores/live.ts';

/** Cells take channels from the tree and change places with each other. */
export function useCellDrop(index: () => number) {
  const live = useLive();
  const over = ref(false);

  const dragstart = (event: DragEvent) => event.dataTransfer?.setData(CELL_MIME, String(index()));
  const dragover = (event: DragEvent) => {
    event.preventDefault();
    over.value = true;
  };
  const dragleave = () => {
    over.value = false;
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    over.value = false;
    const dropped = readDrop((type) => event.dataTransfer?.getData(type) ?? '');
    if (!dropped) return;
    if ('cell' in dropped) live.move(dropped.cell, index());
    else live.playIn(index(), { ...dropped, subStream: 0 });
  };
  return { over, listeners: { dragstart, dragover, dragleave, drop } };
}
