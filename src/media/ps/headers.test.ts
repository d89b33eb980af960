import { describe, expect, test } from 'vitest';
import { filler, packHeader, pes, programStreamMap, systemHeader } from '../../../test/support/ps-builder.ts';
import { packHeaderBytes, parsePackHeader } from './pack-header.ts';
import { parsePesHeader, type PesHeader } from './pes-header.ts';
import { programStreamMapBytes, readProgramStreamMap } from './program-stream-map.ts';
import { findPackStartCode, findSystemStartCode, partialStartCode } from './start-code.ts';
import { systemHeaderBody } from './system-header.ts';

/** From SRS, trunk/src/utest/srs_utest_kernel2.cpp, PsPacketHeaderClockDecode (MIT). */
const SCR_VECTORS: [hex: string, scrBase: number, scrExtension: number][] = [
  ['000001ba44686e4c9401013013f8', 109496722, 0],
  ['000001ba64686e4c9401013013f8', 4404464018, 0],
  ['000001ba74686e4c9401013013f8', 6551947666, 0],
  ['000001ba74e86e4c9401013013f8', 6686165394, 0],
  ['000001ba74e96e4c9401013013f8', 6687213970, 0],
  ['000001ba74e9ee4c9401013013f8', 6687738258, 0],
  ['000001ba74e9eecc9401013013f8', 6687742354, 0],
  ['000001ba74e9eedc9401013013f8', 6687742866, 0],
  ['000001ba74e9eedd9401013013f8', 6687742898, 0],
  ['000001ba74e9eedd9c01013013f8', 6687742899, 0],
  ['000001ba74e9eedd9e01013013f8', 6687742899, 256],
  ['000001ba74e9eedd9f01013013f8', 6687742899, 384],
  ['000001ba74e9eedd9f11013013f8', 6687742899, 392],
  ['000001ba74e9eedd9f19013013f8', 6687742899, 396],
  ['000001ba74e9eedd9f1b013013f8', 6687742899, 397],
];

function freshHeader(): PesHeader {
  return { pts: -1, dts: -1, headerBytes: 0, unbounded: false, payloadBytes: 0 };
}

describe('pack header', () => {
  test.each(SCR_VECTORS)('system clock reference of %s', (hex, scrBase, scrExtension) => {
    expect(parsePackHeader(Buffer.from(hex, 'hex'))).toEqual({ scrBase, scrExtension, bytes: 14 });
  });

  test('stuffing, MPEG-1, truncated, incomplete, bad', () => {
    const stuffed = packHeader({ scr: 2 ** 33 - 1, stuffing: 6 });
    expect(parsePackHeader(stuffed)).toEqual({ scrBase: 2 ** 33 - 1, scrExtension: 0, bytes: 20 });
    for (let length = 0; length < 20; length++) expect(packHeaderBytes(stuffed, 0, length)).toBe(0);
    expect(packHeaderBytes(Buffer.from('000001ba2100010001800001', 'hex'), 0, 12)).toBe(12);
    expect(packHeaderBytes(Buffer.from('000001ba000001e0', 'hex'), 0, 8)).toBe(4);
    expect(packHeaderBytes(Buffer.from('000001ba000001e0', 'hex'), 0, 6)).toBe(0);
    expect(packHeaderBytes(Buffer.from('000001ba00000200', 'hex'), 0, 8)).toBe(-1);
    expect(parsePackHeader(Buffer.from('000001ba80000000', 'hex'))).toBe('pack_bad_header');
    expect(parsePackHeader(Buffer.from('000001ba', 'hex'))).toBe('need_more');
  });
});

