import { describe, expect, test } from 'vitest';
import { MediaRecorder } from '../../../test/support/media-recorder.ts';
import {
  annexB,
  filler,
  framePack,
  H265_PPS,
  H265_SPS,
  H265_VPS,
  idr,
  keyFrame,
  keyPack,
  pes,
  PPS,
  rtp,
  slice,
  SPS_1080,
} from '../../../test/support/ps-builder.ts';

const STEP = 3600;

interface Packet {
  payload: Buffer;
  timestamp: number;
  marker?: boolean;
}

function feed(recorder: MediaRecorder, payloadType: number, packets: Packet[]): void {
  packets.forEach(({ payload, timestamp, marker = false }, index) => {
    recorder.push(rtp(payload, { payloadType, timestamp, marker, sequenceNumber: index }));
    if (marker) recorder.nowMs += 40;
  });
}

function fuA(nalu: Buffer, piece: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 1; at < nalu.length; at += piece) {
    const isEnd = at + piece >= nalu.length;
    const header = Buffer.from([
      (nalu[0]! & 0xe0) | 28,
      (at === 1 ? 0x80 : 0) | (isEnd ? 0x40 : 0) | (nalu[0]! & 0x1f),
    ]);
    parts.push(Buffer.concat([header, nalu.subarray(at, at + piece)]));
  }
  return parts;
}

function fu265(nalu: Buffer, piece: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 2; at < nalu.length; at += piece) {
    const isEnd = at + piece >= nalu.length;
    const type = (nalu[0]! >> 1) & 0x3f;
    const header = Buffer.from([
      (nalu[0]! & 0x81) | (49 << 1),
      nalu[1]!,
      (at === 2 ? 0x80 : 0) | (isEnd ? 0x40 : 0) | type,
    ]);
    parts.push(Buffer.concat([header, nalu.subarray(at, at + piece)]));
  }
  return parts;
}

function aggregate(head: number[], ...nalus: Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from(head),
    ...nalus.flatMap((nalu) => [Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]),
  ]);
}

const KEY_SLICE_265 = Buffer.concat([Buffer.from([0x26, 0x01, 0xaf]), filler(900)]);
const SLICE_265 = Buffer.concat([Buffer.from([0x02, 0x01, 0xd0]), filler(300)]);

