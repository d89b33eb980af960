import { expect, test } from 'vitest';
import { createRtpView, parseRtp } from '../rtp/rtp-packet.ts';
import { createH265Packetizer } from './h265-packetizer.ts';

const nalu = (type: number, bytes: number): Buffer =>
  Buffer.concat([Buffer.from([type << 1, 1]), Buffer.from(Array.from({ length: bytes - 2 }, (_, at) => at & 0xff))]);

function packetsOf(nalus: readonly Buffer[], pts90k = 3600) {
  const packetizer = createH265Packetizer({ ssrc: 5, payloadType: 96 });
  const packets: { payload: Buffer; marker: boolean; timestamp: number; sequenceNumber: number }[] = [];
  packetizer.packetize({ codec: 'h265', pts90k, dts90k: pts90k, keyFrame: true, nalus }, (buffer, start, end) => {
    const view = createRtpView();
    const packet = Buffer.from(buffer.subarray(start, end));
    expect(parseRtp(packet, view)).toBeUndefined();
    const { marker, timestamp, sequenceNumber, payloadStart, payloadEnd } = view;
    packets.push({ payload: packet.subarray(payloadStart, payloadEnd), marker, timestamp, sequenceNumber });
  });
  return packets;
}

test('small NAL units go as they are, large ones in fragments that give them back (RFC 7798 §4.4.3)', () => {
  const [vps, idr, trail] = [nalu(32, 24), nalu(19, 5000), nalu(1, 1200)];
  const packets = packetsOf([nalu(35, 3), vps, idr, trail]);
  expect(packets.map(({ payload }) => payload.length <= 1200)).not.toContain(false);
  expect(packets.map(({ marker }) => marker)).toEqual([...packets.slice(1).map(() => false), true]);
  expect(new Set(packets.map(({ timestamp }) => timestamp)).size).toBe(1);
  const first = packets[0]!.sequenceNumber;
  expect(packets.map(({ sequenceNumber }) => sequenceNumber - first)).toEqual(packets.map((_, index) => index));
  // The delimiter tells a file nothing.
  expect(packets[0]?.payload.equals(vps)).toBe(true);
  expect(packets.at(-1)?.payload.equals(trail)).toBe(true);
  const parts = packets.slice(1, -1).map(({ payload }) => payload);
  expect(parts.map((part) => [part[0]! >> 1, part[2]! & 0xc0])).toEqual([
    [49, 0x80],
    ...parts.slice(2).map(() => [49, 0]),
    [49, 0x40],
  ]);
  const header = Buffer.from([(parts[0]![2]! & 0x3f) << 1, parts[0]![1]!]);
  expect(Buffer.concat([header, ...parts.map((part) => part.subarray(3))]).equals(idr)).toBe(true);
});

test('nothing to send is no packet', () => {
  expect(packetsOf([])).toEqual([]);
  expect(packetsOf([Buffer.from([70, 1]), Buffer.alloc(1)])).toEqual([]);
});
