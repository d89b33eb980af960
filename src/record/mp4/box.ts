const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** A box of ISO/IEC 14496-12 4.2 in `bytes[start, end)`. */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/** Size, type, contents. */
export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  const bytes = parts.reduce((sum, part) => sum + part.length, HEADER_BYTES);
  header.writeUInt32BE(bytes, 0);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, ...parts], bytes);
}

/** A box with version and flags (ISO/IEC 14496-12 4.2.2). */
export function fullBox(
  type: string,
  { version = 0, flags = 0 }: { version?: number; flags?: number },
  ...parts: readonly Uint8Array[]
): Buffer {
  return box(type, u32(version * 0x100_0000 + flags), ...parts);
}

export function u8(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value, index * 2));
  return bytes;
}

/** Negative numbers are written as two's complement. */
export function u32(...values: readonly number[]): Buffer {
  return u32s(values);
}

/** As `u32`, for more values than a call may have. */
export function u32s(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

export function u64(...values: readonly number[]): Buffer {
  return u64s(values);
}

/** As `u64`, for more values than a call may have. */
export function u64s(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64BE(BigInt(value), index * 8));
  return bytes;
}

export function zeros(bytes: number): Buffer {
  return Buffer.alloc(bytes);
}

/** The header at `at`; undefined where it is cut off or no header. `end` may lie behind the bytes. */
export function readBoxHeader(bytes: Buffer, at: number, fileOffset = 0): Box | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const start = fileOffset + at;
  const type = bytes.toString('latin1', at + 4, at + HEADER_BYTES);
  const size = bytes.readUInt32BE(at);
  if (size >= HEADER_BYTES) return { type, start, bodyStart: start + HEADER_BYTES, end: start + size };
  if (size !== 1 || at + LARGE_HEADER_BYTES > bytes.length) return undefined;
  const large = Number(bytes.readBigUInt64BE(at + HEADER_BYTES));
  if (large < LARGE_HEADER_BYTES || !Number.isSafeInteger(large)) return undefined;
  return { type, start, bodyStart: start + LARGE_HEADER_BYTES, end: start + large };
}

/** The boxes in `bytes[start, end)`; undefined where they do not fill it. */
export function readBoxes(bytes: Buffer, start: number, end: number): Box[] | undefined {
  const boxes: Box[] = [];
  for (let at = start; at < end;) {
    const next = readBoxHeader(bytes, at);
    if (next === undefined || next.end > end) return undefined;
    boxes.push(next);
    at = next.end;
  }
  return boxes;
}

/** The first box at a path of types. */
export function findBox(
  bytes: Buffer,
  within: { bodyStart: number; end: number },
  path: readonly string[],
): Box | undefined {
  let found: Box | undefined;
  let span = within;
  for (const type of path) {
    found = readBoxes(bytes, span.bodyStart, span.end)?.find((child) => child.type === type);
    if (found === undefined) return undefined;
    span = found;
  }
  return found;
}
