import type { types } from 'mediasoup';
import { expect, test } from 'vitest';
import { silentLogger } from '../util/index.ts';
import { PacketOutput, type PacketSource } from './packet-output.ts';

const TARGET = { kinds: ['video'], address: '127.0.0.1', localAddress: '127.0.0.1', rtpPort: 5000 } as const;

test.each([
  ['closes meanwhile', true, 'webrtc_unavailable'],
  ['goes on', false, undefined],
])('a producer that cannot be consumed and %s', async (_name, closes, code) => {
  const producer = { id: 'p', closed: false };
  let closed = 0;
  const transport = {
    connect: async () => undefined,
    consume: async () => {
      producer.closed = closes;
      throw new Error('Producer with id "p" not found');
    },
    close: () => (closed += 1),
  };
  // Its router serves other publications too, and stays.
  const router = { closed: false, rtpCapabilities: { codecs: [] }, createPlainTransport: async () => transport };
  const source: PacketSource = {
    router: router as unknown as types.Router,
    producer: () => producer as unknown as types.Producer,
  };
  const failed: unknown = await PacketOutput.create(source, TARGET, silentLogger).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(Error);
  expect((failed as { code?: string }).code).toBe(code);
  expect(closed).toBe(1);
});
