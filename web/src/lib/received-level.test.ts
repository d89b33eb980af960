import { expect, test } from 'vitest';
import { receivedLevel } from './received-level.ts';

const NOW = 1_800_000_000_000;
const sinceStart = (ms: number) => NOW - performance.timeOrigin - ms;

type Source = { audioLevel?: number; timestamp: number };
const peerOf = (kind: string, sources: Source[]) =>
  ({ getReceivers: () => [{ track: { kind }, getSynchronizationSources: () => sources }] }) as unknown as Parameters<
    typeof receivedLevel
  >[0];

test.each([
  { name: 'since the epoch', kind: 'audio', sources: [{ audioLevel: 0.3, timestamp: NOW - 100 }], level: 0.3 },
  { name: 'since the start', kind: 'audio', sources: [{ audioLevel: 0.3, timestamp: sinceStart(100) }], level: 0.3 },
  { name: 'long ago', kind: 'audio', sources: [{ audioLevel: 0.3, timestamp: NOW - 2000 }], level: 0 },
  { name: 'not told', kind: 'audio', sources: [{ timestamp: NOW }], level: 0 },
  { name: 'a picture', kind: 'video', sources: [{ audioLevel: 0.3, timestamp: NOW }], level: 0 },
])('$name', ({ kind, sources, level }) => expect(receivedLevel(peerOf(kind, sources), NOW)).toBe(level));

test('no connection', () => expect(receivedLevel(undefined, NOW)).toBe(0));
