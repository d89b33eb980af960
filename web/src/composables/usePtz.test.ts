import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import type { CellTarget } from '../lib/layout.ts';
import { usePtz } from './usePtz.ts';

vi.mock('vue-i18n', async (original) => ({
  ...(await original<object>()),
  useI18n: () => ({ t: (key: string) => key, te: () => true }),
}));
const told = vi.hoisted(() => vi.fn());
vi.mock('element-plus', () => ({ ElMessage: { error: told } }));

const CAMERA: CellTarget = { deviceId: 'd', channelId: 'c', subStream: 0 };

interface Sent {
  readonly url: string;
  readonly direction: string;
  readonly keepalive: boolean;
}
let sent: Sent[];
/** Answers the oldest request. */
let answers: ((status: number) => Promise<void>)[];
let scope: ReturnType<typeof effectScope>;

beforeEach(() => {
  setActivePinia(createPinia());
  told.mockClear();
  sent = [];
  answers = [];
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal('fetch', (url: string, { body, keepalive = false }: RequestInit) => {
    const { direction } = JSON.parse(body as string) as { direction: string };
    sent.push({ url, direction, keepalive });
    return new Promise<Response>((resolve) => {
      answers.push((status) => {
        resolve(Response.json({ error: { code: 'device_unreachable', message: 'no' } }, { status }));
        return new Promise((settled) => setImmediate(settled));
      });
    });
  });
  scope = effectScope();
});

afterEach(() => {
  scope.stop();
  vi.unstubAllGlobals();
});

function open() {
  const target = ref<CellTarget | null>(CAMERA);
  return { target, ...scope.run(() => usePtz(target))! };
}
const directions = () => sent.map(({ direction }) => direction);
const answer = (status = 200) => answers.shift()!(status);

test('a stop that did not reach the camera is sent again, and is told', async () => {
  const { press, release } = open();
  press('left');
  await answer();
  release();
  await answer(502);
  expect(directions()).toEqual(['left', 'stop', 'stop']);
  expect(told).toHaveBeenCalledTimes(1);
});

test('the stop button sends a stop at rest, letting go does not', async () => {
  const { press, release } = open();
  release();
  expect(sent).toEqual([]);
  press('stop');
  await answer();
  release();
  expect(directions()).toEqual(['stop']);
});

test('a page that is left while the move is on its way sends the stop at once and so that it outlives the page', () => {
  const { press } = open();
  press('up');
  window.dispatchEvent(new Event('pagehide'));
  expect(sent.map(({ direction, keepalive }) => [direction, keepalive])).toEqual([
    ['up', false],
    ['stop', true],
  ]);
});

test('a tab that is hidden first and then left does not lose the stop either', () => {
  const { press } = open();
  press('up');
  Object.assign(document, { hidden: true });
  document.dispatchEvent(new Event('visibilitychange'));
  expect(directions()).toEqual(['up']);
  window.dispatchEvent(new Event('pagehide'));
  expect(directions()).toEqual(['up', 'stop']);
});

test('another camera: the one that moves gets its stop, the other one nothing', async () => {
  const { press, target } = open();
  press('right');
  await answer();
  target.value = { ...CAMERA, channelId: 'other' };
  await nextTick();
  expect(sent.map(({ url, direction }) => [url, direction])).toEqual([
    ['/api/v1/devices/d/channels/c/ptz', 'right'],
    ['/api/v1/devices/d/channels/c/ptz', 'stop'],
  ]);
});
