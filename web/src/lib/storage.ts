/** Reads a remembered object and lays it over the defaults; anything unreadable counts as not there. */
export function readStored<T extends object>(key: string, defaults: T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return typeof value === 'object' && value !== null ? { ...defaults, ...value } : { ...defaults };
  } catch {
    return { ...defaults };
  }
}

/** Private windows may refuse to remember; then the choice lasts as long as the page. */
export function writeStored(key: string, value: object): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}
