import { describe, expect, test } from 'vitest';
import { createDepacketizer, createRtpView, parseRtp } from '../media/index.ts';
import { behaviourWith, QUIRKS } from './quirks.ts';
import { STANDARD_BEHAVIOUR, type Behaviour } from './behaviour.ts';
import { CameraOptionError } from './errors.ts';
import { openMediaSource } from './media-source.ts';
import { LENGTH_BYTES, stampFrame } from './muxed-clip.ts';

interface Demuxed {
  units: number;
  keyFrames: number;
  videoCodec: string;
  audioCodec: string;
  audioFrames: number;
  markers: number;
  timestamps: Set<number>;
  packets: Buffer[];
}

/** Sends two seconds of a camera's stream through the gateway's own demuxer. */
function demux(behaviour: Behaviour, frames = 60, audioFrom = 0): Demuxed {
  const { main: muxed } = openMediaSource({
    behaviour,
    clip: undefined,
    fps: 25,
    bitrateKbps: undefined,
    audio: true,
  });
  const seen: Demuxed = {
    units: 0,
    keyFrames: 0,
    videoCodec: '',
    audioCodec: '',
    audioFrames: 0,
    markers: 0,
    timestamps: new Set(),
    packets: [],
  };
  const depacketizer = createDepacketizer({
    onPack: () => undefined,
    onVideoParameters: ({ codec }) => (seen.videoCodec = codec),
    onAudioParameters: ({ codec }) => (seen.audioCodec = codec),
    onAccessUnit: ({ keyFrame }) => {
      seen.units += 1;
      if (keyFrame) seen.keyFrames += 1;
    },
    onAudioFrame: () => (seen.audioFrames += 1),
    onError: () => undefined,
  });
  depacketizer.setPayloads([{ payloadType: 96, encoding: 'PS' }]);
  const view = createRtpView();
  let sequenceNumber = 65_000;
  for (let number = 0; number < frames; number += 1) {
    const template = muxed.template(number, number >= audioFrom);
    let bytes = stampFrame(template, {
      ssrc: 1,
      sequenceNumber,
      clock90k: 1_000_000 + number * 3_600,
      rtpTimestamp: behaviour.rtpTimestamp,
    });
    for (const fault of behaviour.frameFaults) {
      bytes = fault({ bytes, starts: template.packets, number, transport: 'udp' });
    }
    for (let packet = 0; packet + 1 < template.packets.length; packet += 1) {
      const rtp = bytes.subarray(template.packets[packet], (template.packets[packet + 1] ?? 0) - LENGTH_BYTES);
      if (parseRtp(rtp, view) !== undefined) throw new TypeError('no RTP packet');
      seen.packets.push(rtp);
      seen.markers += view.marker ? 1 : 0;
      seen.timestamps.add(view.timestamp);
      depacketizer.push(view, 1_000 + number * 40);
    }
    sequenceNumber = (sequenceNumber + template.packets.length - 1) & 0xffff;
  }
  depacketizer.tick(1_000 + frames * 40 + 500);
  return seen;
}