describe('elementary streams over RTP', () => {
  test.each([
    { name: 'by rtpmap', payloads: [{ payloadType: 98, encoding: 'H264/90000' }] },
    { name: 'by payload type 98 alone', payloads: [] },
  ])('quirk: H.264 (RFC 6184) rather than PS, $name', ({ payloads }) => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads(payloads);
    feed(recorder, 98, [
      { payload: aggregate([0x78], SPS_1080, PPS), timestamp: 0 },
      ...fuA(idr(5000), 1200).map((payload, index) => ({ payload, timestamp: 0, marker: index === 4 })),
      { payload: slice(), timestamp: STEP, marker: true },
      ...fuA(slice(3000), 1200).map((payload, index) => ({ payload, timestamp: 2 * STEP, marker: index === 2 })),
    ]);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [1]]);
    expect(recorder.units[0]!.nalus[2]).toEqual(idr(5000));
    expect(recorder.units.map((unit) => unit.pts90k)).toEqual([0, STEP, 2 * STEP]);
    expect(recorder.video).toMatchObject([{ codec: 'h264', profileLevelId: '42c028', width: 1920, height: 1080 }]);
    expect(recorder.packs).toBe(1);
    expect(recorder.errors).toEqual([]);
  });

  test('H.264 without markers, each NAL unit in its own packet', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 96, encoding: 'H264/90000' }]);
    feed(
      recorder,
      96,
      [SPS_1080, PPS, idr()].map((payload) => ({ payload, timestamp: 0 })),
    );
    feed(recorder, 96, [
      { payload: slice(), timestamp: STEP },
      { payload: slice(200, 3, false), timestamp: STEP },
    ]);
    feed(recorder, 96, [{ payload: slice(), timestamp: 2 * STEP }]);
    expect(recorder.nalTypes).toEqual([
      [7, 8, 5],
      [1, 1],
    ]);
  });

  test('H.264 with RTP timestamp 0 throughout and markers', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 96, encoding: 'H264/90000' }]);
    feed(recorder, 96, [
      { payload: SPS_1080, timestamp: 0 },
      { payload: PPS, timestamp: 0 },
      { payload: idr(), timestamp: 0, marker: true },
      { payload: slice(), timestamp: 0, marker: true },
      { payload: slice(), timestamp: 0, marker: true },
    ]);
    expect(recorder.units.map((unit) => unit.pts90k)).toEqual([0, STEP, 2 * STEP]);
  });

  test('H.264 payloads that do not fit together are counted', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 96, encoding: 'H264' }]);
    const start = fuA(idr(3000), 1000);
    feed(recorder, 96, [
      { payload: start[1]!, timestamp: 0 },
      { payload: Buffer.from([28]), timestamp: 0 },
      { payload: Buffer.from([0x78, 0, 9, 1]), timestamp: 0 },
      { payload: Buffer.from([29, 1, 2, 3]), timestamp: 0 },
      { payload: Buffer.alloc(0), timestamp: 0 },
    ]);
    expect(recorder.faults).toEqual(['fu_without_start', 'fu_truncated', 'stap_truncated', 'h264_payload_unsupported']);
    feed(recorder, 96, [{ payload: start[0]!, timestamp: STEP }]);
    recorder.depacketizer.gap(recorder.nowMs);
    feed(recorder, 96, [{ payload: start[1]!, timestamp: STEP }]);
    expect(recorder.faults.at(-1)).toBe('fu_without_start');
    expect(recorder.units).toHaveLength(0);
  });

  test('H.265 (RFC 7798)', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 100, encoding: 'H265/90000' }]);
    feed(recorder, 100, [
      { payload: aggregate([48 << 1, 1], H265_VPS, H265_SPS, H265_PPS), timestamp: 0 },
      ...fu265(KEY_SLICE_265, 400).map((payload, index) => ({ payload, timestamp: 0, marker: index === 2 })),
      { payload: SLICE_265, timestamp: STEP, marker: true },
      { payload: Buffer.from([49 << 1, 1, 0x01, 5]), timestamp: STEP },
      { payload: Buffer.from([50 << 1, 1, 0x01, 5]), timestamp: STEP },
      { payload: Buffer.from([48 << 1, 1, 0x01, 5]), timestamp: STEP },
      { payload: Buffer.from([48 << 1]), timestamp: STEP },
    ]);
    expect(recorder.units.map((unit) => [unit.codec, unit.keyFrame, unit.nalus.length])).toEqual([
      ['h265', true, 4],
      ['h265', false, 1],
    ]);
    expect(recorder.units[0]!.nalus[3]).toEqual(KEY_SLICE_265);
    expect(recorder.video).toEqual([{ codec: 'h265', width: 1920, height: 1080 }]);
    expect(recorder.faults).toEqual([
      'fu_without_start',
      'h265_payload_unsupported',
      'ap_truncated',
      'h265_payload_truncated',
    ]);
    recorder.depacketizer.gap(recorder.nowMs);
  });

  test.each([
    { name: 'without an rtpmap: at once', payloads: [], keys: [true, false, false, true, false, false] },
    {
      name: 'although the SDP says PS: at the second proof',
      payloads: [{ payloadType: 96, encoding: 'PS/90000' }],
      keys: [true, false, false],
    },
  ])('quirk: raw Annex B under payload type 96, $name', ({ payloads, keys }) => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads(payloads);
    for (let index = 0; index < 6; index++) {
      recorder.send(index % 3 === 0 ? keyFrame(index, 4000) : annexB(slice(3000, index)), { timestamp: index * STEP });
    }
    expect(recorder.units.map((unit) => unit.keyFrame)).toEqual(keys);
    expect(recorder.units.at(-1)!.nalus[0]).toEqual(slice(3000, 5));
    recorder.depacketizer.gap(recorder.nowMs);
    expect(recorder.keyFramesNeeded).toBe(1);
  });

  test('quirk: PS under a payload type that the SDP calls H264', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 98, encoding: 'H264/90000' }]);
    for (let index = 0; index < 3; index++) {
      recorder.send(index === 0 ? keyPack(0, keyFrame()) : framePack(index * STEP, annexB(slice())), {
        payloadType: 98,
      });
    }
    expect(recorder.units).toHaveLength(3);
  });

  test('MPEG-4 (RFC 3016)', () => {
    const recorder = new MediaRecorder();
    recorder.depacketizer.setPayloads([{ payloadType: 97, encoding: 'MPEG4/90000' }]);
    const intra = Buffer.concat([Buffer.from([0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb6, 0x10]), filler(2000)]);
    recorder.send(intra, { payloadType: 97, timestamp: 0 });
    recorder.send(Buffer.concat([Buffer.from([0, 0, 1, 0xb6, 0x50]), filler(200)]), {
      payloadType: 97,
      timestamp: STEP,
    });
    expect(recorder.units.map((unit) => [unit.codec, unit.keyFrame])).toEqual([
      ['mpeg4', true],
      ['mpeg4', false],
    ]);
    expect(recorder.units[0]!.nalus[0]).toEqual(intra);
  });

  test.each([
    { payloadType: 8, encoding: undefined, codec: 'pcma', sampleRate: 8000, step: 160 },
    { payloadType: 0, encoding: undefined, codec: 'pcmu', sampleRate: 8000, step: 160 },
    { payloadType: 8, encoding: 'PCMA/8000/1', codec: 'pcma', sampleRate: 8000, step: 160 },
    { payloadType: 102, encoding: 'MPEG4-GENERIC/16000', codec: 'aac', sampleRate: 16_000, step: 320 },
    { payloadType: 20, encoding: undefined, codec: 'svac', sampleRate: 8000, step: 160 },
  ])('audio with payload type $payloadType $encoding', ({ payloadType, encoding, codec, sampleRate, step }) => {
    const recorder = new MediaRecorder();
    if (encoding !== undefined) recorder.depacketizer.setPayloads([{ payloadType, encoding }]);
    for (let index = 0; index < 4; index++) {
      recorder.push(rtp(filler(160), { payloadType, timestamp: 0xffff_ff00 + index * step }));
      recorder.nowMs += 20;
    }
    expect(recorder.audio).toEqual([{ codec, sampleRate, channels: 1 }]);
    expect(recorder.frames.map((frame) => frame.pts90k)).toEqual([0, 1800, 3600, 5400]);
    recorder.depacketizer.gap(recorder.nowMs);
  });

  test('PS video beside audio with its own payload type', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(0, keyFrame()));
    recorder.push(rtp(filler(160), { payloadType: 8, timestamp: 5 }));
    recorder.send(framePack(STEP, annexB(slice())));
    expect([recorder.units.length, recorder.frames.length]).toEqual([2, 1]);
  });

  test('an unknown payload is counted; an rtpmap that comes later explains it', () => {
    const recorder = new MediaRecorder();
    recorder.push(rtp(SPS_1080, { payloadType: 120 }));
    expect(recorder.errors).toEqual(['payload_unknown']);
    recorder.depacketizer.setPayloads([
      { payloadType: 120, encoding: 'H264/90000' },
      { payloadType: 98, encoding: 'HIKVISION/90000' },
      { payloadType: 96, encoding: 'PS/90000' },
    ]);
    feed(recorder, 120, [
      { payload: SPS_1080, timestamp: 0 },
      { payload: PPS, timestamp: 0 },
      { payload: idr(), timestamp: 0, marker: true },
    ]);
    expect(recorder.units).toHaveLength(1);
  });

  test('an rtpmap that comes after the first packets replaces what the number said', () => {
    const recorder = new MediaRecorder();
    recorder.push(rtp(filler(300), { payloadType: 99 }));
    recorder.depacketizer.setPayloads([{ payloadType: 99, encoding: 'PS/90000' }]);
    recorder.send(keyPack(0, keyFrame()), { payloadType: 99 });
    expect(recorder.units).toHaveLength(1);
  });
});

