/** Element identifiers of RFC 8794 and RFC 9559. */
export const EBML_ID = {
  ebml: 0x1a45dfa3,
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  ebmlMaxIdLength: 0x42f2,
  ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  void: 0xec,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  codecDelay: 0x56aa,
  seekPreRoll: 0x56bb,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
} as const;

/** RFC 8794 §6.2: a size of eight bytes with all bits set is unknown. */
export const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

/** Identifier, size, contents. */
export function element(id: number, ...parts: readonly Uint8Array[]): Buffer {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([formatId(id), formatSize(bytes), ...parts]);
}

export function formatId(id: number): Buffer {
  return unsigned(id);
}

/** The shortest size. */
export function formatSize(size: number): Buffer {
  let bytes = 1;
  while (size >= 2 ** (7 * bytes) - 1) bytes += 1;
  return formatSizeIn(size, bytes);
}

/** A size in so many bytes, up to eight. */
export function formatSizeIn(size: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(size));
  buffer[8 - bytes]! |= 0x80 >> (bytes - 1);
  return buffer.subarray(8 - bytes);
}

export function unsignedElement(id: number, value: number): Buffer {
  return element(id, unsigned(value));
}

export function floatElement(id: number, value: number): Buffer {
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeDoubleBE(value);
  return element(id, buffer);
}

export function textElement(id: number, text: string): Buffer {
  return element(id, Buffer.from(text, 'utf8'));
}

function unsigned(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  const first = buffer.findIndex((byte) => byte !== 0);
  return buffer.subarray(first < 0 ? 7 : first);
}

/** An element in a file; `size` is `undefined` where it is unknown. */
export interface EbmlHeader {
  readonly id: number;
  readonly bodyStart: number;
  readonly size: number | undefined;
}

/** The header at `at`; undefined where it is cut off or none. Offsets are `base` more than those of the bytes. */
export function readEbmlHeader(bytes: Buffer, at: number, base = 0): EbmlHeader | undefined {
  const idBytes = lengthOf(bytes[at]);
  if (idBytes === undefined || idBytes > 4 || at + idBytes >= bytes.length) return undefined;
  const sizeAt = at + idBytes;
  const sizeBytes = lengthOf(bytes[sizeAt]);
  if (sizeBytes === undefined || sizeAt + sizeBytes > bytes.length) return undefined;
  const id = bytes.readUIntBE(at, idBytes);
  let size = bytes[sizeAt]! & (0xff >> sizeBytes);
  let unknown = size === 0xff >> sizeBytes;
  for (let index = 1; index < sizeBytes; index++) {
    const byte = bytes[sizeAt + index]!;
    unknown &&= byte === 0xff;
    size = size * 256 + byte;
  }
  return { id, bodyStart: base + sizeAt + sizeBytes, size: unknown ? undefined : size };
}

/** Bytes of a variable-size integer by its first byte (RFC 8794 §4.1). */
function lengthOf(first: number | undefined): number | undefined {
  return first === undefined || first === 0 ? undefined : Math.clz32(first) - 23;
}
