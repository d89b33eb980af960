/** What travels with a drag: a channel out of the tree, or the number of a cell. */
export const CHANNEL_MIME = 'application/x-gbrtc-channel';
export const CELL_MIME = 'application/x-gbrtc-cell';

export type Dropped = { readonly deviceId: string; readonly channelId: string } | { readonly cell: number };

/** What was dropped, if it is ours. */
export function readDrop(get: (type: string) => string): Dropped | undefined {
  const cell = get(CELL_MIME);
  if (/^\d{1,2}$/.test(cell)) return { cell: Number(cell) };
  try {
    const { deviceId, channelId } = JSON.parse(get(CHANNEL_MIME)) as Record<string, unknown>;
    return typeof deviceId === 'string' && typeof channelId === 'string' ? { deviceId, channelId } : undefined;
  } catch {
    return undefined;
  }
}
