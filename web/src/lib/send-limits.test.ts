import { expect, test, vi } from 'vitest';
import { applySendLimits, sendLimits } from './send-limits.ts';

test.each([
  { members: 1, maxBitrate: 1_500_000 },
  { members: 4, maxBitrate: 1_500_000 },
  { members: 5, maxBitrate: 600_000 },
  { members: 16, maxBitrate: 250_000 },
  { members: 500, maxBitrate: 250_000 },
])('$members members', ({ members, maxBitrate }) => expect(sendLimits(members).maxBitrate).toBe(maxBitrate));

test('the encoder is told once for each change', async () => {
  const parameters = { encodings: [{}] };
  const sender = {
    track: { kind: 'video' },
    getParameters: () => structuredClone(parameters),
    setParameters: vi.fn<(next: typeof parameters) => Promise<void>>(async (next) => {
      parameters.encodings = next.encodings;
    }),
  };
  const peer = { getSenders: () => [{ track: { kind: 'audio' } }, sender] } as unknown as RTCPeerConnection;
  await applySendLimits(peer, sendLimits(5));
  await applySendLimits(peer, sendLimits(6));
  expect(parameters.encodings).toEqual([{ maxBitrate: 600_000, scaleResolutionDownBy: 2 }]);
  expect(sender.setParameters).toHaveBeenCalledTimes(1);
  await applySendLimits(peer, sendLimits(2));
  expect(parameters.encodings).toEqual([{ maxBitrate: 1_500_000, scaleResolutionDownBy: 1 }]);
});

test('nothing to tell without connection or picture', async () => {
  await applySendLimits(undefined, sendLimits(2));
  await applySendLimits({ getSenders: () => [] } as unknown as RTCPeerConnection, sendLimits(2));
});
