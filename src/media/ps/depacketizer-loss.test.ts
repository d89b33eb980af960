import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MediaRecorder } from '../../../test/support/media-recorder.ts';
import {
  annexB,
  filler,
  framePack,
  keyFrame,
  keyPack,
  packHeader,
  pes,
  privateStream,
  programStreamMap,
  rtp,
  rtpFrame,
  slice,
  systemHeader,
} from '../../../test/support/ps-builder.ts';

const STEP = 3600;

function started(): MediaRecorder {
  const recorder = new MediaRecorder();
  recorder.send(keyPack(0, keyFrame()));
  recorder.send(framePack(STEP, annexB(slice())));
  return recorder;
}

describe('loss (quirks P4) and recovery, with the names of the SRS unit tests', () => {
  test('gap: the unit in progress is dropped, then units up to the next key frame', () => {
    const recorder = started();
    const packets = rtpFrame(framePack(2 * STEP, annexB(slice(4000))), { timestamp: 2 * STEP });
    recorder.push(packets[0]!);
    recorder.depacketizer.gap(recorder.nowMs);
    recorder.push(packets.at(-1)!);
    recorder.send(framePack(3 * STEP, annexB(slice())));
    recorder.send(framePack(4 * STEP, annexB(slice())));
    expect(recorder.units).toHaveLength(2);
    expect(recorder.keyFramesNeeded).toBe(1);
    expect(recorder.errors).toEqual(['frame_dropped', 'frame_dropped', 'frame_dropped']);
    recorder.send(keyPack(5 * STEP, keyFrame()));
    recorder.send(framePack(6 * STEP, annexB(slice())));
    expect(recorder.units.map((unit) => [unit.keyFrame, unit.pts90k])).toEqual([
      [true, 0],
      [false, STEP],
      [true, 5 * STEP],
      [false, 6 * STEP],
    ]);
  });

  test('gap: sound goes on at the next pack', () => {
    const recorder = started();
    recorder.depacketizer.gap(recorder.nowMs);
    recorder.send(Buffer.concat([packHeader(), pes(0xc0, filler(160), { pts: 2 * STEP })]));
    expect(recorder.frames).toHaveLength(1);
  });

  test('joining in the middle: nothing before the first key frame', () => {
    const recorder = new MediaRecorder();
    recorder.send(filler(2000));
    recorder.send(framePack(0, annexB(slice())));
    recorder.send(keyPack(STEP, keyFrame()));
    expect(recorder.units.map((unit) => unit.keyFrame)).toEqual([true]);
    expect(recorder.faults).toEqual([]);
  });

  test('a key frame is asked for at once and each second until it comes', () => {
    const recorder = new MediaRecorder();
    for (let index = 0; index < 60; index++) recorder.send(framePack(index * STEP, annexB(slice())));
    expect(recorder.keyFramesNeeded).toBe(3);
    recorder.send(keyPack(60 * STEP, keyFrame()));
    for (let index = 61; index < 100; index++) recorder.send(framePack(index * STEP, annexB(slice())));
    expect(recorder.keyFramesNeeded).toBe(3);
    expect(recorder.units).toHaveLength(40);
  });

  test('a picture of more NAL units than are kept apart loses none of its bytes', () => {
    const recorder = new MediaRecorder();
    const slices = Array.from({ length: 1500 }, (_, index) => slice(20, index, false));
    recorder.send(keyPack(0, Buffer.concat([keyFrame(), annexB(...slices)])));
    const [unit] = recorder.units;
    expect(unit!.nalus).toHaveLength(1024);
    expect(unit!.nalus.reduce((bytes, nalu) => bytes + nalu.length, 0)).toBeGreaterThan(1500 * 20);
  });

  test('PartialPesHeader: a PES header cut at each byte', () => {
    const bytes = keyPack(0, keyFrame());
    const at = bytes.indexOf(Buffer.from([0, 0, 1, 0xe0]), 60);
    for (let cut = 1; cut < 15; cut++) {
      const recorder = new MediaRecorder();
      recorder.push(rtp(bytes.subarray(0, at + cut)));
      recorder.push(rtp(bytes.subarray(at + cut), { marker: true }));
      expect(recorder.units).toHaveLength(1);
      expect(recorder.errors).toEqual([]);
    }
  });

  test('PartialPayload: payload in packets of one byte', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(0, keyFrame()), { mtu: 1 });
    expect(recorder.units[0]!.nalus[2]!.length).toBe(600);
  });

  test('InvalidPesHeader and Recover: drops to the next pack and key frame', () => {
    const recorder = started();
    const broken = framePack(2 * STEP, annexB(slice()));
    broken[14 + 6] = 0x0c;
    recorder.send(broken);
    recorder.send(framePack(3 * STEP, annexB(slice())));
    recorder.send(keyPack(4 * STEP, keyFrame()));
    expect(recorder.faults).toEqual(['pes_bad_header']);
    expect(recorder.units.map((unit) => unit.keyFrame)).toEqual([true, false, true]);
  });

  test('InvalidRtp: a packet that is no RTP is counted and the stream goes on', () => {
    const recorder = started();
    const broken = rtp(filler(100));
    broken[0] = 0;
    recorder.push(broken);
    recorder.send(framePack(2 * STEP, annexB(slice())));
    expect(recorder.errors).toEqual(['rtp_bad_version']);
    expect(recorder.units).toHaveLength(3);
  });

  test('RecoverLimit: recovers any number of times', () => {
    const recorder = started();
    for (let index = 2; index < 60; index += 2) {
      recorder.send(Buffer.concat([packHeader(), filler(300)]));
      recorder.send(keyPack(index * STEP, keyFrame()));
    }
    expect(recorder.units).toHaveLength(2 + 29);
    expect(recorder.faults).toEqual(Array.from({ length: 29 }, () => 'ps_lost_sync'));
  });

  test('NoRecoverLargeLength: a large packet is recovered from too', () => {
    const recorder = started();
    recorder.send(Buffer.concat([packHeader(), filler(60_000)]), { mtu: 65_000 });
    recorder.send(keyPack(4 * STEP, keyFrame()));
    expect(recorder.units).toHaveLength(3);
  });

  test('SkipUntilPack: everything up to the next pack header is skipped', () => {
    const recorder = started();
    recorder.send(
      Buffer.concat([filler(50), pes(0xe0, annexB(slice()), { pts: 2 * STEP }), keyPack(3 * STEP, keyFrame())]),
    );
    expect(recorder.faults).toEqual(['ps_lost_sync']);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [7, 8, 5]]);
  });

  test('PrivateStream: private, padding and unknown streams are skipped', () => {
    const recorder = new MediaRecorder();
    const others = [0xbd, 0xbe, 0xbf, 0xf0, 0xff].map((id) => privateStream(id, filler(70)));
    const end = Buffer.from([0, 0, 1, 0xb9]);
    recorder.send(
      Buffer.concat([packHeader(), systemHeader(), ...others, pes(0xe0, keyFrame(), { pts: 0 }), ...others, end]),
    );
    expect(recorder.units).toHaveLength(1);
    expect(recorder.errors).toEqual([]);
  });

  test('a PES declared longer than what comes is cut at the next pack', () => {
    const recorder = new MediaRecorder();
    const video = keyFrame();
    recorder.send(Buffer.concat([packHeader(), pes(0xe0, video, { pts: 0, length: video.length + 8 + 500 })]));
    recorder.send(framePack(STEP, annexB(slice())));
    recorder.tick(200);
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1]]);
    expect(recorder.faults).toEqual(['marker_unreliable', 'pes_truncated']);
  });

  test.each([
    ['system_header_bad_length', Buffer.from('000001bbffff', 'hex')],
    ['psm_bad_length', Buffer.from('000001bcffff', 'hex')],
    ['pack_bad_header', Buffer.from('000001baff000000', 'hex')],
    ['pes_bad_length', pes(0xe0, filler(30), { pts: 1, length: 3 })],
    ['ps_lost_sync', Buffer.from('00000165aabbccdd', 'hex')],
  ])('%s', (reason, bytes) => {
    const recorder = started();
    recorder.send(Buffer.concat([packHeader(), bytes]));
    recorder.send(keyPack(3 * STEP, keyFrame()));
    expect(recorder.faults).toEqual([reason]);
    expect(recorder.units).toHaveLength(3);
  });

  test('zero bytes between packets are stuffing', () => {
    const recorder = started();
    recorder.send(Buffer.concat([Buffer.alloc(20), framePack(2 * STEP, annexB(slice())), Buffer.alloc(5)]));
    recorder.send(framePack(3 * STEP, annexB(slice())));
    expect(recorder.units).toHaveLength(4);
    expect(recorder.errors).toEqual([]);
  });

  test('a frame over the bound is dropped, and memory stays', () => {
    const recorder = new MediaRecorder({ maxFrameBytes: 10_000 });
    recorder.send(keyPack(0, keyFrame(1, 20_000)));
    recorder.send(keyPack(STEP, keyFrame(1, 5000)));
    recorder.send(keyPack(2 * STEP, keyFrame(1, 5000)));
    expect(recorder.errors).toContain('frame_too_large');
    expect(recorder.units).toHaveLength(2);
  });

  test('an audio frame over 64 KiB is dropped', () => {
    const recorder = new MediaRecorder();
    recorder.send(Buffer.concat([packHeader(), pes(0xc0, filler(70_000), { pts: 0, length: 0 }), packHeader()]));
    expect(recorder.errors).toContain('audio_too_large');
    expect(recorder.frames).toHaveLength(0);
  });

  test('a second video stream is left alone', () => {
    const recorder = started();
    recorder.send(
      Buffer.concat([framePack(2 * STEP, annexB(slice())), pes(0xe1, annexB(slice(300, 9)), { pts: 2 * STEP })]),
    );
    expect(recorder.units).toHaveLength(3);
    recorder.tick(200);
    expect(recorder.units).toHaveLength(3);
  });

  test('several pictures in one PES come apart', () => {
    const recorder = new MediaRecorder();
    recorder.send(keyPack(0, Buffer.concat([keyFrame(), annexB(slice(100, 1)), annexB(slice(100, 2))])));
    expect(recorder.nalTypes).toEqual([[7, 8, 5], [1], [1]]);
  });

  test('a unit finished by time is not continued', () => {
    const recorder = started();
    recorder.send(framePack(2 * STEP, annexB(slice(300, 1))), { marker: false });
    recorder.tick(100);
    expect(recorder.units).toHaveLength(3);
    recorder.send(pes(0xe0, annexB(slice(300, 2, false))), { timestamp: 2 * STEP });
    recorder.send(framePack(3 * STEP, annexB(slice())));
    expect(recorder.faults).toEqual(['unit_split']);
    expect(recorder.units).toHaveLength(3);
  });

  test('an IDR without parameter sets gets the last ones', () => {
    const recorder = started();
    recorder.send(framePack(2 * STEP, annexB(Buffer.concat([Buffer.from([0x65, 0x88, 0x80]), filler(50)]))));
    expect(recorder.nalTypes.at(-1)).toEqual([7, 8, 5]);
  });
});

