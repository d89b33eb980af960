/**
 * CPU of the media core for one 1080p25 stream of 4 Mbit/s (H.264 in PS with G.711, GOP 2 s, packets of 1400 bytes):
 * `node test/bench/media.ts`. Prints one line of JSON; times are microseconds per RTP packet unless named otherwise.
 */
import { createG711Packetizer } from '../../src/media/packetizer/g711-packetizer.ts';
import { createH264Packetizer } from '../../src/media/packetizer/h264-packetizer.ts';
import type { MediaSink } from '../../src/media/pipeline-types.ts';
import { createDepacketizer } from '../../src/media/ps/depacketizer.ts';
import { ReorderBuffer, type ReorderSink } from '../../src/media/rtp/reorder-buffer.ts';
import { Rfc4571Framer } from '../../src/media/rtp/rfc4571-framer.ts';
import { createRtpView, parseRtp, parseRtpAt } from '../../src/media/rtp/rtp-packet.ts';
import type { AccessUnit, AudioFrame } from '../../src/media/types.ts';
import {
  annexB,
  idr,
  packHeader,
  pes,
  PPS,
  programStreamMap,
  rtpFrame,
  slice,
  splitPes,
  SPS_1080,
  systemHeader,
  tcpFrame,
} from '../support/ps-builder.ts';

const FPS = 25;
const GOP = 50;
const SECONDS = 8;
const ROUNDS = 60;
const KEY_BYTES = 120_000;
const FRAME_BYTES = Math.round((4_000_000 / 8 - (KEY_BYTES * FPS) / GOP) / (FPS - FPS / GOP));

function record(): Buffer[] {
  const packets: Buffer[] = [];
  const psm = programStreamMap([
    [0x1b, 0xe0],
    [0x90, 0xc0],
  ]);
  for (let index = 0; index < FPS * SECONDS; index++) {
    const stamp = 900_000 + index * 3600;
    const isKey = index % GOP === 0;
    const video = isKey ? annexB(SPS_1080, PPS, idr(KEY_BYTES, index)) : annexB(slice(FRAME_BYTES, index));
    const head = isKey ? [packHeader({ scr: stamp }), systemHeader(), psm] : [packHeader({ scr: stamp })];
    const audio = pes(0xc0, Buffer.alloc(320, 0xd5), { pts: stamp });
    const bytes = Buffer.concat([...head, splitPes(0xe0, video, stamp, 65_000), audio]);
    packets.push(...rtpFrame(bytes, { sequenceNumber: packets.length, timestamp: stamp }));
  }
  return packets;
}

class CountingSink implements MediaSink {
  units = 0;
  bytes = 0;
  onPack(): void {}
  onVideoParameters(): void {}
  onAudioParameters(): void {}
  onError(): void {}
  onAccessUnit(unit: AccessUnit): void {
    this.units++;
    for (const nalu of unit.nalus) this.bytes += nalu.length;
  }
  onAudioFrame(frame: AudioFrame): void {
    this.bytes += frame.payload.length;
  }
}

function cpuMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function measureUdp(packets: readonly Buffer[], delivery: 'parameters' | 'units'): number {
  const sink = new CountingSink();
  const depacketizer = createDepacketizer(sink, { delivery });
  const order: ReorderSink = {
    onPacket: (view, nowMs) => depacketizer.push(view, nowMs),
    onGap: (_lost, nowMs) => depacketizer.gap(nowMs),
  };
  const reorder = new ReorderBuffer(order, { reorderMs: 50 });
  const view = createRtpView();
  const round = (nowMs: number): void => {
    for (const packet of packets) if (parseRtp(packet, view) === undefined) reorder.push(view, nowMs);
    reorder.reset();
  };
  round(0);
  round(1);
  return cpuMicros(() => {
    for (let index = 0; index < ROUNDS; index++) round(index);
  });
}

function measureTcp(packets: readonly Buffer[], delivery: 'parameters' | 'units'): number {
  const depacketizer = createDepacketizer(new CountingSink(), { delivery });
  const view = createRtpView();
  const framer = new Rfc4571Framer({
    onFrame: (buffer, start, end) => {
      if (parseRtpAt(buffer, start, end, view) === undefined) depacketizer.push(view, 0);
    },
    onDiscontinuity: () => depacketizer.gap(0),
  });
  const stream = Buffer.concat(packets.map((packet) => tcpFrame(packet)));
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += 30_000) chunks.push(stream.subarray(at, at + 30_000));
  const round = (): void => {
    for (const chunk of chunks) framer.push(chunk);
  };
  round();
  return cpuMicros(() => {
    for (let index = 0; index < ROUNDS; index++) round();
  });
}

function measurePacketizer(): { videoPerPacket: number; audioPerPacket: number } {
  const video = createH264Packetizer({ ssrc: 1, payloadType: 96 });
  const audio = createG711Packetizer({ ssrc: 2, payloadType: 0, output: 'pcmu' });
  const key: AccessUnit = {
    codec: 'h264',
    pts90k: 0,
    dts90k: 0,
    keyFrame: true,
    nalus: [SPS_1080, PPS, idr(KEY_BYTES)],
  };
  const frame: AccessUnit = { codec: 'h264', pts90k: 0, dts90k: 0, keyFrame: false, nalus: [slice(FRAME_BYTES)] };
  let count = 0;
  const sink = (): void => {
    count++;
  };
  const seconds = SECONDS * ROUNDS;
  const round = (): void => {
    for (let index = 0; index < FPS * seconds; index++) video.packetize(index % GOP === 0 ? key : frame, sink);
  };
  video.packetize(key, sink);
  count = 0;
  const videoMicros = cpuMicros(round);
  const videoPerPacket = videoMicros / count;
  count = 0;
  const payload = Buffer.alloc(320, 0xd5);
  const audioMicros = cpuMicros(() => {
    for (let index = 0; index < FPS * seconds; index++)
      audio.packetize({ codec: 'pcma', pts90k: index * 3600, payload }, sink);
  });
  return { videoPerPacket, audioPerPacket: audioMicros / count };
}

const packets = record();
const perPacket = (micros: number): number => Number((micros / (packets.length * ROUNDS)).toFixed(3));
const perSecond = (micros: number): number => Number((micros / (SECONDS * ROUNDS) / 1000).toFixed(3));
const udp = measureUdp(packets, 'units');
const udpUnwatched = measureUdp(packets, 'parameters');
const tcp = measureTcp(packets, 'units');
const tcpUnwatched = measureTcp(packets, 'parameters');
const { videoPerPacket, audioPerPacket } = measurePacketizer();
process.stdout.write(
  `${JSON.stringify({
    bench: 'media',
    packetsPerSecond: packets.length / SECONDS,
    udpPerPacket: perPacket(udp),
    udpUnwatchedPerPacket: perPacket(udpUnwatched),
    tcpPerPacket: perPacket(tcp),
    tcpUnwatchedPerPacket: perPacket(tcpUnwatched),
    msPerStreamSecond: {
      udp: perSecond(udp),
      udpUnwatched: perSecond(udpUnwatched),
      tcp: perSecond(tcp),
      tcpUnwatched: perSecond(tcpUnwatched),
    },
    packetizeVideoPerPacket: Number(videoPerPacket.toFixed(3)),
    packetizeAudioPerPacket: Number(audioPerPacket.toFixed(3)),
  })}\n`,
);
