import { inSteps, type Steps } from '../../util/index.ts';
import type { CatalogItem } from './types.ts';

type Node = Pick<CatalogItem, 'id' | 'parentIdText' | 'businessGroupId' | 'civilCode'>;

/**
 * Parent of each item inside a device's tree (GB/T 28181 7.3); the device's ID for a root. Takes what devices send:
 * `a/b`, the item itself, nothing, an ID that does not exist, a region, and cycles, which are cut at one item.
 */
export function* resolveParents(deviceId: string, items: readonly Node[]): Steps<Map<string, string>> {
  const known = new Set(items.map((item) => item.id));
  known.delete(deviceId);
  const parents = new Map<string, string>();
  yield* inSteps(items, (item) => parents.set(item.id, parentOf(item, known) ?? deviceId));
  yield* cutCycles(deviceId, parents);
  return parents;
}

function parentOf(item: Node, known: ReadonlySet<string>): string | undefined {
  const usable = (id: string): boolean => id !== item.id && known.has(id);
  const listed = listedParents(item.parentIdText);
  const parent = listed.find(usable);
  if (parent !== undefined) return parent;
  // A named parent that is not here, the device itself included: a root.
  if (listed.some((id) => id !== item.id)) return undefined;
  if (item.businessGroupId !== '' && usable(item.businessGroupId)) return item.businessGroupId;
  return regionOf(item, usable);
}

/** Of `a/b`; nearly all name one, and a recorder has ten thousand. */
function listedParents(text: string): readonly string[] {
  if (!text.includes('/')) return text.trim() === '' ? [] : [text.trim()];
  return text
    .split('/')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}

/** Regions nest by their digits (2, 4, 6, 8); a device without a parent belongs to that of its civil code. */
function regionOf(item: Node, usable: (id: string) => boolean): string | undefined {
  const code = /^\d{4,8}$/.test(item.id) ? item.id.slice(0, -2) : item.civilCode;
  if (!/^\d{2,8}$/.test(code)) return undefined;
  for (let length = code.length - (code.length % 2); length >= 2; length -= 2) {
    const region = code.slice(0, length);
    if (usable(region)) return region;
  }
  return undefined;
}

function* cutCycles(deviceId: string, parents: Map<string, string>): Steps<void> {
  const settled = new Set<string>([deviceId]);
  yield* inSteps(parents, ([start, parent]) => {
    if (settled.has(parent)) {
      settled.add(start);
      return;
    }
    const path = new Set<string>();
    let at = start;
    while (!settled.has(at)) {
      path.add(at);
      const next = parents.get(at) ?? deviceId;
      if (path.has(next)) {
        parents.set(at, deviceId);
        break;
      }
      at = next;
    }
    for (const id of path) settled.add(id);
  });
}
