import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import { parseAuthorization } from './authorization.ts';
import { parseCSeq } from './cseq.ts';
import { HeaderList } from './header-list.ts';
import { splitList } from './list.ts';
import { formatNameAddr, parseNameAddr, tagOf } from './name-addr.ts';
import { parseParams } from './params.ts';
import { formatUri, parseUri, splitHostPort } from './uri.ts';
import { parseVia, stampVia } from './via.ts';

describe('parseUri and formatUri', () => {
  const uris = [
    {
      name: 'quirk: numeric domain',
      text: 'sip:34020000001320000001@3402000000',
      user: '34020000001320000001',
      host: '3402000000',
    },
    { name: 'address and port', text: 'sip:a@192.0.2.1:5060', user: 'a', host: '192.0.2.1', port: 5060 },
    { name: 'no user', text: 'sip:3402000000', host: '3402000000' },
    { name: 'IPv6', text: 'sip:a@[2001:db8::1]:5060;transport=tcp', user: 'a', host: '2001:db8::1', port: 5060 },
    { name: 'password', text: 'sips:a:b@c', user: 'a', password: 'b', host: 'c' },
    { name: 'headers', text: 'sip:a@b?x=y', user: 'a', host: 'b', headers: 'x=y' },
    { name: 'another scheme', text: 'tel:+1234', host: '+1234' },
  ];
  test.each(uris)('$name', ({ name, text, ...fields }) => {
    expect(name).not.toBe('');
    const uri = parseUri(text);
    expect(uri).toMatchObject(fields);
    expect(formatUri(uri!)).toBe(text);
  });

  test.each(['', 'sip', 'sip:', ':a', 'sip:a b', '<sip:a>', '1sip:a', 'sip:@', 'sip:a@', 'sip:;x', 'sip:a@:5060'])(
    'refuses %j',
    (text) => {
      expect(parseUri(text)).toBeUndefined();
    },
  );

  test('quirk: a port that is no number is left out', () => {
    expect(parseUri('sip:a@192.0.2.1:-1')).toEqual({ scheme: 'sip', user: 'a', host: '192.0.2.1', params: new Map() });
    expect(splitHostPort('192.0.2.1:70000')).toEqual({ host: '192.0.2.1' });
  });
});

describe('parseNameAddr and formatNameAddr', () => {
  test.each([
    { text: '"A \\"B\\"" <sip:a@b;x=1>;tag=2', name: 'A "B"', uri: 'sip:a@b;x=1', tag: '2' },
    { text: 'Plain Name <sip:a@b>', name: 'Plain Name', uri: 'sip:a@b', tag: undefined },
    { text: '<sip:a@b>;expires=60;tag=x', name: undefined, uri: 'sip:a@b', tag: 'x' },
    { text: 'sip:a@b;tag=y', name: undefined, uri: 'sip:a@b', tag: 'y' },
    { text: 'sip:a@b ; tag = z', name: undefined, uri: 'sip:a@b', tag: 'z' },
  ])('$text', ({ text, name, uri, tag }) => {
    const address = parseNameAddr(text);
    expect([address?.displayName, formatUri(address!.uri), tagOf(text)]).toEqual([name, uri, tag]);
    expect(parseNameAddr(formatNameAddr(address!))).toEqual(address);
  });

  test.each([
    '*',
    '',
    '<>',
    '"a <sip:a@b>',
    'a, b <sip:a@b>',
    '<sip:a@b',
    '< sip:a@b >',
    'sip:a?b=c',
    '<sip:a@b>;;x',
    '"x"',
  ])('refuses %j', (text) => {
    expect(parseNameAddr(text)).toBeUndefined();
  });
});