function tsCell(pid: number, start: boolean, counter: number, payload: Buffer): Buffer {
  const room = 184 - payload.length;
  const head = Buffer.from([
    0x47,
    (start ? 0x40 : 0) | (pid >> 8),
    pid & 0xff,
    (room > 0 ? 0x30 : 0x10) | (counter & 15),
  ]);
  if (room === 0) return Buffer.concat([head, payload]);
  const adaptation =
    room === 1 ? Buffer.from([0]) : Buffer.concat([Buffer.from([room - 1, 0]), Buffer.alloc(room - 2, 0xff)]);
  return Buffer.concat([head, adaptation, payload]);
}

class TsWriter {
  readonly #counters = new Map<number, number>();

  cells(pid: number, payload: Buffer): Buffer[] {
    const cells: Buffer[] = [];
    for (let at = 0; at < payload.length; at += 184) {
      const counter = this.#counters.get(pid) ?? 0;
      this.#counters.set(pid, counter + 1);
      cells.push(tsCell(pid, at === 0, counter, payload.subarray(at, at + 184)));
    }
    return cells;
  }

  tables(): Buffer[] {
    const pat = Buffer.from('0000b00d0001c100000001e100' + '00000000', 'hex');
    const pmt = Buffer.from('0002b0170001c10000e101f000' + '1be101f000' + '90e102f000' + '00000000', 'hex');
    return [...this.cells(0, pat), ...this.cells(0x100, pmt)];
  }
}

