import { describe, expect, test } from 'vitest';
import {
  filler,
  H265_PPS,
  H265_SPS,
  H265_VPS,
  idr,
  PPS,
  slice,
  SPS_1080,
  SPS_720,
} from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { BitReader, unescapeRbsp } from './bit-reader.ts';
import { parseH264SliceHeader, startsH264AccessUnit } from './h264-nalu.ts';
import { parseH264Sps } from './h264-sps.ts';
import { startsH265AccessUnit } from './h265-nalu.ts';
import { isH265Vps, parseH265Sps } from './h265-sps.ts';
import { ParameterSets } from './parameter-sets.ts';
import { tellH264FromH265, videoSyntax } from './video-syntax.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Writes the fields of an SPS bit by bit. */
class BitWriter {
  #bits = '';

  u(count: number, value: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }

  ue(...values: number[]): this {
    for (const value of values) {
      const bits = (value + 1).toString(2);
      this.#bits += '0'.repeat(bits.length - 1) + bits;
    }
    return this;
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  bytes(): Buffer {
    const padded = `${this.#bits}1`.padEnd(Math.ceil((this.#bits.length + 1) / 8) * 8, '0');
    return Buffer.from(padded.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  }
}

/** High 4:2:2 interlaced 1920×1080 with scaling lists and picture order type 1. */
function unusualSps(): Buffer {
  const writer = new BitWriter().u(8, 0x67).u(8, 122).u(8, 0).u(8, 40).ue(0, 2, 0, 0).u(1, 0).u(1, 1);
  for (let list = 0; list < 8; list++) {
    writer.u(1, list % 2);
    if (list % 2 === 1) for (let index = 0; index < (list < 6 ? 16 : 64); index++) writer.se(index === 0 ? 2 : 0);
  }
  writer.ue(0, 1).u(1, 0).se(-3).se(2).ue(2).se(1).se(-1);
  writer.ue(4).u(1, 0).ue(119, 33).u(1, 0).u(1, 1).u(1, 1).u(1, 1).ue(0, 0, 0, 4).u(1, 0);
  return writer.bytes();
}

describe('parseH264Sps', () => {
  test.each([
    { name: 'Baseline 1080p, cropped', sps: SPS_1080, profileLevelId: '42c028', width: 1920, height: 1080 },
    { name: 'High 720p', sps: SPS_720, profileLevelId: '64001f', width: 1280, height: 720 },
    {
      name: 'Main 640×480',
      sps: hex('674d401eeca0501ed808800000030080000019078b16cb'),
      profileLevelId: '4d401e',
      width: 640,
      height: 480,
    },
    {
      name: 'High 1080p',
      sps: hex('67640028acd940780227e5c044000003000400000300c83c60c658'),
      profileLevelId: '640028',
      width: 1920,
      height: 1080,
    },
    {
      name: 'High 4:2:2, interlaced, scaling lists, order type 1',
      sps: unusualSps(),
      profileLevelId: '7a0028',
      width: 1920,
      height: 1080,
    },
  ])('$name', ({ sps, profileLevelId, width, height }) => {
    expect(parseH264Sps(sps)).toMatchObject({ profileLevelId, width, height });
  });

  test.each([
    ['empty', ''],
    ['another type', '68cb83cb20'],
    ['forbidden bit', 'e742c028d900780227e5c0'],
    ['unknown profile', '6701c028d900780227e5c0'],
    ['cut', '6742c028d9'],
    ['zeros', '6742c0280000000000000000'],
    ['chroma format 7', '676400280841'],
  ])('%s is none', (_name, text) => {
    expect(parseH264Sps(hex(text))).toBeUndefined();
  });
});

describe('H.265 parameter sets', () => {
  test.each([
    { name: '1080p', sps: H265_SPS, width: 1920, height: 1080 },
    {
      name: 'cropped to 1000×562',
      sps: hex('42010101600000030090000003000003005da007d2008e7c996566924caf016808000003000800000300c840'),
      width: 1000,
      height: 562,
    },
    {
      name: 'sub-layers, 4:4:4',
      sps: new BitWriter()
        .u(16, 0x4201)
        .u(4, 0)
        .u(3, 2)
        .u(1, 1)
        .u(32, 0x0160_0000)
        .u(32, 0x9000_0000)
        .u(32, 0x5d)
        .u(1, 1)
        .u(1, 1)
        .u(1, 0)
        .u(1, 1)
        .u(12, 0)
        .u(32, 0xffff_ffff)
        .u(32, 0xffff_ffff)
        .u(24, 0xff_ffff)
        .u(8, 90)
        .u(8, 93)
        .ue(0, 3)
        .u(1, 0)
        .ue(640, 480)
        .u(1, 0)
        .u(32, 0x8888_8888)
        .bytes(),
      width: 640,
      height: 480,
    },
  ])('SPS $name', ({ sps, width, height }) => {
    expect(parseH265Sps(sps)).toMatchObject({ width, height });
  });

  test.each([
    ['a VPS', H265_VPS],
    ['cut', H265_SPS.subarray(0, 12)],
    ['another layer', hex('4309016000000300900000030000')],
    ['seven sub-layers', hex('42010f016000000300900000030000')],
    ['zeros', Buffer.concat([hex('4201'), Buffer.alloc(40)])],
  ])('%s is no SPS', (_name, bytes) => {
    expect(parseH265Sps(bytes)).toBeUndefined();
  });

  test('quirk: P-slice 0x41 is not a VPS', () => {
    expect(isH265Vps(H265_VPS)).toBe(true);
    for (const second of [0x01, 0x9a, 0xe2]) {
      const pSlice = Buffer.concat([Buffer.from([0x41, second]), filler(40)]);
      expect(isH265Vps(pSlice)).toBe(false);
      expect(tellH264FromH265(pSlice, 0)).toBeUndefined();
    }
  });
});

describe('NAL units', () => {
  test.each([
    ['first slice', [0x65, 0x88], true],
    ['later slice', [0x41, 0x5a], false],
    ['partition B', [0x63, 0x80], false],
    ['SEI', [0x06, 0x05], true],
    ['SPS', [0x67, 0x42], true],
    ['delimiter', [0x09, 0xf0], true],
    ['prefix', [0x6e, 0x00], true],
    ['filler', [0x0c, 0xff], false],
  ])('H.264 %s starts a unit: %j %s', (_name, [first, second], expected) => {
    expect(startsH264AccessUnit(first!, second!)).toBe(expected);
  });

  test.each([
    ['first slice', [0x26, 0x80], true],
    ['later slice', [0x26, 0x40], false],
    ['VPS', [0x40, 0x0c], true],
    ['delimiter', [0x46, 0x50], true],
    ['prefix SEI', [0x4e, 0x01], true],
    ['suffix SEI', [0x50, 0x01], false],
    ['reserved 41', [0x52, 0x01], true],
  ])('H.265 %s starts a unit: %j %s', (_name, [first, third], expected) => {
    expect(startsH265AccessUnit(first!, third!)).toBe(expected);
  });

  test.each([
    [SPS_1080, 'h264'],
    [hex('09f0'), 'h264'],
    [hex('0605'), 'h264'],
    [H265_VPS, 'h265'],
    [hex('460150'), 'h265'],
    [hex('4e0105'), 'h265'],
    [hex('6588'), undefined],
    [hex('e742'), undefined],
  ])('tellH264FromH265 %#', (nalu, codec) => {
    expect(tellH264FromH265(nalu, 0)).toBe(codec);
  });

  test('syntax of codecs that are not read', () => {
    const opaque = videoSyntax('svac');
    expect([
      opaque.isPicture(idr(), 0),
      opaque.startsUnit(idr(), 0),
      opaque.isRandomAccess(idr(), 0),
      opaque.isForeign(idr(), 0),
    ]).toEqual([true, false, false, false]);
    expect(videoSyntax('mpeg4').startsUnit(hex('b6'), 0)).toBe(true);
    expect(videoSyntax('mpeg4').startsUnit(hex('20'), 0)).toBe(false);
  });

  test('slice header', () => {
    expect(parseH264SliceHeader(idr())).toEqual({ firstMb: 0, sliceType: 2, ppsId: 0 });
    expect(parseH264SliceHeader(slice())).toEqual({ firstMb: 0, sliceType: 0, ppsId: 0 });
    expect(parseH264SliceHeader(SPS_1080)).toBeUndefined();
    expect(parseH264SliceHeader(hex('65'))).toBeUndefined();
    expect(parseH264SliceHeader(hex('6500000000'))).toBeUndefined();
  });

  test('bit reader and emulation prevention', () => {
    expect(Buffer.from(unescapeRbsp(hex('0000030000030100000303'))).toString('hex')).toBe('0000000001000003');
    expect(unescapeRbsp(filler(600), 512)).toHaveLength(512);
    const reader = new BitReader(new BitWriter().ue(0, 1, 5, 70_000).se(-4).se(4).bytes());
    expect([reader.ue(), reader.ue(), reader.ue(), reader.ue(), reader.se(), reader.se()]).toEqual([
      0, 1, 5, 70_000, -4, 4,
    ]);
    const zeros = new BitReader(Buffer.alloc(9));
    expect(zeros.ue()).toBe(0);
    expect(zeros.exhausted).toBe(true);
  });
});

describe('ParameterSets', () => {
  const note = (sets: ParameterSets, nalu: Buffer): boolean => sets.note(nalu, 0, nalu.length);

  test('tells changes only, keeps SPS and PPS', () => {
    const sets = new ParameterSets();
    sets.beginUnit();
    expect(note(sets, SPS_1080)).toBe(true);
    expect(note(sets, PPS)).toBe(false);
    sets.beginUnit();
    expect(note(sets, SPS_1080)).toBe(false);
    note(sets, PPS);
    expect(sets.h264Sets).toEqual([SPS_1080, PPS]);
    expect(note(sets, SPS_720)).toBe(true);
    expect(sets.parameters).toMatchObject({ width: 1280 });
    for (let index = 0; index < 20; index++) note(sets, Buffer.from([0x68, index, 1, 2]));
    expect(sets.h264Sets.length).toBeLessThanOrEqual(9);
    expect(note(sets, Buffer.concat([SPS_1080, filler(2000)]))).toBe(false);
  });

  test('a camera switched to H.265 is followed, with a VPS', () => {
    const sets = new ParameterSets();
    note(sets, SPS_1080);
    expect(note(sets, H265_SPS)).toBe(false);
    note(sets, H265_VPS);
    expect(note(sets, H265_SPS)).toBe(true);
    expect(note(sets, H265_PPS)).toBe(false);
    expect(note(sets, H265_SPS)).toBe(false);
    expect(sets.parameters).toEqual({ codec: 'h265', width: 1920, height: 1080 });
    expect(note(sets, SPS_1080)).toBe(true);
  });
});

test.each([
  { name: 'H.264 SPS', seeds: [SPS_1080, SPS_720, unusualSps()], parse: parseH264Sps },
  {
    name: 'H.265 SPS',
    seeds: [H265_SPS, hex('42010101600000030090000003000003005da007d2008e7c9965')],
    parse: parseH265Sps,
  },
])('fuzz: 200,000 mutations of $name never throw and give sizes in bounds', ({ seeds, parse }) => {
  const random = seededRandom(4);
  const memory = Buffer.alloc(128);
  let accepted = 0;
  for (let index = 0; index < 200_000; index++) {
    const sps = parse(memory.subarray(0, mutate(seeds[index % seeds.length]!, memory, random)));
    if (sps === undefined) continue;
    accepted++;
    if (!(sps.width > 0 && sps.height > 0 && sps.width <= 16_384 && sps.height <= 16_384)) {
      expect.fail(`size ${sps.width}×${sps.height} of ${memory.toString('hex')}`);
    }
  }
  expect(accepted).toBeGreaterThan(10_000);
});

test('fuzz: 200,000 mutations of slice headers never throw and give numbers in bounds', () => {
  const random = seededRandom(5);
  const seeds = [idr(30), slice(30), slice(30, 3, false)];
  const memory = Buffer.alloc(64);
  let accepted = 0;
  for (let index = 0; index < 200_000; index++) {
    const header = parseH264SliceHeader(memory.subarray(0, mutate(seeds[index % 3]!, memory, random)));
    if (header === undefined) continue;
    accepted++;
    if (header.sliceType > 4 || header.ppsId > 255 || header.firstMb > 0xf_ffff) expect.fail(JSON.stringify(header));
  }
  expect(accepted).toBeGreaterThan(50_000);
});
