import { expect, test } from 'vitest';
import { settlePaused } from './pause-switch.ts';

/** As mediasoup's: `paused` changes when the worker has answered. */
class Slow {
  closed = false;
  paused = false;
  readonly asked: string[] = [];
  readonly waiting: (() => void)[] = [];
  fails = false;

  pause = (): Promise<void> => this.#ask('pause', true);
  resume = (): Promise<void> => this.#ask('resume', false);

  async answerAll(): Promise<void> {
    for (let answer = this.waiting.shift(); answer !== undefined; answer = this.waiting.shift()) {
      answer();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #ask(name: string, paused: boolean): Promise<void> {
    this.asked.push(name);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.fails) throw new Error('refused');
    this.paused = paused;
  }
}

test('a change of mind while the worker still works is carried out afterwards', async () => {
  const target = new Slow();
  let muted = true;
  const first = settlePaused(target, () => muted);
  await new Promise((resolve) => setImmediate(resolve));
  expect(target.asked).toEqual(['pause']);
  muted = false;
  const second = settlePaused(target, () => muted);
  await target.answerAll();
  await Promise.all([first, second]);
  expect(target.asked).toEqual(['pause', 'resume']);
  expect(target.paused).toBe(false);
});

test('what is as wanted, or closed, is left alone; a refusal is told and holds nobody up', async () => {
  const target = new Slow();
  await settlePaused(target, () => false);
  expect(target.asked).toEqual([]);
  target.fails = true;
  const refused = settlePaused(target, () => true);
  const told = expect(refused).rejects.toThrow('refused');
  await new Promise((resolve) => setImmediate(resolve));
  await target.answerAll();
  await told;
  target.fails = false;
  const again = settlePaused(target, () => true);
  await new Promise((resolve) => setImmediate(resolve));
  await target.answerAll();
  await again;
  expect(target.paused).toBe(true);
  target.closed = true;
  await settlePaused(target, () => false);
  expect(target.asked).toEqual(['pause', 'pause']);
});
