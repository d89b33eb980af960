import { expect, test } from 'vitest';
import { isWildcard } from './flow.ts';
import { LocalAddresses } from './local-address.ts';

test('names the address of the route', async () => {
  expect(await new LocalAddresses().resolve('127.0.0.9')).toBe('127.0.0.1');
});

test('never names a wildcard, where the kernel refuses the way too', async () => {
  // Without SO_BROADCAST connect(2) fails with EACCES.
  expect(isWildcard(await new LocalAddresses().resolve('255.255.255.255'))).toBe(false);
});