describe('what the gateway makes of a camera', () => {
  test('standard: every picture, both groups, G.711A', () => {
    const seen = demux(STANDARD_BEHAVIOUR);
    expect(seen).toMatchObject({ units: 60, keyFrames: 2, videoCodec: 'h264', audioCodec: 'pcma', audioFrames: 60 });
    expect(seen.markers).toBe(120);
    expect(seen.timestamps.size).toBe(120);
    expect(seen.packets.every((packet) => packet.length <= 1412)).toBe(true);
  });

  test.each([
    { quirk: 'pes-length-zero', expected: { units: 60, videoCodec: 'h264' } },
    { quirk: 'truncated-pack-header', expected: { units: 60, videoCodec: 'h264' } },
    { quirk: 'private-stream', expected: { units: 60, videoCodec: 'h264', audioCodec: 'pcma' } },
    { quirk: 'psm-bad-crc', expected: { units: 60, videoCodec: 'h264', audioCodec: 'pcma' } },
    { quirk: 'psm-bad-length', expected: { units: 60, videoCodec: 'h264', audioCodec: 'pcma' } },
    { quirk: 'no-psm', expected: { units: 60, videoCodec: 'h264', audioCodec: 'pcma' } },
    { quirk: 'no-system-header', expected: { units: 60, videoCodec: 'h264', audioCodec: 'pcma' } },
    { quirk: 'no-marker', expected: { units: 60, markers: 0 } },
    { quirk: 'rtp-ts-zero', expected: { units: 60, timestamps: new Set([0]) } },
    { quirk: 'aac-as-g711', expected: { units: 60, audioCodec: 'aac' } },
    { quirk: 'aac', expected: { units: 60, audioCodec: 'aac' } },
    { quirk: 'ulaw', expected: { units: 60, audioCodec: 'pcmu', audioFrames: 60 } },
    { quirk: 'h265', expected: { units: 60, videoCodec: 'h265', keyFrames: 2 } },
    { quirk: 'long-gop', expected: { units: 60, videoCodec: 'h264', keyFrames: 1 } },
  ])('quirk: $quirk', ({ quirk, expected }) => {
    expect(demux(behaviourWith([quirk]))).toMatchObject(expected);
  });

  test('quirk: late-audio', () => {
    expect(behaviourWith(['late-audio']).audioAfterSec).toBe(5);
    expect(behaviourWith(['late-audio=1']).audioAfterSec).toBe(1);
    expect(demux(STANDARD_BEHAVIOUR, 60, 25)).toMatchObject({ units: 60, audioCodec: 'pcma', audioFrames: 35 });
  });

  test('several quirks at once', () => {
    const seen = demux(behaviourWith(['no-marker', 'psm-bad-crc', 'ulaw', 'private-stream']));
    expect(seen).toMatchObject({ units: 60, audioCodec: 'pcmu', markers: 0 });
  });
});

describe('what a quirk really sends', () => {
  const firstPayload = (quirk: string, frame = 0): Buffer => {
    const { main: muxed } = openMediaSource({
      behaviour: behaviourWith(quirk === '' ? [] : [quirk]),
      clip: undefined,
      fps: 25,
      bitrateKbps: undefined,
      audio: true,
    });
    return muxed.template(frame, true).bytes.subarray(14);
  };
  const at = (bytes: Buffer, code: number): number => bytes.indexOf(Buffer.from([0, 0, 1, code]));

  test('PES_packet_length 0, truncated pack, private stream', () => {
    const zero = firstPayload('pes-length-zero');
    expect(zero.readUInt16BE(at(zero, 0xe0) + 4)).toBe(0);
    expect(firstPayload('truncated-pack-header', 1).toString('hex', 0, 8)).toBe('000001ba000001e0');
    const secret = firstPayload('private-stream', 1);
    expect(secret.readUInt16BE(at(secret, 0xbd) + 4)).toBe(43);
    expect(secret.readUInt32BE(at(secret, 0xbd) + 6 + 43)).toBe(0x1e0);
  });

  test('maps and headers left out or wrong', () => {
    const right = firstPayload('');
    const map = at(right, 0xbc);
    expect([at(firstPayload('no-psm'), 0xbc), at(firstPayload('no-system-header'), 0xbb)]).toEqual([-1, -1]);
    const crc = firstPayload('psm-bad-crc');
    expect(crc.subarray(map, map + 20).equals(right.subarray(map, map + 20))).toBe(true);
    expect(crc.readUInt32BE(map + 20)).not.toBe(right.readUInt32BE(map + 20));
    expect([right.readUInt16BE(map + 10), firstPayload('psm-bad-length').readUInt16BE(map + 10)]).toEqual([8, 4]);
  });

  test('tcp-corrupt shortens one frame of 75, over TCP only', () => {
    const [fault] = behaviourWith(['tcp-corrupt']).frameFaults;
    const starts = Int32Array.of(2, 104);
    const frame = { bytes: Buffer.alloc(102), starts };
    const lengths = Array.from({ length: 150 }, (_, number) => fault!({ ...frame, number, transport: 'tcp' }).length);
    expect(lengths.filter((length) => length !== 102)).toEqual([65, 65]);
    expect(fault!({ ...frame, number: 74, transport: 'udp' }).length).toBe(102);
  });
});

