import { expect, test } from 'vitest';
import type { TraceEntry } from '../api/types.ts';
import { traceKeys } from './trace-keys.ts';

const entry = (at: number, text = 'OPTIONS'): TraceEntry => ({
  at,
  direction: 'out',
  protocol: 'udp',
  local: '127.0.0.1:5060',
  remote: '127.0.0.2:5060',
  deviceId: '1',
  callId: 'c',
  summary: text,
  text,
});

test('a message keeps its key when newer ones come before it', () => {
  const old = [entry(2), entry(1)];
  expect(traceKeys([entry(4), entry(3), ...old]).slice(2)).toEqual(traceKeys(old));
});

test('two alike in one millisecond have keys of their own, the older one its own of before', () => {
  const [newer, older] = traceKeys([entry(1), entry(1)]);
  expect(newer).not.toBe(older);
  expect(traceKeys([entry(1)])).toEqual([older]);
});
