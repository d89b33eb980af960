import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUNDLE_MARK, BUNDLE_PACKETS, PacketBundle } from './packet-bundle.ts';

function packetsOf(bundle: PacketBundle): Buffer[] {
  const packets: Buffer[] = [];
  bundle.forEach((buffer, start, end) => packets.push(Buffer.from(buffer.subarray(start, end))));
  return packets;
}

test('the datagram is the mark, then length, zeros, packet and padding to four bytes', () => {
  const bundle = new PacketBundle();
  bundle.append(Buffer.from([9, 0x80, 1, 2, 3, 4, 9]), 1, 6);
  bundle.append(Buffer.from([0x80, 5, 6, 7]), 0, 4);
  expect(bundle.buffer.toString('hex', BUNDLE_MARK.length, bundle.length)).toBe(
    ['00050000', '8001020304000000', '00040000', '80050607'].join(''),
  );
  expect(bundle.buffer.subarray(0, BUNDLE_MARK.length)).toEqual(BUNDLE_MARK);
});

test('property: what was put in comes out, until 32 packets or the room of one datagram', () => {
  const packet = fc.integer({ min: 1, max: 4000 }).map((length) => Buffer.alloc(length, length));
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 50 }), (packets) => {
      const bundle = new PacketBundle();
      for (let round = 0; round < 2; round += 1) {
        const kept = packets.filter((bytes) => bundle.append(bytes, 0, bytes.length));
        expect(packetsOf(bundle)).toEqual(kept);
        expect(bundle.packets).toBe(kept.length);
        expect(bundle.packetBytes).toBe(kept.reduce((sum, { length }) => sum + length, 0));
        expect(bundle.packets).toBeLessThanOrEqual(BUNDLE_PACKETS);
        expect(bundle.length).toBeLessThan(65_507);
        bundle.clear();
        expect(bundle.packets + packetsOf(bundle).length).toBe(0);
      }
    }),
    { numRuns: 200 },
  );
});
