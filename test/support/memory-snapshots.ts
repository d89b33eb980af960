import type { Snapshot, SnapshotFilter, SnapshotStore } from '../../src/gb28181/index.ts';

/** A store that keeps pictures as long as the test runs. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly #kept = new Map<string, { readonly snapshot: Snapshot; readonly jpeg: Buffer }>();

  async save(snapshot: Snapshot, jpeg: Buffer): Promise<void> {
    this.#kept.set(snapshot.id, { snapshot, jpeg });
  }

  list({ deviceId, channelId, page, limit }: SnapshotFilter) {
    const found = Array.from(this.#kept.values(), ({ snapshot }) => snapshot)
      .filter((each) => deviceId === undefined || each.deviceId === deviceId)
      .filter((each) => channelId === undefined || each.channelId === channelId)
      .toReversed();
    return { items: found.slice((page - 1) * limit, page * limit), total: found.length };
  }

  async read(id: string): Promise<Buffer | undefined> {
    return this.#kept.get(id)?.jpeg;
  }

  async remove(id: string): Promise<boolean> {
    return this.#kept.delete(id);
  }
}
