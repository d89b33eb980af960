export interface ConfigRow {
  /** `gb28181.auth.enable`. */
  readonly key: string;
  readonly value: string | number | boolean | null;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys that hold milliseconds; people write and read them as `10s`. */
const DURATION = /(timeout|lifetime|quarantine|reorder)$/;

function formatDuration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const unit = units.find(([, size]) => ms >= size && ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}

const leaf = (key: string, value: unknown): ConfigRow['value'] => {
  if (typeof value === 'number' && DURATION.test(key)) return formatDuration(value);
  if (Array.isArray(value)) return value.map(String).join(', ');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
};

/** Each key of the configuration with its value, grouped by section. */
export function configSections(config: Record<string, unknown>, filter: string): { name: string; rows: ConfigRow[] }[] {
  const rowsOf = (value: Record<string, unknown>, prefix: string): ConfigRow[] =>
    Object.entries(value).flatMap(([key, part]) =>
      isPlain(part) ? rowsOf(part, `${prefix}${key}.`) : [{ key: prefix + key, value: leaf(key, part) }],
    );
  const needle = filter.trim().toLowerCase();
  return Object.entries(config)
    .map(([name, part]) => ({
      name,
      rows: (isPlain(part) ? rowsOf(part, '') : [{ key: name, value: leaf(name, part) }]).filter(({ key, value }) =>
        `${name}.${key} ${String(value)}`.toLowerCase().includes(needle),
      ),
    }))
    .filter(({ rows }) => rows.length > 0);
}
