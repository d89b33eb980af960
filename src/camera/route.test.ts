import { describe, expect, test } from 'vitest';
import { CameraOptionError } from './errors.ts';
import { resolveServer } from './route.ts';

describe('resolveServer', () => {
  test.each([
    { text: '192.0.2.1:7100', expected: { address: '192.0.2.1', port: 7_100 } },
    { text: '192.0.2.1', expected: { address: '192.0.2.1', port: 5_060 } },
    { text: '[2001:db8::1]:5061', expected: { address: '2001:db8::1', port: 5_061 } },
    { text: '2001:db8::1', expected: { address: '2001:db8::1', port: 5_060 } },
  ])('$text', async ({ text, expected }) => {
    expect(await resolveServer(text)).toEqual(expected);
  });

  test.each(['', '192.0.2.1:0', '192.0.2.1:70000', 'a:b:c'])('refuses "%s"', async (text) => {
    await expect(resolveServer(text)).rejects.toThrow(CameraOptionError);
  });
});
