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
    const queue = new PtzQueue((direction) => {
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

  test('a refused move does not block the stop, and a refused stop is sent again', async () => {
    const sent: PtzDirection[] = [];
    const queue = new PtzQueue((direction) => {
      sent.push(direction);
      return Promise.reject(new Error('offline'));
    });
    queue.push('up');
    queue.push('stop');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual(['up', 'stop', 'stop']);
  });
});
