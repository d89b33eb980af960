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
  packHeader,
  pes,
  PPS,
  privateStream,
  programStreamMap,
  rtp,
  slice,
  splitPes,
  SPS_1080,
  SPS_720,
  systemHeader,
  TRUNCATED_PACK_HEADER,
} from '../../../test/support/ps-builder.ts';

const STEP = 3600;
const START = 900_000;

function pts(index: number): number {
  return START + index * STEP;
}

function h265Slice(seed: number, first = true): Buffer {
  return Buffer.concat([Buffer.from([0x02, 0x01, first ? 0xd0 : 0x50]), filler(300, seed)]);
}

function h265Key(seed: number): Buffer {
  return annexB(H265_VPS, H265_SPS, H265_PPS, Buffer.concat([Buffer.from([0x26, 0x01, 0xaf]), filler(900, seed)]));
}

/** ADTS frame, AAC-LC 16 kHz mono. */
function adts(bytes: number): Buffer {
  const length = bytes + 7;
  return Buffer.concat([
    Buffer.from([0xff, 0xf1, 0x60, 0x40 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]),
    filler(bytes),
  ]);
}

describe('program streams of real devices', () => {
  test('a plain stream: units at once, with their NAL units and times', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), keyFrame()));
    expect(recorder.units).toHaveLength(1);
    recorder.send(framePack(pts(1), annexB(slice())));
    expect(recorder.units).toHaveLength(2);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1]]);
    expect(recorder.units.map((unit) => [unit.pts90k, unit.dts90k, unit.keyFrame])).toEqual([
      [0, 0, true],
      [STEP, STEP, false],
    ]);
    expect(recorder.units[0]!.nalus[2]).toEqual(idr());
    expect(recorder.video).toMatchObject([{ codec: 'h264', profileLevelId: '42c028', width: 1920, height: 1080 }]);
    expect(recorder.errors).toEqual([]);
    expect(recorder.packs).toBe(2);
  });

  test.each([1, 2, 3, 5, 7, 13, 40, 100, 1400, 65_000])(
    'any cut into packets gives the same units: %i bytes',
    (mtu) => {
      const recorder = new MediaRecorder();
      const audio = filler(160);
      for (let index = 0; index < 6; index++) {
        const video =
          index % 3 === 0 ? keyPack(pts(index), keyFrame(index)) : framePack(pts(index), annexB(slice(180, index)));
        recorder.send(Buffer.concat([video, pes(0xc0, audio, { pts: pts(index) })]), { mtu });
      }
      expect(recorder.units.map((unit) => unit.keyFrame)).toEqual([true, false, false, true, false, false]);
      expect(recorder.units[4]!.nalus[0]).toEqual(slice(180, 4));
      expect(recorder.frames).toHaveLength(6);
      expect(recorder.frames.every((frame) => frame.payload.equals(audio) && frame.codec === 'pcma')).toBe(true);
      expect(recorder.errors).toEqual([]);
    },
  );

  test('quirk: PES length 0 video (Hikvision)', () => {
    for (const marker of [true, false]) {
      const recorder = new MediaRecorder();
      for (let index = 0; index < 4; index++) {
        const video = index === 0 ? keyFrame(0, 5000) : annexB(slice(3000, index));
        const head = index === 0 ? [packHeader(), systemHeader(), programStreamMap([[0x1b, 0xe0]])] : [packHeader()];
        recorder.send(Buffer.concat([...head, pes(0xe0, video, { pts: pts(index), length: 0 })]), { marker });
      }
      recorder.tick(200);
      expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [1], [1]]);
      expect(recorder.units[0]!.nalus[2]).toEqual(idr(5000, 0));
      expect(recorder.units[3]!.nalus[0]).toEqual(slice(3000, 3));
      expect(recorder.errors).toEqual([]);
    }
  });

  test('quirk: pack header truncated to 000001BA 000001E0 (Hikvision H.265)', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 4; index++) {
      recorder.send(
        Buffer.concat([
          TRUNCATED_PACK_HEADER,
          pes(0xe0, index === 0 ? h265Key(1) : annexB(h265Slice(index)), { pts: pts(index) }),
        ]),
        {
          mtu: index === 2 ? 5 : 1400,
        },
      );
    }
    expect(recorder.units.map((unit) => [unit.codec, unit.keyFrame])).toEqual([
      ['h265', true],
      ['h265', false],
      ['h265', false],
      ['h265', false],
    ]);
    expect(recorder.packs).toBe(4);
    expect(recorder.faults).toEqual([]);
  });

  test('quirk: private 0xBD stream with a payload that looks like start codes (Hikvision)', () => {
    const recorder = new MediaRecorder();
    const evil = Buffer.concat([
      packHeader(),
      pes(0xe0, annexB(SPS_720, idr(40)), { pts: 1 }),
      Buffer.from([0, 0, 1, 0xba, 0x44]),
    ]);
    for (let index = 0; index < 3; index++) {
      const video = index === 0 ? keyPack(pts(0), keyFrame()) : framePack(pts(index), annexB(slice()));
      recorder.send(Buffer.concat([video, privateStream(0xbd, evil)]), { mtu: 200 });
    }
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [1]]);
    expect(recorder.video).toHaveLength(1);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: a frame over 64 KiB in several PES of the greatest length', () => {
    const recorder = new MediaRecorder();
    const video = keyFrame(3, 200_000);
    recorder.send(
      Buffer.concat([
        packHeader(),
        systemHeader(),
        programStreamMap([[0x1b, 0xe0]]),
        splitPes(0xe0, video, pts(0), 0xffff - 8),
      ]),
    );
    recorder.send(framePack(pts(1), annexB(slice())));
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1]]);
    expect(recorder.units[0]!.nalus[2]!.equals(idr(200_000, 3))).toBe(true);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: a frame that ends exactly with a full PES waits for the next pack, not for ever', () => {
    const recorder = new MediaRecorder();
    const video = keyFrame(3, 65_000);
    recorder.send(
      Buffer.concat([packHeader(), programStreamMap([[0x1b, 0xe0]]), splitPes(0xe0, video, pts(0), 70_000 - 4900)]),
    );
    expect(recorder.units).toHaveLength(0);
    recorder.send(framePack(pts(1), annexB(slice())));
    expect(recorder.units).toHaveLength(2);
  });

  test('quirk: PS packs over 512 KB (Hikvision NVR)', () => {
    const recorder = new MediaRecorder();
    const video = keyFrame(4, 900_000);
    recorder.send(
      Buffer.concat([packHeader(), programStreamMap([[0x1b, 0xe0]]), splitPes(0xe0, video, pts(0), 0xff80)]),
    );
    recorder.tick(200);
    expect(recorder.units[0]!.nalus[2]!.length).toBe(900_000);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: PSM with a wrong CRC', () => {
    const recorder = new MediaRecorder();
    const psm = programStreamMap(
      [
        [0x1b, 0xe0],
        [0x91, 0xc0],
      ],
      { crc: 0x5a },
    );
    recorder.send(Buffer.concat([keyPack(pts(0), keyFrame(), psm), pes(0xc0, filler(160), { pts: pts(0) })]));
    expect(recorder.units).toHaveLength(1);
    expect(recorder.audio).toEqual([{ codec: 'pcmu', sampleRate: 8000, channels: 1 }]);
  });

  test('quirk: es_map_length too small, so that audio seems undeclared', () => {
    const recorder = new MediaRecorder();
    const psm = programStreamMap(
      [
        [0x1b, 0xe0],
        [0x91, 0xc0],
      ],
      { mapLength: 6 },
    );
    recorder.send(Buffer.concat([keyPack(pts(0), keyFrame(), psm), pes(0xc0, filler(160), { pts: pts(0) })]));
    expect(recorder.frames.map((frame) => frame.codec)).toEqual(['pcmu']);
  });

  test('quirk: PSM codec flips between 0x24 and 0x1B (Keda)', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 4; index++) {
      recorder.send(keyPack(pts(index), keyFrame(index), programStreamMap([[index % 2 === 0 ? 0x24 : 0x1b, 0xe0]])));
    }
    expect(recorder.units.map((unit) => unit.codec)).toEqual(['h264', 'h264', 'h264', 'h264']);
    expect(recorder.video).toHaveLength(1);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: H.265 declared as 0x1B', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), h265Key(1), programStreamMap([[0x1b, 0xe0]])));
    recorder.send(framePack(pts(1), annexB(h265Slice(1), h265Slice(2, false))));
    expect(recorder.units.map((unit) => [unit.codec, unit.nalus.length])).toEqual([
      ['h265', 4],
      ['h265', 2],
    ]);
    expect(recorder.video).toEqual([{ codec: 'h265', width: 1920, height: 1080 }]);
  });

  test('quirk: AAC with ADTS labelled 0x90 (Dahua)', () => {
    const recorder = new MediaRecorder();
    recorder.send(
      Buffer.concat([keyPack(pts(0), keyFrame()), pes(0xc0, Buffer.concat([adts(200), adts(180)]), { pts: pts(0) })]),
    );
    expect(recorder.audio).toEqual([{ codec: 'aac', sampleRate: 16_000, channels: 1 }]);
    expect(recorder.frames.map((frame) => frame.codec)).toEqual(['aac']);
  });

  test('quirk: raw AAC without ADTS, stream_type 0x1C', () => {
    const recorder = new MediaRecorder();
    const psm = programStreamMap([
      [0x1b, 0xe0],
      [0x1c, 0xc0],
    ]);
    recorder.send(Buffer.concat([keyPack(pts(0), keyFrame(), psm), pes(0xc0, filler(200), { pts: pts(0) })]));
    expect(recorder.audio).toEqual([{ codec: 'aac', sampleRate: 16_000, channels: 1 }]);
  });

  test('quirk: no PSM at all', () => {
    const recorder = new MediaRecorder();
    recorder.send(Buffer.concat([framePack(pts(0), keyFrame()), pes(0xc0, Buffer.alloc(160, 0xd5), { pts: pts(0) })]));
    recorder.send(framePack(pts(1), annexB(slice())));
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1]]);
    expect(recorder.frames.map((frame) => frame.codec)).toEqual(['pcma']);
  });

  test('quirk: µ-law, declared as 0x91 and undeclared', () => {
    const declared = new MediaRecorder();
    declared.send(
      Buffer.concat([
        keyPack(
          pts(0),
          keyFrame(),
          programStreamMap([
            [0x1b, 0xe0],
            [0x91, 0xc0],
          ]),
        ),
        pes(0xc0, filler(320), { pts: pts(0) }),
      ]),
    );
    expect(declared.frames.map((frame) => frame.codec)).toEqual(['pcmu']);
    const sniffed = new MediaRecorder();
    const quiet = Buffer.from(Array.from({ length: 320 }, (_, index) => [0xff, 0x7f, 0xfe, 0x7d][index % 4]!));
    sniffed.send(Buffer.concat([framePack(pts(0), keyFrame()), pes(0xc0, quiet, { pts: pts(0) })]));
    expect(sniffed.frames.map((frame) => frame.codec)).toEqual(['pcmu']);
  });

  test('quirk: no PTS on audio: it runs by its length beside the video', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 10; index++) {
      const video = index === 0 ? keyPack(pts(0), keyFrame()) : framePack(pts(index), annexB(slice()));
      // Not by when it comes, which is never even.
      recorder.nowMs += index % 2 === 0 ? 15 : -15;
      recorder.send(Buffer.concat([video, pes(0xc0, filler(320))]));
    }
    const times = recorder.frames.map((frame) => frame.pts90k);
    expect(times).toHaveLength(10);
    times.slice(1).forEach((time, index) => expect(time - times[index]!).toBe(3600));
    expect(Math.abs(times[9]! - recorder.units[9]!.pts90k)).toBeLessThanOrEqual(300 * 90);
  });

  test('quirk: no system header', () => {
    const recorder = new MediaRecorder();
    recorder.send(
      Buffer.concat([
        packHeader({ stuffing: 6 }),
        programStreamMap([[0x1b, 0xe0]]),
        pes(0xe0, keyFrame(), { pts: pts(0) }),
      ]),
    );
    expect(recorder.units.map((unit) => unit.keyFrame)).toEqual([true]);
  });

  test.each([0xe1, 0xe2, 0xef])('quirk: video stream id %i instead of E0', (id) => {
    const recorder = new MediaRecorder();
    for (const psm of [programStreamMap([[0x1b, id]]), programStreamMap([[0x1b, 0xe0]])]) {
      recorder.send(Buffer.concat([packHeader(), psm, pes(id, keyFrame(), { pts: pts(recorder.units.length) })]));
    }
    expect(recorder.units).toHaveLength(2);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: P-slice 0x41 is not misread as an H.265 VPS', () => {
    const recorder = new MediaRecorder();
    recorder.send(framePack(pts(0), annexB(Buffer.concat([Buffer.from([0x41, 0x01]), filler(60)]))));
    recorder.send(keyPack(pts(1), keyFrame(), programStreamMap([[0x24, 0xe0]])));
    recorder.send(framePack(pts(2), annexB(Buffer.concat([Buffer.from([0x41, 0x9a, 0x01]), filler(60)]))));
    expect(recorder.units.map((unit) => unit.codec)).toEqual(['h264', 'h264']);
    expect(recorder.video.map((video) => video.codec)).toEqual(['h264']);
  });

  test.each([true, false])(
    'quirk: SPS, PPS, SEI and IDR each in its own PES, PTS on the first (Hikvision), marker %s',
    (marker) => {
      const recorder = new MediaRecorder();
      const sei = Buffer.concat([Buffer.from([0x06, 0xe5]), filler(20)]);
      const key = (index: number): Buffer =>
        Buffer.concat([
          packHeader(),
          systemHeader(),
          programStreamMap([[0x1b, 0xe0]]),
          pes(0xe0, annexB(SPS_1080), { pts: pts(index) }),
          pes(0xe0, annexB(PPS)),
          pes(0xe0, annexB(sei)),
          splitPes(0xe0, annexB(idr(150_000)), pts(index), 0xffc6),
        ]);
      recorder.send(key(0), { marker });
      recorder.send(framePack(pts(1), annexB(slice())), { marker });
      recorder.send(key(2), { marker });
      recorder.tick(200);
      expect(recorder.nalTypes).toEqual([[7, 8, 6, 5], [1], [7, 8, 6, 5]]);
      expect(recorder.errors).toEqual([]);
    },
  );

  test.each([true, false])(
    'quirk: parameter sets with a PTS of their own go with the picture behind them, marker %s',
    (marker) => {
      const recorder = new MediaRecorder();
      for (let index = 0; index < 3; index++) {
        recorder.send(Buffer.concat([packHeader(), pes(0xe0, annexB(SPS_1080, PPS), { pts: pts(index) - 1 })]), {
          marker,
        });
        recorder.send(Buffer.concat([packHeader(), pes(0xe0, annexB(idr()), { pts: pts(index) })]), { marker });
      }
      recorder.tick(200);
      expect(recorder.nalTypes).toEqual([
        [7, 8, 5],
        [7, 8, 5],
        [7, 8, 5],
      ]);
    },
  );

  test.each([true, false])(
    'quirk: many slices a picture, each in its own PES, no PTS but on the first, marker %s',
    (marker) => {
      const recorder = new MediaRecorder();
      recorder.send(keyPack(pts(0), keyFrame()), { marker });
      for (let index = 1; index < 4; index++) {
        const parts = [0, 1, 2, 3].map((part) =>
          pes(0xe0, annexB(slice(300, part, part === 0)), { pts: part === 0 ? pts(index) : undefined }),
        );
        recorder.send(Buffer.concat([packHeader(), ...parts]), { marker });
      }
      recorder.tick(200);
      expect(recorder.nalTypes).toEqual([
        [7, 8, 5],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ]);
      expect(recorder.errors).toEqual([]);
    },
  );

  test('quirk: no AUD, no PTS, RTP timestamp 0, no marker: pictures are told apart by first_mb_in_slice', () => {
    const recorder = new MediaRecorder();
    const fields = { timestamp: 0, marker: false };
    recorder.send(Buffer.concat([packHeader(), pes(0xe0, keyFrame())]), fields);
    for (let index = 1; index < 5; index++) {
      recorder.send(
        Buffer.concat([packHeader(), pes(0xe0, annexB(slice(300, index), slice(300, index, false)))]),
        fields,
      );
    }
    recorder.tick(200);
    expect(recorder.nalTypes).toEqual([
      [7, 8, 5],
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    const times = recorder.units.map((unit) => unit.dts90k);
    times.slice(1).forEach((time, index) => expect(time).toBeGreaterThan(times[index]!));
  });

  test('quirk: marker missing: a unit comes with its successor, the last one by time', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), keyFrame()), { marker: false });
    expect(recorder.units).toHaveLength(0);
    recorder.send(framePack(pts(1), annexB(slice())), { marker: false });
    expect(recorder.units).toHaveLength(1);
    recorder.tick(10);
    expect(recorder.units).toHaveLength(1);
    recorder.tick(100);
    expect(recorder.units).toHaveLength(2);
    recorder.tick(100);
    expect(recorder.units).toHaveLength(2);
    expect(recorder.errors).toEqual([]);
  });

  test('quirk: marker on every packet is found out at the first one in the middle of a PES', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 3; index++) {
      const bytes =
        index === 0 ? keyPack(pts(0), keyFrame(0, 4000)) : framePack(pts(index), annexB(slice(3000, index)));
      for (let at = 0; at < bytes.length; at += 1000) {
        recorder.push(rtp(bytes.subarray(at, at + 1000), { marker: true, timestamp: index * STEP }));
      }
      recorder.nowMs += 40;
    }
    recorder.tick(200);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [1]]);
    expect(recorder.faults).toEqual(['marker_unreliable']);
  });

  test('quirk: marker at the end of each PES of a picture is not believed a second time', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), keyFrame()));
    const send = (index: number): void => {
      const timestamp = index * STEP;
      recorder.send(Buffer.concat([packHeader(), pes(0xe0, annexB(slice(300, 1)), { pts: pts(index) })]), {
        timestamp,
      });
      recorder.send(pes(0xe0, annexB(slice(300, 2, false))), { timestamp });
    };
    send(1);
    expect(recorder.faults).toEqual(['marker_unreliable']);
    expect(recorder.keyFramesNeeded).toBe(1);
    recorder.send(keyPack(pts(2), keyFrame()), { timestamp: 2 * STEP });
    send(3);
    recorder.tick(200);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [7, 8, 5], [1, 1]]);
  });

  test('quirk: RTP timestamp 0', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 4; index++) {
      recorder.send(index === 0 ? keyPack(pts(0), keyFrame()) : framePack(pts(index), annexB(slice())), {
        timestamp: 0,
      });
    }
    expect(recorder.units.map((unit) => unit.pts90k)).toEqual([0, STEP, 2 * STEP, 3 * STEP]);
  });

  test('quirk: SSRC 0', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), keyFrame()), { ssrc: 0 });
    expect(recorder.units).toHaveLength(1);
  });

  test('quirk: audio appearing mid-stream', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 6; index++) {
      const video =
        index === 0
          ? keyPack(pts(0), keyFrame(), programStreamMap([[0x1b, 0xe0]]))
          : framePack(pts(index), annexB(slice()));
      recorder.send(
        index < 3 ? video : Buffer.concat([video, packHeader(), pes(0xc0, filler(160), { pts: pts(index) })]),
      );
    }
    expect(recorder.units).toHaveLength(6);
    expect(recorder.frames.map((frame) => frame.pts90k)).toEqual([3 * STEP, 4 * STEP, 5 * STEP]);
  });

  test.each([
    [0x90, 'pcma'],
    [0x91, 'pcmu'],
    [0x92, 'g7221'],
    [0x93, 'g7231'],
    [0x99, 'g729'],
    [0x9b, 'svac'],
    [0x0f, 'aac'],
    [0x11, 'aac'],
    [0x03, 'mpeg-audio'],
    [0x04, 'mpeg-audio'],
  ] as const)('quirk: audio stream_type 0x%s is %s', (streamType, codec) => {
    const recorder = new MediaRecorder();
    recorder.send(
      Buffer.concat([
        keyPack(
          pts(0),
          keyFrame(),
          programStreamMap([
            [0x1b, 0xe0],
            [streamType, 0xc0],
          ]),
        ),
        pes(0xc0, filler(80), { pts: pts(0) }),
      ]),
    );
    expect(recorder.audio.map((audio) => audio.codec)).toEqual([codec]);
    expect(recorder.frames.map((frame) => frame.codec)).toEqual([codec]);
  });

  test.each([
    [0x10, 'mpeg4', Buffer.from([0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb6, 0x10, 9, 9])],
    [0x80, 'svac', Buffer.from([0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x65, 4, 5, 6])],
  ] as const)('quirk: video stream_type 0x%s is %s', (streamType, codec, picture) => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(pts(0), picture, programStreamMap([[streamType, 0xe0]])));
    recorder.send(framePack(pts(1), codec === 'mpeg4' ? Buffer.from([0, 0, 1, 0xb6, 0x50, 9]) : filler(40)));
    recorder.tick(200);
    expect(recorder.video).toEqual([{ codec }]);
    expect(recorder.units.map((unit) => [unit.codec, unit.keyFrame])).toEqual([
      [codec, true],
      [codec, false],
    ]);
    expect(recorder.units[0]!.nalus[0]).toEqual(picture);
  });
});

test('a marker that proved wrong once is trusted again after 100 good units', () => {
  const recorder = new MediaRecorder();
  const bytes = keyPack(pts(0), keyFrame(0, 4000));
  recorder.push(rtp(bytes.subarray(0, 1000), { marker: true }));
  recorder.push(rtp(bytes.subarray(1000), { marker: true }));
  for (let index = 1; index <= 102; index++)
    recorder.send(framePack(pts(index), annexB(slice())), { timestamp: index * STEP });
  expect(recorder.faults).toEqual(['marker_unreliable']);
  expect(recorder.units).toHaveLength(103);
});
