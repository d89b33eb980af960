import { expect, test } from 'vitest';
import { isEnded, meetingWarning } from './meeting-notice.ts';
import type { PublisherState } from './whip-publisher.ts';

const failed = (code: string): PublisherState => ({ phase: 'failed', error: { code, message: '' } });

test.each([
  { phase: 'joined', sending: { phase: 'live' }, warning: undefined },
  { phase: 'joined', sending: { phase: 'idle' }, warning: undefined },
  { phase: 'joined', sending: { phase: 'reconnecting' }, warning: 'mediaLost' },
  { phase: 'joined', sending: failed('ice_failed'), warning: 'mediaLost' },
  { phase: 'joined', sending: failed('ended'), warning: 'mediaEnded' },
  { phase: 'joined', sending: failed('replaced'), warning: 'mediaEnded' },
  { phase: 'reconnecting', sending: failed('ended'), warning: 'reconnecting' },
] as const)('$phase, $sending: $warning', ({ phase, sending, warning }) =>
  expect(meetingWarning(phase, sending)).toBe(warning),
);

test.each([
  { state: failed('ended'), ended: true },
  { state: failed('network'), ended: false },
  { state: { phase: 'live' } as const, ended: false },
])('$state is the last word: $ended', ({ state, ended }) => expect(isEnded(state)).toBe(ended));
