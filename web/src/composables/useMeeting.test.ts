import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, ref, shallowRef } from 'vue';
import type { ConferenceDevices } from './useConferenceDevices.ts';
import { useMeeting } from './useMeeting.ts';

const TICK_MS = 500;
const LOUD = 0.5;

const seats: { endpoint: string }[] = [];
let phase = ref('idle');

/** What needs a browser: a seat that is taken at once. */
vi.mock('./useMeetingSeat.ts', () => ({
  useMeetingSeat: () => ({
    phase,
    error: shallowRef(),
    get inRoom() {
      return { value: phase.value === 'joined' };
    },
    publish: { state: shallowRef({ phase: 'idle' }), peer: () => undefined },
    mediaToken: () => undefined,
    join: (target: { endpoint: string }) => {
      seats.push(target);
      phase.value = 'joined';
    },
    leave: () => {
      phase.value = 'idle';
    },
    broadcast: () => Promise.resolve(true),
  }),
}));
vi.mock('./useCapture.ts', () => ({
  useCapture: () => ({
    captured: shallowRef({}),
    active: ref(true),
    canScreen: true,
    open: () => Promise.resolve(),
    close: () => undefined,
  }),
}));

beforeEach(() => {
  vi.useFakeTimers();
  phase = ref('idle');
  seats.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const devices = {
    capture: { captured: shallowRef({}) },
    muted: ref({ video: false, audio: false }),
    level: ref(0),
  } as unknown as ConferenceDevices;
  const scope = effectScope();
  return { meeting: scope.run(() => useMeeting(devices))!, close: () => scope.stop() };
}

const target = (endpoint?: string) => ({
  app: 'meet',
  room: 'hall',
  name: 'Ann',
  token: endpoint === undefined ? '' : `h.${btoa(JSON.stringify({ endpoint }))}.s`,
});

test('nobody speaks on from the meeting before', async () => {
  const { meeting, close } = open();
  meeting.join(target());
  meeting.setLevel('bob', LOUD);
  await vi.advanceTimersByTimeAsync(TICK_MS);
  expect(meeting.speaker.value).toBe('bob');
  meeting.leave();
  meeting.join(target());
  expect(meeting.speaker.value).toBeUndefined();
  await vi.advanceTimersByTimeAsync(TICK_MS);
  expect(meeting.speaker.value).toBeUndefined();
  close();
});

test('whoever has left the page joins nothing any more', () => {
  const { meeting, close } = open();
  close();
  meeting.join(target());
  expect(seats).toEqual([]);
});

test.each([
  { endpoint: undefined, shares: true },
  { endpoint: '*', shares: true },
  { endpoint: 'ann', shares: false },
])('a token for $endpoint: the screen can be shared: $shares', async ({ endpoint, shares }) => {
  const { meeting, close } = open();
  meeting.join(target(endpoint));
  expect(meeting.canShare.value).toBe(shares);
  await meeting.toggleShare();
  expect(seats).toHaveLength(shares ? 2 : 1);
  close();
});
