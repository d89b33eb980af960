import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sourceNetwork } from './source-network.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
  ['1::5:6:7:8:192.0.2.1', '1:0:5:6::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80::1'],
  ['fe80::2', 'fe80::2'],
  ['', ''],
  ['no address', 'no address'],
  ['1:2', '1:2'],
])('%s counts as %s', (address, network) => {
  expect(sourceNetwork(address)).toBe(network);
});

test('all addresses of a /64 are one source, others are not', () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
  const half = fc.array(group, { minLength: 4, maxLength: 4 });
  // Global unicast, RFC 4291 §2.4.
  const network = half.map(([, ...rest]) => ['2001', ...rest]);
  fc.assert(
    fc.property(network, network, half, half, (here, there, one, other) => {
      const source = sourceNetwork([...here, ...one].join(':'));
      expect(sourceNetwork([...here, ...other].join(':'))).toBe(source);
      expect(sourceNetwork([...there, ...one].join(':')) === source).toBe(here.join() === there.join());
    }),
  );
});