describe('PES header', () => {
  test.each([0, 1, 90_000, 2 ** 32, 2 ** 33 - 1, 0x1_2345_6789])('33 bits of PTS and DTS: %i', (stamp) => {
    const header = freshHeader();
    const packet = pes(0xe0, filler(10), { pts: stamp, dts: 2 ** 33 - 1 - stamp });
    expect(parsePesHeader(packet, 0, packet.length, header)).toBeUndefined();
    expect(header).toEqual({
      pts: stamp,
      dts: 2 ** 33 - 1 - stamp,
      headerBytes: 19,
      unbounded: false,
      payloadBytes: 10,
    });
  });

  test('without stamps, unbounded, PartialPesHeader, InvalidPesHeader, impossible length', () => {
    const header = freshHeader();
    const packet = pes(0xc0, filler(4));
    expect(parsePesHeader(packet, 0, packet.length, header)).toBeUndefined();
    expect(header).toEqual({ pts: -1, dts: -1, headerBytes: 9, unbounded: false, payloadBytes: 4 });
    const unbounded = pes(0xe0, filler(4), { pts: 7, length: 0 });
    expect(parsePesHeader(unbounded, 0, unbounded.length, header)).toBeUndefined();
    expect(header).toMatchObject({ pts: 7, unbounded: true });
    for (let length = 0; length < 14; length++) expect(parsePesHeader(unbounded, 0, length, header)).toBe('need_more');
    const invalid = Buffer.from(packet);
    invalid[6] = 0x00;
    expect(parsePesHeader(invalid, 0, invalid.length, header)).toBe('pes_bad_header');
    const short = pes(0xe0, filler(40), { pts: 7, length: 4 });
    expect(parsePesHeader(short, 0, short.length, header)).toBe('pes_bad_length');
  });
});

describe('system header and program stream map', () => {
  test('lengths', () => {
    expect(systemHeaderBody(systemHeader(), 0, 18)).toBe(12);
    expect(systemHeaderBody(systemHeader(), 0, 5)).toBe(0);
    expect(systemHeaderBody(Buffer.from('000001bbffff', 'hex'), 0, 6)).toBe(-1);
    expect(systemHeaderBody(Buffer.from('000001bb0000', 'hex'), 0, 6)).toBe(-1);
    const psm = programStreamMap([[0x1b, 0xe0]]);
    expect(programStreamMapBytes(psm, 0, psm.length)).toBe(psm.length);
    expect(programStreamMapBytes(psm, 0, psm.length - 1)).toBe(0);
    expect(programStreamMapBytes(psm, 0, 5)).toBe(0);
    expect(programStreamMapBytes(Buffer.from('000001bcffff', 'hex'), 0, 6)).toBe(-1);
    expect(programStreamMapBytes(Buffer.from('000001bc0003', 'hex'), 0, 6)).toBe(-1);
  });

  test('entries are read until the CRC; one that reaches over the end stops', () => {
    const seen: [number, number][] = [];
    const psm = programStreamMap(
      [
        [0x1b, 0xe0],
        [0x90, 0xc0],
      ],
      { mapLength: 0 },
    );
    readProgramStreamMap(psm, 0, psm.length, (type, id) => seen.push([type, id]));
    expect(seen).toEqual([
      [0x1b, 0xe0],
      [0x90, 0xc0],
    ]);
    psm[15] = 0xff;
    seen.length = 0;
    readProgramStreamMap(psm, 0, psm.length, (type, id) => seen.push([type, id]));
    expect(seen).toEqual([[0x1b, 0xe0]]);
  });
});

describe('start codes', () => {
  test('system-level ones only, whole ones only', () => {
    const buffer = Buffer.from('00000165000000000001b6ff000001e0000001ba', 'hex');
    expect(findSystemStartCode(buffer, 0, buffer.length)).toBe(12);
    expect(findSystemStartCode(buffer, 0, 15)).toBe(-1);
    expect(findPackStartCode(buffer, 0, buffer.length)).toBe(16);
    expect(findPackStartCode(buffer, 0, buffer.length - 1)).toBe(-1);
  });

  test.each([
    ['', 0],
    ['05', 0],
    ['0500', 1],
    ['050000', 2],
    ['05000001', 3],
    ['0000000100', 1],
    ['000000', 2],
  ])('what may be the start of one at the end of %s', (hex, bytes) => {
    const buffer = Buffer.from(hex, 'hex');
    expect(partialStartCode(buffer, 0, buffer.length)).toBe(bytes);
  });
});