describe('Via', () => {
  const remote = { address: '192.0.2.9', port: 40_000 };
  test.each([
    { value: 'SIP/2.0/UDP 192.0.2.9;branch=z', stamped: 'SIP/2.0/UDP 192.0.2.9;branch=z' },
    { value: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z', stamped: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z;received=192.0.2.9' },
    {
      value: 'SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z',
      stamped: 'SIP/2.0/UDP 192.0.2.9:5060;rport=40000;branch=z;received=192.0.2.9',
    },
    {
      value: 'SIP/2.0/UDP 10.0.0.1;branch=z;rport',
      stamped: 'SIP/2.0/UDP 10.0.0.1;branch=z;rport=40000;received=192.0.2.9',
    },
    {
      value: 'SIP/2.0/UDP 10.0.0.1 ; rport = ;branch=z',
      stamped: 'SIP/2.0/UDP 10.0.0.1 ;rport=40000 ;branch=z;received=192.0.2.9',
    },
    {
      value: 'SIP/2.0/UDP 10.0.0.1; rport ;branch=z',
      stamped: 'SIP/2.0/UDP 10.0.0.1;rport=40000;branch=z;received=192.0.2.9',
    },
    { value: 'SIP/2.0/TCP a;received=1.2.3.4', stamped: 'SIP/2.0/TCP a;received=1.2.3.4' },
  ])('stampVia $value', ({ value, stamped }) => {
    expect(stampVia(value, parseVia(value)!, remote)).toBe(stamped);
  });

  test('stampVia takes no time over blanks behind something like rport', () => {
    const value = `SIP/2.0/UDP a;rport${' '.repeat(100_000)}x;rport`;
    const via = parseVia(value)!;
    expect(cpuMsOf(() => void stampVia(value, via, remote))).toBeLessThan(1000);
    expect(stampVia(value, via, remote)).toContain('x;rport=40000;received=');
  });

  test.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0',
    'HTTP/1.1/TCP a',
    'SIP/2.0/UDP a;;b',
    'SIP/2.0/UDP ;branch=z',
    'SIP/2.0/UDP a b',
  ])('refuses %j', (value) => {
    expect(parseVia(value)).toBeUndefined();
  });

  test('a single semicolon at the end is let through', () => {
    expect(parseVia('SIP/2.0/UDP 192.0.2.9:5060;branch=z;')?.params.get('branch')).toBe('z');
  });
});

describe('small grammars', () => {
  test.each([
    ['1 INVITE', { sequence: 1, method: 'INVITE' }],
    ['0009\t INVITE', { sequence: 9, method: 'INVITE' }],
    ['2147483647 BYE', { sequence: 2_147_483_647, method: 'BYE' }],
    ['2147483648 BYE', undefined],
    ['INVITE', undefined],
    ['1INVITE', undefined],
    ['1', undefined],
    ['-1 BYE', undefined],
    ['1 A B', undefined],
  ])('parseCSeq %j', (text, expected) => {
    expect(parseCSeq(text)).toEqual(expected);
  });

  test.each([
    ['', []],
    ['a', ['a']],
    ['a, b,,c', ['a', 'b', 'c']],
    ['"a,b" <sip:c,d>, e', ['"a,b" <sip:c,d>', 'e']],
    [String.raw`"a\",b", c`, [String.raw`"a\",b"`, 'c']],
  ])('splitList %j', (text, expected) => {
    expect(splitList(text)).toEqual(expected);
  });

  test('parseParams keeps the first of two, takes off quotes', () => {
    expect([...(parseParams(';a=1;B="x;y";a=2;c') ?? [])]).toEqual([
      ['a', '1'],
      ['b', 'x;y'],
      ['c', ''],
    ]);
    expect(parseParams('x')).toBeUndefined();
  });

  test('parseAuthorization', () => {
    expect(parseAuthorization('Digest a="b, c" , d = e')).toEqual({
      scheme: 'digest',
      params: new Map([
        ['a', 'b, c'],
        ['d', 'e'],
      ]),
    });
    expect(parseAuthorization('Digest')).toBeUndefined();
  });
});

describe('HeaderList', () => {
  test('set, append, delete and replace by any spelling', () => {
    const list = new HeaderList();
    list.append('v', 'one');
    list.append('VIA', 'two');
    list.append('X-Own', 'a');
    list.prepend('Route', '<sip:p>');
    list.replaceFirst('via', 'first');
    expect([list.getAll('Via'), list.has('x-own'), list.get('missing')]).toEqual([['first', 'two'], true, undefined]);
    list.set('Via', 'only');
    list.set('x-new', 'n');
    list.delete('X-OWN');
    list.fold('more');
    expect([...list]).toEqual([
      ['Route', '<sip:p>'],
      ['Via', 'only'],
      ['x-new', 'n more'],
    ]);
    expect(list.format()).toBe('Route: <sip:p>\r\nVia: only\r\nx-new: n more\r\n');
  });
});

test('properties: no text makes a header parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      for (const parse of [
        parseUri,
        parseNameAddr,
        parseVia,
        parseCSeq,
        parseParams,
        parseAuthorization,
        splitList,
        tagOf,
      ]) {
        parse(text);
      }
      const uri = parseUri(text);
      if (uri !== undefined) expect(parseUri(formatUri(uri))).toEqual(uri);
    }),
    { numRuns: 2_000 },
  );
});
