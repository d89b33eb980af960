import { describe, expect, test } from 'vitest';
import type { TraceEntry } from '../../gb28181/index.ts';
import { tracePcap } from './trace-pcap.ts';

interface Packet {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly sequence?: number;
  readonly acknowledged?: number;
  /** Bytes that were on the wire, but are not in the file. */
  readonly missing?: number;
}

/** RFC 1071 over a packet with its checksum in it is all ones. */
function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** Reads the file as libpcap and a network stack would; checks every length and checksum on the way. */
function parse(file: Buffer): Packet[] {
  expect(file.readUInt32LE(0)).toBe(0xa1b2c3d4);
  expect([file.readUInt16LE(4), file.readUInt16LE(6), file.readUInt32LE(20)]).toEqual([2, 4, 101]);
  const packets: Packet[] = [];
  for (let at = 24; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    const missing = file.readUInt32LE(at + 12) - length;
    expect(missing).toBeGreaterThanOrEqual(0);
    const time = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000;
    const packet = parseIp(file.subarray(at + 16, at + 16 + length), missing);
    packets.push({ at: time, ...packet, ...(missing > 0 && { missing }) });
    at += 16 + length;
  }
  return packets;
}

function parseIp(packet: Buffer, missing: number): Omit<Packet, 'at'> {
  const six = (packet[0] ?? 0) >> 4 === 6;
  const headerLength = six ? 40 : 20;
  const segment = packet.subarray(headerLength);
  const length = segment.length + missing;
  if (six) expect(packet.readUInt16BE(4)).toBe(length);
  else expect([packet[0], packet.readUInt16BE(2), sumOf(packet.subarray(0, 20))]).toEqual([0x45, 20 + length, 0xffff]);
  const protocol = packet[six ? 6 : 9] ?? 0;
  const addresses = six ? packet.subarray(8, 40) : packet.subarray(12, 20);
  const pseudo = Buffer.from([0, protocol, segment.length >> 8, segment.length & 0xff]);
  if (missing === 0) expect(sumOf(Buffer.concat([addresses, pseudo, segment]))).toBe(0xffff);
  const name = (bytes: Buffer): string => (six ? bytes.toString('hex') : bytes.join('.'));
  const half = addresses.length / 2;
  const ends = {
    from: `${name(addresses.subarray(0, half))} ${segment.readUInt16BE(0)}`,
    to: `${name(addresses.subarray(half))} ${segment.readUInt16BE(2)}`,
  };
  if (protocol === 17) {
    expect(segment.readUInt16BE(4)).toBe(length);
    return { ...ends, text: segment.toString('latin1', 8) };
  }
  expect([protocol, segment[12]]).toEqual([6, 0x50]);
  const [sequence, acknowledged] = [segment.readUInt32BE(4), segment.readUInt32BE(8)];
  return { ...ends, text: segment.toString('latin1', 20), sequence, acknowledged };
}

const entry = (more: Partial<TraceEntry>): TraceEntry => ({
  at: 1_700_000_000_123,
  direction: 'out',
  protocol: 'udp',
  local: '192.0.2.1:5060',
  remote: '192.0.2.64:15060',
  deviceId: 'd',
  callId: 'c',
  summary: '',
  text: 'MESSAGE sip:d SIP/2.0\r\n\r\nabc',
  ...more,
});

describe('pcap', () => {
  test('an empty trace is a file without packets', () => expect(parse(tracePcap([]))).toEqual([]));

  test.each([
    { name: 'out', given: {}, from: '192.0.2.1 5060', to: '192.0.2.64 15060' },
    { name: 'in', given: { direction: 'in' }, from: '192.0.2.64 15060', to: '192.0.2.1 5060' },
    { name: 'wildcard', given: { local: '0.0.0.0:5060' }, from: '0.0.0.0 5060', to: '192.0.2.64 15060' },
    { name: 'mapped', given: { local: '[::ffff:192.0.2.1]:5060' }, from: '192.0.2.1 5060', to: '192.0.2.64 15060' },
    {
      name: 'mapped, in groups',
      given: { remote: '[::ffff:c000:240]:15060' },
      from: '192.0.2.1 5060',
      to: '192.0.2.64 15060',
    },
    { name: 'no address', given: { local: ':5060' }, from: '0.0.0.0 5060', to: '192.0.2.64 15060' },
    { name: 'families that differ', given: { local: '[::]:5060' }, from: '0.0.0.0 5060', to: '192.0.2.64 15060' },
    {
      name: 'IPv6',
      given: { local: '[2001:db8::1]:5060', remote: '[fe80::1:2%eth0]:5060' },
      from: '20010db8000000000000000000000001 5060',
      to: 'fe800000000000000000000000010002 5060',
    },
    {
      name: 'bytes, odd length',
      given: { text: '\u00d6\u00d0\u00ff' },
      from: '192.0.2.1 5060',
      to: '192.0.2.64 15060',
    },
  ] as const)('UDP: $name', ({ given, from, to }) => {
    const each = entry(given);
    expect(parse(tracePcap([each]))).toEqual([{ at: each.at, from, to, text: each.text }]);
  });

  test.each([
    { name: 'UDP', given: { cutBytes: 9_000 }, missing: 9_000 },
    { name: 'UDP over IPv6', given: { cutBytes: 9_000, remote: '[2001:db8::2]:5060' }, missing: 9_000 },
    { name: 'longer than a packet can be', given: { cutBytes: 250_000 }, missing: 65_535 - 60 - 28 },
  ])('a message that was cut is a packet captured in part: $name', ({ given, missing }) => {
    expect(parse(tracePcap([entry(given)]))).toMatchObject([{ text: entry({}).text, missing }]);
  });

  test('TCP: what was cut counts in the sequence numbers', () => {
    const request = entry({ protocol: 'tcp', text: 'x'.repeat(100), cutBytes: 1_000 });
    const packets = parse(tracePcap([request, request]));
    expect(packets.map(({ sequence, missing }) => [sequence, missing])).toEqual([
      [1, 1_000],
      [1_101, 1_000],
    ]);
  });

  test('TCP: the sequence numbers of a connection follow each other', () => {
    const request = entry({ protocol: 'tcp', text: 'x'.repeat(100) });
    const answer = entry({ protocol: 'tcp', direction: 'in', text: 'y'.repeat(30) });
    const packets = parse(tracePcap([request, answer, request, answer]));
    expect(packets.map(({ text, sequence, acknowledged }) => [text.length, sequence, acknowledged])).toEqual([
      [100, 1, 1],
      [30, 1, 101],
      [100, 101, 31],
      [30, 31, 201],
    ]);
  });
});