describe('SSRC', () => {
  const random = (): number => 0.5;
  test.each([
    { quirk: 'none', offered: 200_001_001, y: '0200001001', rtp: 200_001_001 },
    { quirk: 'none', offered: undefined, y: '0500000000', rtp: 500_000_000 },
    { quirk: 'hik-ssrc-rewrite', offered: 102_001_001, y: '0302001001', rtp: 302_001_001 },
    { quirk: 'ssrc-mismatch', offered: 200_001_001, y: '0200001001', rtp: 500_000_000 },
    { quirk: 'no-y', offered: 200_001_001, y: undefined, rtp: 500_000_000 },
    { quirk: 'y-zero', offered: 200_001_001, y: '0000000000', rtp: 500_000_000 },
    { quirk: 'ssrc-zero', offered: 200_001_001, y: '0200001001', rtp: 0 },
  ])('quirk: $quirk, offered $offered', ({ quirk, offered, y, rtp }) => {
    const behaviour = behaviourWith(quirk === 'none' ? [] : [quirk]);
    expect(behaviour.ssrc(offered, random)).toEqual({ y, rtp });
  });
});

describe('hik-wrong-content-length', () => {
  const message = Buffer.from('MESSAGE sip:a SIP/2.0\r\nContent-Length: 10\r\n\r\n0123456789');
  test('quirk: 0 and too small in turns, bytes kept, bodiless messages untouched', () => {
    const [fault] = behaviourWith(['hik-wrong-content-length']).wireFaults;
    expect(fault!(message)?.toString()).toBe('MESSAGE sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n0123456789');
    expect(fault!(message)?.toString()).toBe('MESSAGE sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\n0123456789');
    const bodiless = Buffer.from('OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n');
    expect(fault!(bodiless)).toBe(bodiless);
    expect(fault!(Buffer.from('no head'))).toEqual(Buffer.from('no head'));
  });
});

describe('answers to INVITE', () => {
  const response = (method: string): Buffer => Buffer.from(`SIP/2.0 200 OK\r\nCSeq: 7 ${method}\r\n\r\n`);
  test.each(['no-invite-response', 'lost-invite-response'])('quirk: %s loses those and nothing else', (name) => {
    const [fault] = behaviourWith([name]).wireFaults;
    expect(fault!(response('INVITE'))).toBeUndefined();
    const others = [
      response('BYE'),
      response('MESSAGE'),
      Buffer.from('INVITE sip:a SIP/2.0\r\nCSeq: 7 INVITE\r\n\r\n'),
    ];
    for (const message of [...others, Buffer.from('\r\n\r\n')]) expect(fault!(message)).toBe(message);
  });

  test.each([
    { quirk: 'no-invite-response', earlyMedia: true, answerAfterSec: 0 },
    { quirk: 'lost-invite-response', earlyMedia: false, answerAfterSec: 0 },
    { quirk: 'late-invite-response', earlyMedia: true, answerAfterSec: 4 },
    { quirk: 'late-invite-response=6', earlyMedia: true, answerAfterSec: 6 },
  ])('quirk: $quirk', ({ quirk, ...expected }) => {
    expect(behaviourWith([quirk])).toMatchObject(expected);
  });
});

describe('behaviourWith', () => {
  test('names are unique and each changes something', () => {
    expect(new Set(QUIRKS.map(({ name }) => name)).size).toBe(QUIRKS.length);
    for (const { name } of QUIRKS) expect(behaviourWith([name])).not.toEqual(STANDARD_BEHAVIOUR);
  });

  test.each([
    { quirks: ['bye-after'], byeAfterSec: 5 },
    { quirks: ['bye-after=2.5'], byeAfterSec: 2.5 },
  ])('argument: $quirks', ({ quirks, byeAfterSec }) => {
    expect(behaviourWith(quirks).byeAfterSec).toBe(byeAfterSec);
  });

  test.each([['nonsense'], ['bye-after=0'], ['bye-after=x'], ['']])('refuses %s', (quirk) => {
    expect(() => behaviourWith([quirk])).toThrow(CameraOptionError);
  });
});