describe('delivery', () => {
  test('parameters: units and sound are told without their bytes; units from the next key frame on', () => {
    const recorder = new MediaRecorder({ delivery: 'parameters' });
    const send = (index: number): void => {
      const video =
        index % 4 === 0
          ? keyPack(index * STEP, keyFrame(index, 90_000 / 3))
          : framePack(index * STEP, annexB(slice(3000)));
      recorder.send(Buffer.concat([video, pes(0xc0, filler(160), { pts: index * STEP })]));
    };
    for (let index = 0; index < 6; index++) send(index);
    expect(recorder.units.map((unit) => [unit.keyFrame, unit.nalus.length, unit.pts90k])).toEqual(
      [true, false, false, false, true, false].map((keyFrameUnit, index) => [keyFrameUnit, 0, index * STEP]),
    );
    expect(recorder.frames.every((frame) => frame.payload.length === 0)).toBe(true);
    expect(recorder.video).toHaveLength(1);
    recorder.depacketizer.setDelivery('units');
    expect(recorder.keyFramesNeeded).toBe(1);
    for (let index = 6; index < 10; index++) send(index);
    expect(recorder.units.slice(6).map((unit) => [unit.keyFrame, unit.nalus.length])).toEqual([
      [true, 3],
      [false, 1],
    ]);
    expect(recorder.frames.at(-1)!.payload.length).toBe(160);
    recorder.depacketizer.setDelivery('units');
    expect(recorder.keyFramesNeeded).toBe(1);
  });
});

test('property: any order of any pieces never throws and keeps times monotonic', () => {
  const pieces = [
    packHeader(),
    systemHeader(),
    programStreamMap([[0x1b, 0xe0]]),
    pes(0xe0, keyFrame(), { pts: 90_000 }),
    pes(0xe0, annexB(slice()), { pts: 93_600 }),
    pes(0xe0, annexB(slice())),
    pes(0xe0, annexB(slice()), { pts: 5, length: 0 }),
    pes(0xc0, filler(160), { pts: 90_000 }),
    privateStream(0xbd, filler(20)),
    filler(30),
    Buffer.alloc(7),
  ];
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          index: fc.nat(pieces.length - 1),
          marker: fc.boolean(),
          timestamp: fc.nat(3),
          mtu: fc.integer({ min: 1, max: 900 }),
        }),
      ),
      (list) => {
        const recorder = new MediaRecorder();
        for (const { index, ...fields } of list) recorder.send(pieces[index]!, fields);
        recorder.tick(500);
        const times = recorder.units.map((unit) => unit.dts90k);
        times.slice(1).forEach((time, index) => expect(time).toBeGreaterThan(times[index]!));
      },
    ),
  );
});
