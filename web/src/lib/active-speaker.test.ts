import { expect, test } from 'vitest';
import { ActiveSpeaker } from './active-speaker.ts';

const LOUD = 0.2;
const NOISE = 0.005;

/** Levels of a, b, c at times in ms, and who is shown then. */
test.each<{ name: string; steps: [number, number, number, number, string | undefined][] }>([
  { name: 'nobody speaks', steps: [[0, NOISE, NOISE, 0, undefined]] },
  {
    name: 'a pause ends no turn, a silence does',
    steps: [
      [0, LOUD, NOISE, 0, 'a'],
      [500, 0, NOISE, 0, 'a'],
      [1600, 0, NOISE, 0, undefined],
    ],
  },
  {
    name: 'somebody else speaks in the pause',
    steps: [
      [0, LOUD, 0, 0, 'a'],
      [300, 0, LOUD, 0, 'a'],
      [1500, 0, LOUD, 0, 'b'],
    ],
  },
  {
    name: 'two speak: the first keeps the floor unless the other is much louder',
    steps: [
      [0, 0.2, 0, 0, 'a'],
      [300, 0.2, 0.25, 0, 'a'],
      [600, 0.2, 0.5, 0, 'b'],
    ],
  },
  { name: 'the loudest of three', steps: [[0, 0.1, 0.3, 0.2, 'b']] },
])('$name', ({ steps }) => {
  const speaker = new ActiveSpeaker();
  for (const [at, a, b, c, shown] of steps) {
    const levels = new Map([
      ['a', a],
      ['b', b],
      ['c', c],
    ]);
    expect(speaker.update(levels, 10_000 + at), `at ${at}`).toBe(shown);
  }
});

test('who has left does not speak any more', () => {
  const speaker = new ActiveSpeaker();
  expect(speaker.update(new Map([['a', LOUD]]), 5000)).toBe('a');
  expect(speaker.update(new Map([['b', NOISE]]), 5100)).toBeUndefined();
});
