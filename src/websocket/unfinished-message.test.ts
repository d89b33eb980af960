import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PIECE_BYTES, UnfinishedMessage } from './unfinished-message.ts';

const [CONTINUATION, TEXT, PING] = [0, 1, 9];

interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly length: number;
}

/** As a client sends it, masked. */
function bytesOf({ opcode, fin, length }: Frame): Buffer {
  const extended = Buffer.alloc(length < 126 ? 0 : length <= 0xff_ff ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = length < 126 ? length : extended.length === 2 ? 126 : 127;
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | short]),
    extended,
    Buffer.alloc(4 + length, 0xff),
  ]);
}

/** What is held after each piece. */
function heldOf(pieces: readonly Buffer[]): number[] {
  const message = new UnfinishedMessage();
  return pieces.map((piece) => {
    message.push(piece);
    return message.heldBytes;
  });
}

describe('what a peer holds', () => {
  const whole = bytesOf({ opcode: TEXT, fin: true, length: 10 });
  const first = bytesOf({ opcode: TEXT, fin: false, length: 10 });
  const last = bytesOf({ opcode: CONTINUATION, fin: true, length: 0 });
  const ping = bytesOf({ opcode: PING, fin: true, length: 5 });
  const large = bytesOf({ opcode: TEXT, fin: true, length: 70_000 });
  const held = (...pieces: readonly number[]): number => pieces.reduce((sum, length) => sum + length + PIECE_BYTES, 0);

  test.each([
    { name: 'nothing after a message', pieces: [whole, Buffer.concat([whole, whole])], expected: [0, 0] },
    { name: 'a header without its end', pieces: [whole.subarray(0, 1), whole.subarray(1)], expected: [held(1), 0] },
    { name: 'half a payload', pieces: [whole.subarray(0, 9), whole.subarray(9)], expected: [held(9), 0] },
    { name: 'fragments', pieces: [first, last], expected: [held(16), 0] },
    { name: 'fragments with a ping between', pieces: [first, ping, last], expected: [held(16), held(16, 11), 0] },
    {
      name: 'the piece in which the message before ended',
      pieces: [Buffer.concat([whole, first]), last],
      expected: [held(32), 0],
    },
    {
      name: 'the pieces of a large message',
      pieces: [large.subarray(0, 70_000), large.subarray(70_000, 70_001), large.subarray(70_001)],
      expected: [held(70_000), held(70_000, 1), 0],
    },
    {
      name: 'a length that nobody sends',
      pieces: [Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5])],
      expected: [held(15)],
    },
  ])('$name', ({ pieces, expected }) => {
    expect(heldOf(pieces)).toEqual(expected);
  });
});

test('whatever the pieces, something is held exactly where a message is unfinished, and at least its bytes', () => {
  const lengths = fc.array(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536), { minLength: 1, maxLength: 3 });
  const cuts = fc.array(fc.nat(200_000), { maxLength: 10 });
  fc.assert(
    fc.property(fc.array(lengths, { minLength: 1, maxLength: 4 }), cuts, (messages, at) => {
      const sent = messages.map((fragments) =>
        Buffer.concat(
          fragments.map((length, index) =>
            bytesOf({ opcode: index === 0 ? TEXT : CONTINUATION, fin: index === fragments.length - 1, length }),
          ),
        ),
      );
      const all = Buffer.concat(sent);
      const ends = sent.map((_, index) => Buffer.concat(sent.slice(0, index + 1)).length);
      const borders = [...new Set([...at.filter((cut) => cut < all.length && cut > 0), all.length])].toSorted(
        (a, b) => a - b,
      );
      const pieces = borders.map((border, index) => all.subarray(borders[index - 1] ?? 0, border));
      for (const [index, held] of heldOf(pieces).entries()) {
        const border = borders[index] ?? 0;
        const begun = border - Math.max(0, ...ends.filter((end) => end <= border));
        expect(held > 0).toBe(begun > 0);
        expect(held).toBeGreaterThanOrEqual(begun);
      }
    }),
  );
});
