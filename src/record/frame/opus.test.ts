import { expect, test } from 'vitest';
import { opusSamples } from './opus.ts';

test.each([
  { name: 'SILK 20 ms', packet: '08', ms: 20 },
  { name: 'SILK 60 ms', packet: '18', ms: 60 },
  { name: 'hybrid 10 ms', packet: '60', ms: 10 },
  { name: 'CELT 2.5 ms', packet: '80', ms: 2.5 },
  { name: 'CELT 20 ms, stereo', packet: 'fc', ms: 20 },
  { name: 'two frames', packet: 'f9', ms: 40 },
  { name: 'three frames by count', packet: 'fb03', ms: 60 },
  { name: 'more than 120 ms', packet: 'fb3f', ms: 120 },
  { name: 'empty', packet: '', ms: 20 },
])('$name (RFC 6716 §3.1)', ({ packet, ms }) => {
  expect(opusSamples(Buffer.from(packet, 'hex')) / 48).toBe(ms);
});
