/** What a piece of code has done, in steps that do not depend on the machine. */
export interface CountedWork {
  /** Calls of JSON.stringify. */
  readonly written: number;
  /** Entries of maps and sets that loops have looked at. */
  readonly visits: number;
}

const COLLECTIONS = [
  [Map.prototype, ['values', 'keys', 'entries', Symbol.iterator]],
  [Set.prototype, ['values', 'keys', 'entries', Symbol.iterator]],
] as const;

/** Counts what happens until `work` is done, in all of the process. */
export async function countWork(work: () => void | Promise<void>): Promise<CountedWork> {
  let [written, visits] = [0, 0];
  const undo: Array<() => void> = [];
  const replace = (target: object, key: PropertyKey, wrap: (original: Method) => Method): void => {
    const before = Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor;
    undo.push(() => void Object.defineProperty(target, key, before));
    Object.defineProperty(target, key, { ...before, value: wrap(before.value as Method) });
  };
  replace(
    JSON,
    'stringify',
    (original) =>
      function (this: unknown, ...args: unknown[]) {
        written += 1;
        return original.apply(this, args);
      },
  );
  function* counted(entries: Iterator<unknown>): Generator<unknown> {
    for (let next = entries.next(); next.done !== true; next = entries.next()) {
      visits += 1;
      yield next.value;
    }
  }
  for (const [prototype, methods] of COLLECTIONS) {
    for (const method of methods) {
      replace(
        prototype,
        method,
        (original) =>
          function (this: unknown, ...args: unknown[]) {
            return counted(original.apply(this, args) as Iterator<unknown>);
          },
      );
    }
    replace(
      prototype,
      'forEach',
      (original) =>
        function (this: unknown, ...args: unknown[]) {
          visits += (this as { readonly size: number }).size;
          return original.apply(this, args);
        },
    );
  }
  try {
    await work();
  } finally {
    for (const back of undo) back();
  }
  return { written, visits };
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
