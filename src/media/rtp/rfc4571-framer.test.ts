import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filler, keyPack, keyFrame, rtp, tcpFrame } from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { Rfc4571Framer } from './rfc4571-framer.ts';

class Harness {
  readonly out: string[] = [];
  readonly framer: Rfc4571Framer;

  constructor(ssrc?: number) {
    this.framer = new Rfc4571Framer({
      onFrame: (buffer, start, end) => this.out.push(buffer.toString('hex', start, end)),
      onDiscontinuity: () => this.out.push('discontinuity'),
    });
    if (ssrc !== undefined) this.framer.setSsrc(ssrc);
  }

  push(...chunks: Buffer[]): this {
    for (const chunk of chunks) this.framer.push(Buffer.from(chunk));
    return this;
  }
}

const SSRC = 0x0bebc5e9;

function packets(count: number, bytes = 100): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    rtp(filler(bytes + index, index), { sequenceNumber: index, ssrc: SSRC }),
  );
}

function interleaved(packet: Buffer, channel = 0): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

function ehome(packet: Buffer): Buffer {
  const withReturn = Buffer.concat([packet.subarray(0, 12), Buffer.from('\r'), packet.subarray(12)]);
  return interleaved(withReturn);
}

function cut(stream: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
  return chunks;
}

const hexOf = (list: Buffer[]): string[] => list.map((packet) => packet.toString('hex'));

