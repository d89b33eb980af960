import { describe, expect, test } from 'vitest';
import { HttpClients, type ClientRequest } from './http-client.ts';

const TRUSTED = ['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/48'];
const clients = new HttpClients(TRUSTED);

const request = (
  remoteAddress: string | undefined,
  headers: ClientRequest['headers'] = {},
  encrypted = false,
): ClientRequest => ({ headers: { host: 'inner:8025', ...headers }, socket: { remoteAddress, encrypted } });

describe('address behind a trusted proxy', () => {
  test.each<[what: string, peer: string, forwarded: string | string[] | undefined, address: string]>([
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['one client', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['the proxy as IPv4-mapped', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['the proxy by IPv6', '2001:db8:1::9', '203.0.113.7', '203.0.113.7'],
    ['what the client claims', '10.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['two proxies of ours', '10.0.0.1', '198.51.100.1, 203.0.113.7, 192.0.2.1', '203.0.113.7'],
    ['proxies of ours only', '10.0.0.1', '10.1.1.1, 192.0.2.1', '10.1.1.1'],
    ['a proxy that the client made up', '10.0.0.1', '192.0.2.1, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['no blanks', '10.0.0.1', '198.51.100.1,203.0.113.7,10.0.0.2', '203.0.113.7'],
    ['the header twice', '10.0.0.1', ['198.51.100.1', '203.0.113.7'], '203.0.113.7'],
    ['with a port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['IPv6', '10.0.0.1', '2001:DB8::7', '2001:db8::7'],
    ['IPv6 with brackets', '10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
    ['IPv6 with a port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['IPv4-mapped', '10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['empty', '10.0.0.1', '', '10.0.0.1'],
    ['commas only', '10.0.0.1', ',,,', '10.0.0.1'],
    ['no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['no address behind a proxy of ours', '10.0.0.1', '203.0.113.7, _hidden, 192.0.2.1', '192.0.2.1'],
    ['nothing at the right', '10.0.0.1', '203.0.113.7,', '10.0.0.1'],
    ['markup', '10.0.0.1', '<script>', '10.0.0.1'],
    ['a zone', '10.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
    ['too many numbers', '10.0.0.1', '203.0.113.7.8', '10.0.0.1'],
    ['numbers too large', '10.0.0.1', '203.0.113.700:1', '10.0.0.1'],
    ['an endless chain', '10.0.0.1', `203.0.113.7, ${'10.0.0.2, '.repeat(5000)}10.0.0.3`, '10.0.0.2'],
  ])('%s', (_what, peer, forwarded, address) => {
    const header = forwarded as string | undefined;
    expect(clients.of(request(peer, header === undefined ? {} : { 'x-forwarded-for': header })).address).toBe(address);
  });
});

describe('scheme and host behind a trusted proxy', () => {
  test.each<[headers: ClientRequest['headers'], encrypted: boolean, secure: boolean, host: string]>([
    [{}, false, false, 'inner:8025'],
    [{}, true, true, 'inner:8025'],
    [{ 'x-forwarded-proto': 'https' }, false, true, 'inner:8025'],
    [{ 'x-forwarded-proto': 'WSS' }, false, true, 'inner:8025'],
    [{ 'x-forwarded-proto': 'http' }, true, false, 'inner:8025'],
    [{ 'x-forwarded-proto': 'https, http' }, false, true, 'inner:8025'],
    [{ 'x-forwarded-proto': 'gopher' }, true, true, 'inner:8025'],
    [{ 'x-forwarded-host': 'video.example.org' }, false, false, 'video.example.org'],
    [{ 'x-forwarded-host': 'video.example.org:8443, other' }, false, false, 'video.example.org:8443'],
    [{ 'x-forwarded-host': '[2001:db8::7]:443' }, false, false, '[2001:db8::7]:443'],
    [{ 'x-forwarded-host': 'a b' }, false, false, 'inner:8025'],
    [{ 'x-forwarded-host': 'evil.example/path' }, false, false, 'inner:8025'],
    [{ 'x-forwarded-host': 'user@evil.example' }, false, false, 'inner:8025'],
    [{ 'x-forwarded-host': 'x'.repeat(300) }, false, false, 'inner:8025'],
  ])('%j', (headers, encrypted, secure, host) => {
    expect(clients.of(request('10.0.0.1', headers, encrypted))).toEqual({ address: '10.0.0.1', secure, host });
  });
});

const FORGED = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };

test.each([
  ['203.0.113.7', clients],
  ['192.0.2.2', clients],
  ['::1', clients],
  ['10.0.0.1', new HttpClients([])],
])('nobody else is believed: %s', (peer, those) => {
  expect(those.of(request(peer, FORGED))).toEqual({ address: peer, host: 'inner:8025', secure: false });
});

test('a socket that is gone has no address, and no host may be said', () => {
  expect(new HttpClients(['0.0.0.0/0', '::/0']).of({ headers: FORGED, socket: {} })).toEqual({
    address: '',
    host: undefined,
    secure: false,
  });
});
