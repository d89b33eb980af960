/** A configuration before it is checked. */
export type Tree = Record<string, unknown>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets the value at a path, making the sections on the way. */
export function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    if (!isTree(node[key])) node[key] = {};
    node = node[key] as Tree;
  }
  node[path.at(-1) ?? ''] = value;
}

/** Paths of everything that is not a section. */
export function leafPaths(node: unknown, path: readonly string[] = []): string[][] {
  if (!isTree(node)) return [[...path]];
  return Object.entries(node).flatMap(([key, value]) => leafPaths(value, [...path, key]));
}

/** `http`, `http.listen`, …: every section and key, as text. */
export function keyPaths(tree: Tree): string[] {
  const all = leafPaths(tree).flatMap((path) => path.map((_key, index) => path.slice(0, index + 1).join('.')));
  return [...new Set(all)];
}

export function valueAt(tree: Tree, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (isTree(node) ? node[key] : undefined), tree);
}
