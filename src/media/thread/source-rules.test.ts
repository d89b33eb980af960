import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SourceRules, type Verdict } from './source-rules.ts';

const A = '192.0.2.1';
const B = '192.0.2.2';

/** Milliseconds, SSRC, address, verdict; `answer` steps tell the SSRC of an answer. */
type Step =
  | readonly [atMs: number, ssrc: number, address: string, verdict: Verdict]
  | { readonly answer: number | undefined; readonly device?: readonly string[] };

interface Case {
  readonly name: string;
  readonly check?: 'strict' | 'latch';
  readonly ownPort?: boolean;
  readonly steps: readonly Step[];
}

const cases: readonly Case[] = [
  {
    name: 'the offered SSRC',
    steps: [
      [0, 100, A, 'latched'],
      [10, 100, A, 'accepted'],
    ],
  },
  {
    name: 'the SSRC of the answer replaces the offered one',
    check: 'strict',
    steps: [{ answer: 300 }, [0, 100, A, 'wrong_ssrc'], [1, 300, A, 'latched']],
  },
  {
    name: 'strict: never another one',
    check: 'strict',
    steps: [
      [0, 5, A, 'wrong_ssrc'],
      [9000, 5, A, 'wrong_ssrc'],
    ],
  },
  {
    name: 'latch: another one after a second in which nothing matched',
    steps: [
      [0, 5, A, 'wrong_ssrc'],
      [999, 5, A, 'wrong_ssrc'],
      [1000, 5, A, 'latched'],
    ],
  },
  { name: 'quirk: y= missing, the first valid SSRC is taken', steps: [{ answer: undefined }, [0, 5, A, 'latched']] },
  { name: 'quirk: y=0, the first valid SSRC is taken', steps: [{ answer: 0 }, [0, 5, A, 'latched']] },
  {
    name: 'quirk: SSRC 0, strict too',
    check: 'strict',
    steps: [
      [0, 0, A, 'latched'],
      [1, 0, A, 'accepted'],
    ],
  },
  {
    name: 'quirk: a second sender is ignored while the first one sends',
    steps: [
      [0, 100, A, 'latched'],
      [3000, 7, A, 'wrong_ssrc'],
      [3001, 100, A, 'accepted'],
      [6000, 7, B, 'wrong_ssrc'],
    ],
  },
  {
    name: 'relatch when the old SSRC is silent for more than 3 s',
    steps: [
      [0, 100, A, 'latched'],
      [3000, 7, A, 'wrong_ssrc'],
      [3001, 7, A, 'latched'],
      [3002, 7, A, 'accepted'],
    ],
  },
  {
    name: 'strict: no relatch after silence',
    check: 'strict',
    steps: [
      [0, 100, A, 'latched'],
      [9000, 7, A, 'wrong_ssrc'],
      [9001, 100, A, 'accepted'],
    ],
  },
  {
    name: 'quirk: the expected SSRC takes over from a stale sender that was latched',
    steps: [{ answer: undefined }, [0, 7, A, 'latched'], [10, 100, B, 'latched'], [20, 7, A, 'wrong_ssrc']],
  },
  {
    name: 'another address of the same SSRC, until 3 s of silence',
    steps: [
      [0, 100, A, 'latched'],
      [100, 100, B, 'wrong_source'],
      [3101, 100, B, 'accepted'],
      [3102, 100, A, 'wrong_source'],
    ],
  },
  {
    name: 'strict: from an address of the device alone',
    check: 'strict',
    steps: [
      { answer: 100, device: [A] },
      [0, 100, B, 'wrong_source'],
      [9000, 100, B, 'wrong_source'],
      [9001, 100, A, 'latched'],
      [12_002, 100, B, 'wrong_source'],
    ],
  },
  {
    name: 'strict: one of several addresses, as a socket of both families tells it',
    check: 'strict',
    steps: [{ answer: 100, device: ['10.0.0.1', `::ffff:${A}`] }, [0, 100, `::ffff:${A}`, 'latched']],
  },
  {
    name: 'strict: a host name in the answer may be any address',
    check: 'strict',
    steps: [{ answer: 100, device: ['camera.example', A] }, [0, 100, B, 'latched']],
  },
  {
    name: 'strict: before the answer only the SSRC counts',
    check: 'strict',
    steps: [[0, 100, B, 'latched'], { answer: 100, device: [A] }, [10, 100, B, 'accepted']],
  },
  {
    name: 'latch: the address of the device does not matter',
    steps: [{ answer: 100, device: [A] }, [0, 100, B, 'latched']],
  },
  {
    name: 'shared port: only the expected one, whatever the check is',
    ownPort: false,
    steps: [{ answer: undefined }, [0, 0, A, 'wrong_ssrc'], [5000, 7, A, 'wrong_ssrc'], [5001, 100, A, 'latched']],
  },
];

test.each(cases)('$name', ({ check = 'latch', ownPort = true, steps }) => {
  const rules = new SourceRules({ expectedSsrc: 100, ssrcCheck: check, ownPort });
  for (const step of steps) {
    if ('answer' in step) rules.setAnswer(step.answer, step.device);
    else expect([step[0], step[1], step[2], rules.check(step[1], step[2], step[0])]).toEqual([...step]);
  }
});

test('property: a source that sends at least every 3 s is never displaced by one that is not expected', () => {
  const packet = fc.record({
    waitMs: fc.nat(2999),
    ssrc: fc.integer({ min: 1, max: 9 }),
    address: fc.constantFrom(A, B),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 100 }), (packets) => {
      const rules = new SourceRules({ expectedSsrc: 100, ssrcCheck: 'latch', ownPort: true });
      let nowMs = 0;
      rules.check(100, A, nowMs);
      for (const { waitMs, ssrc, address } of packets) {
        nowMs += waitMs;
        expect(rules.check(ssrc, address, nowMs)).toBe('wrong_ssrc');
        expect(rules.check(100, A, nowMs)).toBe('accepted');
      }
    }),
  );
});
