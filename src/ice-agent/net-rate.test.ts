import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { counted, defaultInterface, HostNetRate, NetRate, parseNetDev } from './net-rate.ts';

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1042337   12233    0    0    0     0          0         0  1042337   12233    0    0    0     0       0          0
  eth0:18446744073709551615 9 0 0 0 0 0 0 4096 7 0 0 0 0 0 0
br-5f:1: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0
`;

describe('parseNetDev', () => {
  test('reads a kernel’s file', () => {
    expect([...parseNetDev(NET_DEV)]).toEqual([
      ['lo', { rxBytes: 1_042_337, txBytes: 1_042_337 }],
      ['eth0', { rxBytes: 2 ** 64, txBytes: 4096 }],
      ['br-5f:1', { rxBytes: 5, txBytes: 6 }],
    ]);
  });

  test.each([
    ['', []],
    ['\n\n:::\n:', []],
    ['eth0: 1 2 3', []],
    ['eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -16', []],
    ['eth0: 1 2 3 4 5 6 7 8 0x9 10 11 12 13 14 15 16', []],
    [`eth0: ${'9'.repeat(30)} 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16`, []],
    [': 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16', []],
    ['1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16', []],
    ['eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\r', ['eth0']],
    ['eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18', ['eth0']],
  ])('garbage: %j', (text, names) => {
    expect([...parseNetDev(text).keys()]).toEqual(names);
  });

  test('20,000 mutated files give whole numbers or nothing', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 20_000; round++) {
      const letters = NET_DEV.split('');
      for (let change = 0; change < 5; change++) letters[random(letters.length)] = ' :\n-9xe'[random(7)]!;
      for (const [name, { rxBytes, txBytes }] of parseNetDev(letters.join(''))) {
        expect(name).not.toBe('');
        expect(rxBytes >= 0 && Number.isInteger(txBytes)).toBe(true);
      }
    }
  });
});

describe('defaultInterface', () => {
  const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
  test.each([
    ['no route', header, undefined],
    ['only a subnet', `${header}eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`, undefined],
    ['half of all', `${header}tun0\t00000000\t0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n`, undefined],
    ['one', `${header}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`, 'eth0'],
    [
      'two: the lesser metric',
      `${header}wlan0\t00000000\t0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth1\t00000000\t0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n`,
      'eth1',
    ],
    ['garbage', '\0\0\nx y\n', undefined],
  ])('%s', (_name, routes, expected) => {
    expect(defaultInterface(routes)).toBe(expected);
  });
});

describe('counted', () => {
  const MEGABYTE = 1_000_000;
  test.each([
    ['more', 1000, 3000, 2000],
    ['as many', 1000, 1000, 0],
    ['a counter of 32 bits that wrapped', 2 ** 32 - 1000, 500, 1500],
    ['a counter that began anew', 5_000_000_000_000, 700, 700],
    ['a small one that began anew', 1_000_000, 700, 700],
    ['one just below 32 bits that began anew: more than the host can carry', 2 ** 32 - 2 * MEGABYTE, 700, 700],
  ])('%s', (_name, before, after, bytes) => {
    expect(counted(before, after, MEGABYTE)).toBe(bytes);
  });
});

describe('NetRate', () => {
  test('counts kbit/s between two looks, anew for another interface', () => {
    const rate = new NetRate(100_000);
    const look = (name: string, bytes: number, atMs: number) =>
      rate.take(name, { rxBytes: bytes, txBytes: 2 * bytes }, atMs);
    expect(look('eth0', 1_000_000, 1000)).toBeUndefined();
    expect(look('eth0', 1_625_000, 6000)).toEqual({ rxRate: 1000, txRate: 2000 });
    // Too soon: the look before stays the first of the two.
    expect(look('eth0', 9_000_000, 6010)).toBeUndefined();
    expect(look('eth0', 1_625_000, 11_000)).toEqual({ rxRate: 0, txRate: 0 });
    expect(look('eth1', 500, 16_000)).toBeUndefined();
    expect(look('eth1', 1125, 21_000)).toEqual({ rxRate: 1, txRate: 2 });
    rate.forget();
    expect(look('eth1', 2000, 26_000)).toBeUndefined();
  });
});

describe('HostNetRate', () => {
  test('an interface that is not there', () => {
    const rate = new HostNetRate('no-such-if0', 1000);
    expect(() => rate.take()).toThrow(expect.objectContaining({ code: 'ice_agent_interface' }) as Error);
  });

  test('loopback is there', () => {
    expect(new HostNetRate('lo', 1000).take()).toBeUndefined();
  });
});