describe('Rfc4571Framer', () => {
  test.each([1, 2, 3, 13, 50, 113, 1000, 100_000])('RFC 4571 in chunks of %i bytes', (size) => {
    const list = packets(12);
    const harness = new Harness(SSRC).push(...cut(Buffer.concat(list.map((packet) => tcpFrame(packet))), size));
    expect(harness.out).toEqual(hexOf(list));
    expect(harness.framer).toMatchObject({ framing: 'rfc4571', resyncs: 0, pendingBytes: 0, frames: 12 });
  });

  test.each([1, 7, 300, 100_000])('quirk: $-interleaved framing in chunks of %i bytes', (size) => {
    const list = packets(5);
    const harness = new Harness().push(...cut(Buffer.concat(list.map((packet) => interleaved(packet))), size));
    expect(harness.out).toEqual(hexOf(list));
    expect(harness.framer.framing).toBe('interleaved');
  });

  test.each([1, 7, 300, 100_000])('quirk: EHOME header of 256 bytes in front, in chunks of %i bytes', (size) => {
    const list = packets(5);
    const header = Buffer.concat([Buffer.from([1, 0, 1]), Buffer.alloc(253, 9)]);
    for (const stream of [
      Buffer.concat([header, ...list.map((packet) => ehome(packet))]),
      Buffer.concat(list.flatMap((packet) => [header, ehome(packet)])),
    ]) {
      const harness = new Harness().push(...cut(stream, size));
      expect(harness.out).toEqual(hexOf(list));
      expect(harness.framer.framing).toBe('ehome');
    }
  });

  test('a frame of 0x0124 or 0x2400 bytes is not taken for another framing', () => {
    for (const bytes of [0x0100, 0x0101, 0x2400, 0x2480]) {
      const packet = rtp(filler(bytes - 12));
      const harness = new Harness().push(tcpFrame(packet), tcpFrame(packet));
      expect(harness.framer).toMatchObject({ framing: 'rfc4571', frames: 2, resyncs: 0 });
    }
  });

  test('RTCP, null packets and a second source on the connection', () => {
    const rtcp = Buffer.from('80c80006000000010000000000000000000000000000000000000000', 'hex');
    const audio = rtp(filler(160), { payloadType: 8, ssrc: 77 });
    const list = [packets(1)[0]!, rtcp, audio, packets(1)[0]!];
    const harness = new Harness(SSRC).push(
      ...list.map((packet) => tcpFrame(packet)),
      Buffer.from([0, 0]),
      tcpFrame(list[0]!),
    );
    expect(harness.out).toEqual(hexOf([...list, list[0]!]));
    expect(harness.framer.resyncs).toBe(0);
  });

  test('a packet of 65,535 bytes (NoRecoverLargeLength: large is no reason to give up)', () => {
    const packet = rtp(filler(65_523));
    const harness = new Harness(SSRC).push(...cut(Buffer.concat([tcpFrame(packet), tcpFrame(packet)]), 1460));
    expect(harness.framer.frames).toBe(2);
  });

  test.each([1, 64, 1000, 100_000])(
    'quirk: garbage in the middle, found again by SSRC, in chunks of %i bytes',
    (size) => {
      const list = packets(6, 200);
      const stream = Buffer.concat([
        ...list.slice(0, 3).map((packet) => tcpFrame(packet)),
        filler(777, 3),
        ...list.slice(3).map((packet) => tcpFrame(packet)),
      ]);
      const harness = new Harness(SSRC).push(...cut(stream, size));
      expect(harness.out).toEqual([...hexOf(list.slice(0, 3)), 'discontinuity', ...hexOf(list.slice(3))]);
      expect(harness.framer.resyncs).toBe(1);
      expect(harness.framer.skippedBytes).toBe(777);
    },
  );

  test('quirk: the camera overwrites its send buffer in the middle of a packet', () => {
    const list = packets(6, 400);
    const framed = list.map((packet) => tcpFrame(packet));
    framed[2] = framed[2]!.subarray(0, 150);
    const harness = new Harness(SSRC).push(Buffer.concat(framed));
    expect(harness.out.slice(0, 2)).toEqual(hexOf(list.slice(0, 2)));
    expect(harness.out).toContain('discontinuity');
    expect(harness.out.at(-1)).toBe(list[5]!.toString('hex'));
    expect(harness.framer.resyncs).toBe(1);
  });

  test('quirk: RTP version 0 and PT 69 (Hikvision NVR): skipped to the next good packet', () => {
    for (const bad of ['0060', '8045']) {
      const list = packets(4);
      const broken = Buffer.from(list[1]!);
      broken.write(bad, 'hex');
      const harness = new Harness(SSRC).push(
        ...[list[0]!, broken, list[2]!, list[3]!].map((packet) => tcpFrame(packet)),
      );
      expect(harness.out.at(-1)).toBe(list[3]!.toString('hex'));
      expect(harness.framer.resyncs).toBe(1);
    }
  });

  test('without a known SSRC a PS pack or system header tells where a packet starts', () => {
    const pack = keyPack(0, keyFrame());
    for (const payload of [pack, pack.subarray(14)]) {
      const packet = rtp(payload);
      const harness = new Harness().push(Buffer.concat([filler(300, 5), tcpFrame(packet), tcpFrame(packet)]));
      expect(harness.out).toEqual(['discontinuity', packet.toString('hex'), packet.toString('hex')]);
    }
  });

  test('RecoverLimit: a connection recovers any number of times', () => {
    const list = packets(1, 200);
    const harness = new Harness(SSRC);
    for (let index = 0; index < 40; index++) harness.push(tcpFrame(list[0]!), filler(90, index));
    harness.push(tcpFrame(list[0]!));
    expect(harness.framer.resyncs).toBe(40);
    expect(harness.framer.frames).toBe(41);
  });

  test('garbage only keeps a bounded rest', () => {
    const harness = new Harness(SSRC);
    for (let index = 0; index < 500; index++) {
      harness.push(filler(1000, index));
      expect(harness.framer.pendingBytes).toBeLessThan(70_000);
    }
    expect(harness.out).toEqual([]);
  });

  test('property: any cutting gives the same packets', () => {
    const list = packets(8, 60);
    const stream = Buffer.concat(list.map((packet) => tcpFrame(packet)));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 }), (sizes) => {
        const harness = new Harness(SSRC);
        let at = 0;
        for (let index = 0; at < stream.length; index++) {
          const size = sizes[index % sizes.length]!;
          harness.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(harness.out).toEqual(hexOf(list));
      }),
    );
  });

  test('fuzz: 200,000 mutated chunks never throw, keep a bounded rest and do not stop a good stream', () => {
    const random = seededRandom(3);
    const list = packets(3, 20);
    const seed = Buffer.concat(list.map((packet) => tcpFrame(packet)));
    const memory = Buffer.alloc(512);
    let frames = 0;
    let framer: Rfc4571Framer;
    const sink = {
      onFrame: (buffer: Buffer, start: number, end: number) => {
        frames++;
        if (start < 0 || end > buffer.length || start > end) expect.fail('frame outside of its buffer');
      },
      onDiscontinuity: () => {},
    };
    framer = new Rfc4571Framer(sink);
    for (let index = 0; index < 200_000; index++) {
      if (index % 50 === 0) {
        framer = new Rfc4571Framer(sink);
        if (index % 100 === 0) framer.setSsrc(SSRC);
      }
      framer.push(memory.subarray(0, mutate(seed, memory, random)));
      if (framer.pendingBytes > 66_000) expect.fail('unbounded rest');
    }
    expect(frames).toBeGreaterThan(100_000);
    const before = frames;
    framer.setSsrc(SSRC);
    for (let index = 0; index < 2000; index++) framer.push(Buffer.from(seed));
    expect(frames - before).toBeGreaterThan(3000);
  });
});
