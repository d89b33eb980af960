import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { formatCandidates, isConnectionAddress, localAddresses } from './candidates.ts';

test('candidates: UDP before TCP, first address first', () => {
  const lines = formatCandidates(['192.0.2.1', '2001:db8::1', '192.0.2.1'], { udp: 8000, tcp: 8001 });
  expect(lines).toEqual([
    'udp0 1 udp 2130706431 192.0.2.1 8000 typ host',
    'udp1 1 udp 2130706175 2001:db8::1 8000 typ host',
    'tcp0 1 tcp 1526726655 192.0.2.1 8001 typ host tcptype passive',
    'tcp1 1 tcp 1526726399 2001:db8::1 8001 typ host tcptype passive',
  ]);
});

describe('own addresses', () => {
  const at = (address: string, internal = false): NetworkInterfaceInfo => ({
    address,
    internal,
    family: 'IPv4',
    netmask: '',
    mac: '',
    cidr: null,
  });
  const interfaces = {
    lo: [at('127.0.0.1', true)],
    eth0: [at('192.0.2.7'), at('2001:db8::7'), at('fe80::1')],
    none: undefined,
  };
  test.each([
    { name: 'one address', listen: '192.0.2.9', has: interfaces, expected: ['192.0.2.9'] },
    { name: 'every IPv4 address', listen: '0.0.0.0', has: interfaces, expected: ['192.0.2.7'] },
    { name: 'every address', listen: '::', has: interfaces, expected: ['192.0.2.7', '2001:db8::7'] },
    { name: 'nothing but loopback', listen: '0.0.0.0', has: { lo: interfaces.lo }, expected: ['127.0.0.1'] },
  ])('$name', ({ listen, has, expected }) => {
    expect(localAddresses(listen, has)).toEqual(expected);
  });
});

test.each([
  { text: '192.0.2.1', expected: true },
  { text: '2001:db8::1', expected: true },
  { text: 'cam.example', expected: true },
  { text: 'localhost', expected: true },
  { text: '', expected: false },
  { text: '192.0.2.1 8000', expected: false },
  { text: '192.0.2.1\r\na=setup:active', expected: false },
  { text: 'a'.repeat(300), expected: false },
])('connection address: $text', ({ text, expected }) => {
  expect(isConnectionAddress(text)).toBe(expected);
});
