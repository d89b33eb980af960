import { describe, expect, test } from 'vitest';
import type { PtzDirection } from '../api/types.ts';
import { directionOfKeys, isPtzKey, PtzQueue, ptzSpeeds } from './ptz.ts';

describe('directionOfKeys', () => {
  test.each<{ keys: string[]; direction: PtzDirection }>([
    { keys: [], direction: 'stop' },
    { keys: ['ArrowUp'], direction: 'up' },
    { keys: ['ArrowUp', 'ArrowLeft'], direction: 'upleft' },
    { keys: ['ArrowDown', 'ArrowRight'], direction: 'downright' },
    { keys: ['ArrowUp', 'ArrowDown'], direction: 'stop' },
    { keys: ['ArrowUp', 'ArrowDown', 'ArrowRight'], direction: 'right' },
    { keys: ['+'], direction: 'zoomin' },
    { keys: ['-'], direction: 'zoomout' },
    { keys: ['+', '-'], direction: 'stop' },
    { keys: ['ArrowLeft', '+'], direction: 'left' },
  ])('$keys is $direction', ({ keys, direction }) => expect(directionOfKeys(new Set(keys))).toBe(direction));

  test('keys that do not move a camera', () => {
    expect(isPtzKey('ArrowUp')).toBe(true);
    expect(isPtzKey('a')).toBe(false);
    expect(isPtzKey('toString')).toBe(false);
  });
});

test.each([
  { step: 1, speed: 26, zoomSpeed: 2 },
  { step: 5, speed: 128, zoomSpeed: 8 },
  { step: 10, speed: 255, zoomSpeed: 15 },
])('ptzSpeeds $step', ({ step, speed, zoomSpeed }) => expect(ptzSpeeds(step)).toEqual({ speed, zoomSpeed }));

describe('PtzQueue', () => {
  /** Answers only when told to. */
  function slowSender() {
    const sent: PtzDirection[] = [];
    const answers: (() => void)[] = [];
    const queue = new PtzQueue<PtzDirection>('stop', (direction) => {
      sent.push(direction);
      return new Promise<void>((resolve) => answers.push(resolve));
    });
    const answer = async () => {
      answers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { sent, queue, answer };
  }

  test('a stop behind a slow start is sent after it, never before and never lost', async () => {
    const { sent, queue, answer } = slowSender();
    queue.push('left');
    queue.push('stop');
    expect(sent).toEqual(['left']);
    await answer();
    expect(sent).toEqual(['left', 'stop']);
  });

  test('of many wishes in between only the newest counts', async () => {
    const { sent, queue, answer } = slowSender();
    for (const direction of ['up', 'left', 'down', 'right'] as const) queue.push(direction);
    await answer();
    expect(sent).toEqual(['up', 'right']);
  });

  test('the same wish is sent once, a stop at rest not at all', async () => {
    const { sent, queue, answer } = slowSender();
    queue.push('stop');
    queue.push('up');
    await answer();
    queue.push('up');
    await answer();
    expect(sent).toEqual(['up']);
  });

  /** Refuses all for as long as `refusing`. */
  function refusingSender() {
    const sent: PtzDirection[] = [];
    const state = { refusing: true };
    const queue = new PtzQueue<PtzDirection>('stop', (direction) => {
      sent.push(direction);
      return state.refusing ? Promise.reject(new Error('offline')) : Promise.resolve();
    });
    return { sent, queue, state, settled: () => new Promise((resolve) => setImmediate(resolve)) };
  }

  test('a refused move does not block the stop, and a refused stop is sent again', async () => {
    const { sent, queue, settled } = refusingSender();
    queue.push('up');
    queue.push('stop');
    await settled();
    expect(sent).toEqual(['up', 'stop', 'stop']);
  });

  test('after a stop that was lost the next one is no repetition', async () => {
    const { sent, queue, state, settled } = refusingSender();
    queue.push('up');
    queue.push('stop');
    await settled();
    state.refusing = false;
    queue.push('stop');
    await settled();
    queue.push('stop');
    await settled();
    expect(sent).toEqual(['up', 'stop', 'stop', 'stop']);
  });

  test('a halt goes out at rest, and behind a stop that is on its way', async () => {
    const { sent, queue, answer } = slowSender();
    queue.halt();
    expect(sent).toEqual(['stop']);
    queue.halt();
    await answer();
    expect(sent).toEqual(['stop', 'stop']);
    await answer();
    queue.push('stop');
    expect(sent).toHaveLength(2);
  });

  test('a flush sends what waits at once and only once', async () => {
    const { sent, queue, answer } = slowSender();
    queue.flush();
    queue.push('up');
    queue.push('stop');
    queue.flush();
    expect(sent).toEqual(['up', 'stop']);
    await answer();
    await answer();
    queue.flush();
    expect(sent).toEqual(['up', 'stop']);
  });
});
