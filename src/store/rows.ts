import type { Channel, Device } from '../gb28181/index.ts';

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

/**
 * How one property is kept: its column, and the two directions. The tables below are the only place that knows both
 * names, so a column cannot be written and forgotten when reading.
 */
interface Column<T> {
  readonly property: keyof T & string;
  readonly column: string;
  readonly type: 'TEXT' | 'INTEGER' | 'REAL' | 'BOOLEAN' | 'JSON';
  /** Absent in the object rather than empty when the column is NULL. */
  readonly optional?: boolean;
}

/** Its column has the property's name in snake case. */
export function column<T>(property: keyof T & string, type: Column<T>['type'] = 'TEXT', optional = false): Column<T> {
  return { property, column: property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), type, optional };
}

const device = column<Device>;
export const DEVICE_COLUMNS: ReadonlyArray<Column<Device>> = [
  device('id'),
  device('name'),
  device('manufacturer'),
  device('model'),
  device('firmware'),
  device('online', 'BOOLEAN'),
  device('admission'),
  device('protocol'),
  device('sourceAddress'),
  device('sourcePort', 'INTEGER'),
  device('userAgent'),
  device('gbVersion'),
  device('registeredAt', 'INTEGER'),
  device('lastSeenAt', 'INTEGER'),
  device('expiresSec', 'INTEGER'),
  device('keepaliveIntervalSec', 'INTEGER'),
  device('keepaliveCount', 'INTEGER'),
  device('channelCount', 'INTEGER'),
  device('offlineReason', 'TEXT', true),
  device('learnedTransport', 'TEXT', true),
  device('settings', 'JSON'),
];

const channel = column<Channel>;
export const CHANNEL_COLUMNS: ReadonlyArray<Column<Channel>> = [
  channel('deviceId'),
  channel('id'),
  channel('name'),
  channel('manufacturer'),
  channel('model'),
  channel('owner'),
  channel('civilCode'),
  channel('block'),
  channel('address'),
  channel('parental', 'INTEGER'),
  channel('parentIdText'),
  channel('parentId'),
  channel('businessGroupId'),
  channel('safetyWay', 'INTEGER'),
  channel('registerWay', 'INTEGER'),
  channel('secrecy', 'INTEGER'),
  channel('ipAddress'),
  channel('port', 'INTEGER'),
  channel('status'),
  channel('fault', 'TEXT', true),
  channel('longitude', 'REAL'),
  channel('latitude', 'REAL'),
  channel('ptzType', 'INTEGER'),
  channel('resolution'),
  channel('downloadSpeed'),
  channel('streamNumbers'),
  channel('details', 'JSON', true),
  channel('kind'),
  channel('updatedAt', 'INTEGER'),
];

/** Values for a prepared statement, in the order of the columns. */
export function toValues<T>(columns: ReadonlyArray<Column<T>>, object: T): SqlValue[] {
  return columns.map(({ property, type }) => toSql(object[property], type));
}

function toSql(value: unknown, type: Column<unknown>['type']): SqlValue {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'TEXT':
      return typeof value === 'string' ? value : '';
    case 'BOOLEAN':
      return value === true ? 1 : 0;
    case 'JSON':
      return JSON.stringify(value);
    case 'INTEGER':
      return typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : 0;
    case 'REAL':
      return typeof value === 'number' && Number.isFinite(value) ? value : 0;
  }
}

/** Object of a row that was written by `toValues`. */
export function fromRow<T>(columns: ReadonlyArray<Column<T>>, row: Row): T {
  const object: Record<string, unknown> = {};
  for (const { property, column: name, type, optional } of columns) {
    const value = row[name];
    if (value === null && optional === true) continue;
    object[property] = fromSql(value, type);
  }
  // The columns list every property of T; the test of the round trip proves it.
  return object as T;
}

function fromSql(value: unknown, type: Column<unknown>['type']): unknown {
  switch (type) {
    case 'TEXT':
      return typeof value === 'string' ? value : '';
    case 'BOOLEAN':
      return value === 1;
    case 'JSON':
      return parseJson(value);
    case 'INTEGER':
    case 'REAL':
      return typeof value === 'number' ? value : 0;
  }
}

function parseJson(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : {};
  } catch {
    // A row damaged by hand must not keep the gateway from starting.
    return {};
  }
}

/** `INSERT … ON CONFLICT DO UPDATE` over all columns. */
export function upsertSql<T>(table: string, columns: ReadonlyArray<Column<T>>, key: readonly string[]): string {
  const names = columns.map((each) => each.column);
  const updates = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
  const marks = names.map(() => '?').join(', ');
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks}) ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${updates.join(', ')}`;
}