describe('quirk: MPEG-TS rather than PS', () => {
  function stream(): Buffer {
    const writer = new TsWriter();
    const cells: Buffer[] = [];
    for (let index = 0; index < 4; index++) {
      if (index % 2 === 0) cells.push(...writer.tables());
      const video = index % 2 === 0 ? keyFrame(index, 3000) : annexB(slice(1500, index));
      cells.push(...writer.cells(0x101, pes(0xe0, video, { pts: index * STEP, length: 0 })));
      cells.push(...writer.cells(0x102, pes(0xc0, filler(160), { pts: index * STEP })));
      cells.push(tsCell(0x1fff, false, 0, filler(184)));
    }
    return Buffer.concat(cells);
  }

  test.each([7 * 188, 188, 1000])('in packets of %i bytes', (mtu) => {
    const recorder = new MediaRecorder();
    recorder.send(stream(), { mtu, marker: false });
    recorder.tick(200);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [7, 8, 5], [1]]);
    expect(recorder.units[2]!.nalus[2]).toEqual(idr(3000, 2));
    expect(recorder.units.map((unit) => unit.pts90k)).toEqual([0, STEP, 2 * STEP, 3 * STEP]);
    expect(recorder.frames).toHaveLength(3);
    expect(recorder.frames[0]).toMatchObject({ codec: 'pcma', payload: filler(160) });
    expect(recorder.errors).toEqual([]);
  });

  test('a lost cell and lost sync drop the unit', () => {
    const bytes = stream();
    const recorder = new MediaRecorder();
    recorder.send(Buffer.concat([bytes.subarray(0, 188 * 5), bytes.subarray(188 * 6)]), {
      mtu: 7 * 188,
      marker: false,
    });
    expect(recorder.faults).toEqual(['ts_discontinuity']);
    expect(recorder.units.map((unit) => unit.keyFrame)).toEqual([true]);
    const other = new MediaRecorder();
    other.send(Buffer.concat([bytes.subarray(0, 188 * 4), filler(50), bytes.subarray(188 * 4)]), { mtu: 60_000 });
    expect(other.faults).toContain('ts_lost_sync');
    other.depacketizer.gap(other.nowMs);
    other.send(stream(), { mtu: 7 * 188 });
    expect(other.units.length).toBeGreaterThan(1);
  });

  test('a start that is no PES header is counted', () => {
    const writer = new TsWriter();
    const recorder = new MediaRecorder();
    const cells = [...writer.tables(), ...writer.cells(0x101, filler(100)), ...writer.cells(0x102, filler(100))];
    recorder.send(Buffer.concat([...cells, ...writer.cells(0x101, pes(0xe0, filler(90), { pts: 1, length: 2 }))]), {
      mtu: 7 * 188,
    });
    expect(recorder.faults).toEqual(['pes_bad_header', 'pes_bad_header', 'pes_bad_length']);
  });
});
