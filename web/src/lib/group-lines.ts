import type { Group } from '../api/types.ts';

export interface GroupLine {
  readonly group: Group;
  readonly depth: number;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** The operator's groups as an indented list, each once. */
export function groupLines(groups: readonly Group[]): GroupLine[] {
  const below = Map.groupBy(groups, ({ parentId }) => parentId);
  const lines: GroupLine[] = [];
  const push = (parentId: string, depth: number): void => {
    for (const group of (below.get(parentId) ?? []).toSorted((a, b) => collator.compare(a.name, b.name))) {
      lines.push({ group, depth });
      push(group.id, depth + 1);
    }
  };
  push('', 0);
  return lines;
}
