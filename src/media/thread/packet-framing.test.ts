import { expect, test } from 'vitest';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { formatSenderReport } from './sender-report.ts';
import type { FramedPackets, FramingTrack, H264Description } from '../types.ts';
import { FramePort } from './frame-port.ts';
import { PacketFraming } from './packet-framing.ts';

const SPS = Buffer.from('6742c028d900780227e5c044000003000400000300c83c60c920', 'hex');
const PPS = Buffer.from('68cb83cb20', 'hex');
const SETS = Buffer.concat([Buffer.from([0x78, 0, SPS.length]), SPS, Buffer.from([0, PPS.length]), PPS]);
const IDR = Buffer.from('7c85888400', 'hex');
const SLICE = Buffer.from('419a0012', 'hex');

interface RtpFields {
  readonly payloadType?: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker?: boolean;
  readonly ssrc?: number;
}

function rtp({ payloadType = 96, sequence, timestamp, marker = false, ssrc = 1 }: RtpFields, payload: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

const VIDEO: FramingTrack = { kind: 'video', codec: 'h264', payloadType: 96 };
const AUDIO: FramingTrack = { kind: 'audio', codec: 'opus', payloadType: 111 };

function open(tracks: readonly FramingTrack[] = [VIDEO, AUDIO]) {
  const told: FramedPackets[] = [];
  const described: H264Description[] = [];
  const framing = new PacketFraming({
    tracks,
    reorderMs: 100,
    port: new FramePort((frames) => told.push(frames)),
    onDescribed: (video) => described.push(video),
  });
  return { framing, told, described };
}

/** Channel and sequence number (RTP) or `sr` (RTCP) of each packet. */
function contents({ data }: FramedPackets): string[] {
  const seen: string[] = [];
  const bytes = Buffer.from(data);
  let at = 0;
  while (at < bytes.length) {
    expect(bytes[at]).toBe(0x24);
    const channel = bytes[at + 1]!;
    seen.push(channel % 2 === 1 ? `${channel} sr` : `${channel} ${bytes.readUInt16BE(at + 6)}`);
    at += 4 + bytes.readUInt16BE(at + 2);
  }
  expect(at).toBe(bytes.length);
  return seen;
}

test('a frame is one message, sound before it may be included; a key frame is marked and described', () => {
  const { framing, told, described } = open();
  framing.onDatagram(rtp({ payloadType: 111, sequence: 500, timestamp: 960, ssrc: 2 }, Buffer.alloc(40)), 0);
  framing.onDatagram(rtp({ sequence: 1, timestamp: 3600 }, SETS), 0);
  framing.onDatagram(rtp({ sequence: 2, timestamp: 3600 }, IDR), 1);
  expect(told.map(contents)).toEqual([['2 500']]);
  framing.onDatagram(rtp({ sequence: 3, timestamp: 3600, marker: true }, IDR), 1);
  framing.onDatagram(rtp({ sequence: 4, timestamp: 7200, marker: true }, SLICE), 40);
  expect(told.map((frames) => [contents(frames), frames.keyFrame])).toEqual([
    [['2 500'], false],
    [['0 1', '0 2', '0 3'], true],
    [['0 4'], false],
  ]);
  expect(described).toEqual([
    {
      profileLevelId: '42c028',
      spropParameterSets: `${SPS.toString('base64')},${PPS.toString('base64')}`,
      width: 1920,
      height: 1080,
    },
  ]);
  framing.onDatagram(rtp({ sequence: 5, timestamp: 10_800 }, SETS), 80);
  framing.onDatagram(rtp({ sequence: 6, timestamp: 10_800, marker: true }, IDR), 80);
  expect(described).toHaveLength(1);
  expect(framing.stats).toMatchObject({ packets: 7, lost: 0, keyFrames: 2, errors: {} });
});

test('packets that come late are put in order; what never comes is counted', () => {
  const { framing, told } = open();
  for (const [sequence, nowMs] of [
    [65_534, 0],
    [0, 5],
    [65_535, 10],
    [2, 20],
  ] as const) {
    framing.onDatagram(
      rtp({ sequence, timestamp: sequence === 2 ? 7200 : 3600, marker: sequence === 2 }, SLICE),
      nowMs,
    );
  }
  expect(told).toEqual([]);
  framing.tick(300);
  expect(told).toHaveLength(1);
  framing.tick(330);
  expect(told.map(contents)).toEqual([['0 65534', '0 65535', '0 0'], ['0 2']]);
  expect(framing.stats).toMatchObject({ lost: 1, reordered: 1 });
});

test('sender reports go to the channel of their SSRC, and are told again before a key frame', () => {
  const { framing, told } = open();
  const report = (ssrc: number): Buffer =>
    formatSenderReport({ ssrc, unixMs: 1000, rtpTimestamp: 3600, packets: 1, octets: 4 });
  framing.onDatagram(rtp({ sequence: 1, timestamp: 3600, marker: true }, SLICE), 0);
  framing.onDatagram(rtp({ payloadType: 111, sequence: 9, timestamp: 960, ssrc: 2 }, Buffer.alloc(40)), 0);
  framing.onDatagram(Buffer.concat([report(1), report(2)]), 1);
  framing.onDatagram(report(77), 2);
  framing.onDatagram(rtp({ sequence: 2, timestamp: 7200, marker: true }, IDR), 40);
  expect(told.map(contents)).toEqual([['0 1'], ['2 9', '1 sr', '3 sr'], ['1 sr', '3 sr', '0 2']]);
  expect(told[2]?.keyFrame).toBe(true);
  expect(framing.stats.errors).toEqual({ rtcp_unknown_ssrc: 1 });
});

test('sound alone is told at once, each message a start', () => {
  const { framing, told } = open([AUDIO]);
  framing.onDatagram(rtp({ payloadType: 111, sequence: 9, timestamp: 960 }, Buffer.alloc(40)), 0);
  expect(told.map((frames) => [contents(frames), frames.keyFrame])).toEqual([[['2 9'], true]]);
});

test('sound is told without pictures, and a frame without its end after a while', () => {
  const { framing, told } = open();
  framing.onDatagram(rtp({ payloadType: 111, sequence: 9, timestamp: 960, ssrc: 2 }, Buffer.alloc(40)), 0);
  framing.tick(100);
  framing.onDatagram(rtp({ sequence: 1, timestamp: 3600 }, SLICE), 150);
  framing.tick(200);
  expect(told.map(contents)).toEqual([['2 9']]);
  framing.tick(360);
  expect(told.map(contents)).toEqual([['2 9'], ['0 1']]);
});

test('fuzz: 100,000 mutated datagrams never throw, and what is told is whole frames', () => {
  const random = seededRandom(21);
  const { framing, told } = open();
  const memory = Buffer.alloc(2048);
  let packets = 0;
  for (let index = 0; index < 100_000; index++) {
    const fields = { sequence: index, timestamp: (index >> 2) * 3600, marker: index % 4 === 3 };
    const seed = [
      rtp(fields, SETS),
      rtp(fields, IDR),
      rtp(fields, SLICE),
      formatSenderReport({ ssrc: 1, unixMs: index, rtpTimestamp: 1, packets: 1, octets: 1 }),
    ][random(4)]!;
    const length = random(2) === 0 ? seed.copy(memory) : mutate(seed, memory, random);
    framing.onDatagram(Buffer.from(memory.subarray(0, length)), index);
    if (index % 100 === 0) framing.tick(index);
    for (const frames of told.splice(0)) packets += contents(frames).length;
  }
  expect(packets).toBeGreaterThan(30_000);
  expect(Object.keys(framing.stats.errors).length).toBeLessThan(16);
});
