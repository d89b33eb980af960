import { expect, test } from 'vitest';
import { preferredHost } from './hosts.ts';

test.each([
  {
    name: 'the address of this page',
    hosts: ['192.0.2.1', '198.51.100.7'],
    page: '198.51.100.7',
    host: '198.51.100.7',
  },
  {
    name: 'a name that cameras may not resolve is not used',
    hosts: ['192.0.2.1'],
    page: 'nvr.example',
    host: '192.0.2.1',
  },
  {
    name: 'loopback only where there is nothing else',
    hosts: ['127.0.0.1', '192.0.2.1'],
    page: '127.0.0.1',
    host: '192.0.2.1',
  },
  { name: 'loopback', hosts: ['127.0.0.1'], page: 'localhost', host: '127.0.0.1' },
  { name: 'nothing known', hosts: [], page: 'gate.example', host: 'gate.example' },
])('$name', ({ hosts, page, host }) => expect(preferredHost(hosts, page)).toBe(host));
