import { h264NalType } from '../codec/h264-nalu.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
const START_BIT = 0x80;
const END_BIT = 0x40;
const TYPE_MASK = 0x1f;
/** forbidden_zero_bit and nal_ref_idc. */
const INDICATOR_MASK = 0xe0;
const FU_HEADERS_BYTES = 2;

/**
 * The payload `bytes[start, end)` as several of at most `maxBytes` each: NAL units of their own, an aggregate's units
 * apart, fragments cut again (RFC 6184 §5.6 to §5.8). Undefined for what cannot be cut.
 */
export function splitH264(bytes: Buffer, start: number, end: number, maxBytes: number): Buffer[] | undefined {
  if (end - start <= FU_HEADERS_BYTES) return undefined;
  const type = h264NalType(bytes[start]!);
  if (type === STAP_A) return splitAggregate(bytes.subarray(start + 1, end), maxBytes);
  if (type === FU_A) {
    const header = bytes[start + 1]!;
    const body = bytes.subarray(start + FU_HEADERS_BYTES, end);
    return fragments({ indicator: bytes[start]!, header, body }, maxBytes);
  }
  return type >= 1 && type < STAP_A ? splitUnit(bytes.subarray(start, end), maxBytes) : undefined;
}

function splitUnit(nalu: Buffer, maxBytes: number): Buffer[] {
  if (nalu.length <= maxBytes) return [nalu];
  const indicator = (nalu[0]! & INDICATOR_MASK) | FU_A;
  const header = START_BIT | END_BIT | h264NalType(nalu[0]!);
  return fragments({ indicator, header, body: nalu.subarray(1) }, maxBytes);
}

function splitAggregate(units: Buffer, maxBytes: number): Buffer[] | undefined {
  const split: Buffer[] = [];
  for (let at = 0; at < units.length;) {
    const next = at + 2 + (at + 2 <= units.length ? units.readUInt16BE(at) : 0);
    if (next > units.length || next <= at + 2) return undefined;
    split.push(...splitUnit(units.subarray(at + 2, next), maxBytes));
    at = next;
  }
  return split;
}

/** The bits of start and end stay with the first and the last piece. */
function fragments(unit: { indicator: number; header: number; body: Buffer }, maxBytes: number): Buffer[] {
  const { indicator, header, body } = unit;
  const count = Math.ceil(body.length / (maxBytes - FU_HEADERS_BYTES));
  const bytes = Math.ceil(body.length / count);
  return Array.from({ length: count }, (_, index) => {
    const kept = (index === 0 ? START_BIT : 0) | (index === count - 1 ? END_BIT : 0) | TYPE_MASK;
    return Buffer.concat([Buffer.from([indicator, header & kept]), body.subarray(index * bytes, (index + 1) * bytes)]);
  });
}
