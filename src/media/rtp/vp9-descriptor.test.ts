import { expect, test } from 'vitest';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { leaveVp9FlexibleMode } from './vp9-descriptor.ts';

const HEADER = '80620001000000010000000a';

test.each([
  { name: 'key frame with structure (Chromium)', from: '9b914610028001e0824983', to: '8b914610028001e0824983' },
  { name: 'frame with one reference (Chromium)', from: 'd99147028600', to: 'c991478600' },
  { name: 'frame with three references', from: 'd9914703050486aa', to: 'c9914786aa' },
  { name: 'short picture id', from: 'd911028600', to: 'c9118600' },
  { name: 'no picture id', from: '59028600', to: '498600' },
  { name: 'continuation', from: 'd1914802a7d6', to: 'c19148a7d6' },
  { name: 'not flexible', from: 'c991478600', to: 'c991478600' },
  { name: 'spatial layers', from: 'f9914700028600', to: 'f9914700028600' },
  { name: 'four references', from: 'd9914703030302ff', to: 'd9914703030302ff' },
  { name: 'cut off', from: 'd99147', to: 'd99147' },
  { name: 'nothing behind the references', from: 'd9914702', to: 'd9914702' },
  { name: 'empty', from: '', to: '' },
])('$name', ({ from, to }) => {
  const packet = Buffer.from(HEADER + from, 'hex');
  const removed = leaveVp9FlexibleMode(packet, HEADER.length / 2, packet.length);
  expect(packet.subarray(removed).toString('hex')).toBe(HEADER + to);
});

test('fuzz: 100,000 mutated packets never throw, keep their header and lose three bytes at most', () => {
  const random = seededRandom(9);
  const seeds = ['9b914610028001e0824983', 'd99147028600', 'd9914703050486aa', '59028600'];
  const memory = Buffer.alloc(64);
  let changed = 0;
  for (let index = 0; index < 100_000; index++) {
    const payload = Buffer.alloc(64);
    const length = mutate(Buffer.from(seeds[random(seeds.length)]!, 'hex'), payload, random);
    Buffer.from(HEADER, 'hex').copy(memory);
    payload.copy(memory, 12, 0, length);
    const removed = leaveVp9FlexibleMode(memory, 12, Math.min(64, 12 + length));
    if (removed > 3) expect.fail(`${removed} bytes`);
    if (removed > 0) changed++;
    if (memory.toString('hex', removed, removed + 12) !== HEADER) expect.fail('header');
  }
  expect(changed).toBeGreaterThan(10_000);
});
