import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawSipPeer } from '../../test/support/raw-sip-peer.ts';
import { silentLogger } from '../util/index.ts';
import { createSipEngine, parseMessage, parseNameAddr, parseUri, parseVia, type SipEngine } from './index.ts';
import { Request, Response } from './message.ts';
import { validateRequest, validateResponse } from './validate.ts';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../test/fixtures/sip/rfc4475/${name}.dat`, import.meta.url));
}

function request(name: string): Request {
  const message = parseMessage(fixture(name));
  if (!(message instanceof Request)) throw new TypeError(`${name} is no request: ${JSON.stringify(message)}`);
  return message;
}

function response(name: string): Response {
  const message = parseMessage(fixture(name));
  if (!(message instanceof Response)) throw new TypeError(`${name} is no response: ${JSON.stringify(message)}`);
  return message;
}

describe('RFC 4475 §3.1.1, valid messages', () => {
  const valid = [
    'wsinv',
    'intmeth',
    'esc01',
    'escnull',
    'esc02',
    'lwsdisp',
    'longreq',
    'dblreq',
    'semiuri',
    'transports',
    'mpart01',
    'unreason',
    'noreason',
  ];
  test.each(valid)('%s is accepted', (name) => {
    const message = parseMessage(fixture(name));
    if (typeof message === 'string') throw new TypeError(message);
    expect(message.kind === 'request' ? validateRequest(message) : validateResponse(message)).toBeUndefined();
  });

  test('wsinv: folding, blanks, compact forms and case', () => {
    const message = request('wsinv');
    const { headers } = message;
    expect(message.method).toBe('INVITE');
    expect([message.toTag, message.fromTag]).toEqual(['1918181833n', '98asjd8']);
    expect(message.cseq).toEqual({ sequence: 9, method: 'INVITE' });
    expect(headers.get('Max-Forwards')).toBe('0068');
    expect(headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value');
    expect(headers.get('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
    expect(headers.get('subject')).toBe('');
    expect(parseNameAddr(headers.get('from') ?? '')?.displayName).toBe(String.raw`J Rosenberg \"`);
    expect(headers.getAll('via').map((value) => parseVia(value))).toMatchObject([
      { transport: 'UDP', host: '192.0.2.2' },
      { transport: 'TCP', host: 'spindle.example.com' },
      { transport: 'UDP', host: '192.168.255.111' },
    ]);
    expect(headers.getAll('via').map((value) => parseVia(value)?.params.get('branch'))).toEqual([
      '390skdjuw',
      'z9hG4bK9ikj8',
      'z9hG4bK30239',
    ]);
    const contact = parseNameAddr(headers.get('contact') ?? '');
    expect(contact?.displayName).toBe('Quoted string ""');
    expect([...(contact?.params ?? [])]).toEqual([
      ['newparam', 'newvalue'],
      ['secondparam', ''],
      ['q', '0.33'],
    ]);
    expect(message.body.length).toBe(150);
  });

  test('intmeth: any token character, NUL in a quoted string', () => {
    const message = request('intmeth');
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(parseUri(message.uri)).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    });
    expect(parseNameAddr(message.headers.get('to') ?? '')?.displayName).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(message.fromTag).toBe("_token~1'+`*%!-.");
    expect(message.callId).toBe(String.raw`intmeth.word%ZK-!.*_+'@word${'`'}~)(><:\/"][?}{`);
  });

  test('esc01, escnull, esc02: escapes stay as they are', () => {
    expect(parseUri(request('esc01').uri)).toMatchObject({ user: 'sips%3Auser%40example.com', host: 'example.net' });
    expect(request('escnull').headers.getAll('contact')).toHaveLength(2);
    const message = request('esc02');
    expect(message.method).toBe('RE%47IST%45R');
    expect(message.headers.getAll('contact')).toHaveLength(2);
    expect(message.headers.get('C%6Fntact')).toBe('<sip:alias2@host2.example.com>');
  });

  test('lwsdisp, semiuri, transports: addresses and unknown transports', () => {
    expect(parseNameAddr(request('lwsdisp').headers.get('from') ?? '')).toMatchObject({
      displayName: 'caller',
      uri: { user: 'caller', host: 'example.com' },
    });
    expect(parseUri(request('semiuri').uri)).toMatchObject({ user: 'user;par=u%40example.net', host: 'example.com' });
    expect(request('transports').headers.getAll('via')).toHaveLength(5);
  });

  test('longreq: long values and 34 Via fields in many spellings', () => {
    const message = request('longreq');
    expect(message.headers.getAll('via')).toHaveLength(34);
    expect(message.fromTag).toHaveLength(155);
    expect(message.body.length).toBe(150);
  });

  test('dblreq: a second message in the datagram is discarded', () => {
    const message = request('dblreq');
    expect([message.method, message.body.length]).toEqual(['REGISTER', 0]);
  });

  test('mpart01: a binary body byte for byte', () => {
    const { body } = request('mpart01');
    expect(body.length).toBe(553);
    expect(body.includes(Buffer.from('3082015206092a864886f70d01', 'hex'))).toBe(true);
  });

  test('unreason, noreason: any reason phrase', () => {
    expect(Buffer.from(response('unreason').reason, 'latin1').toString()).toBe(
      '= 2**3 * 5**2 но сто девяносто девять - простое',
    );
    expect(response('noreason')).toMatchObject({ status: 100, reason: '' });
  });
});

describe('RFC 4475 §3.1.2 and parts of §3.3, sent to an engine', () => {
  let engine: SipEngine;
  let peer: RawSipPeer;
  const malformed: string[] = [];
  const handedUp: string[] = [];

  beforeEach(async () => {
    malformed.length = 0;
    handedUp.length = 0;
    engine = await createSipEngine({
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      userAgent: 'test',
      log: silentLogger,
      onRequest: (incoming) => {
        handedUp.push(incoming.request.method);
        incoming.reply(200);
      },
      onMalformed: (reason) => void malformed.push(reason),
    });
    peer = await RawSipPeer.open();
  });

  afterEach(async () => {
    peer.close();
    await engine.close();
  });

  // `status` 0: no answer, the message is dropped and counted.
  const invalid = [
    { name: 'badinv01', about: 'empty parameters in Via and Contact', status: 400 },
    { name: 'ncl', about: 'negative Content-Length', status: 400 },
    { name: 'scalar02', about: 'CSeq over 2**31 in a request', status: 400 },
    { name: 'scalarlg', about: 'CSeq over 2**31 in a response', status: 0, reason: 'bad_cseq' },
    { name: 'quotbal', about: 'unbalanced quote in To', status: 400 },
    { name: 'ltgtruri', about: 'brackets around the Request-URI', status: 400 },
    { name: 'lwsruri', about: 'blank inside the Request-URI', status: 400 },
    { name: 'lwsstart', about: 'more than one blank in the request line', status: 400 },
    { name: 'trws', about: 'blanks behind the version', status: 400 },
    { name: 'escruri', about: 'headers in the Request-URI', status: 400 },
    { name: 'baddate', about: 'time zone other than GMT in Date', status: 400 },
    { name: 'regbadct', about: 'headers in a Contact without brackets', status: 400 },
    { name: 'badaspec', about: 'blanks inside the brackets of To', status: 400 },
    { name: 'baddn', about: 'comma in a display name without quotes', status: 400 },
    { name: 'badvers', about: 'version 7.0', status: 505 },
    { name: 'mismatch01', about: 'method of CSeq differs', status: 400 },
    { name: 'mismatch02', about: 'method of CSeq differs, method unknown', status: 400 },
    { name: 'bigcode', about: 'status over 699', status: 0, reason: 'bad_status' },
    { name: 'insuf', about: 'From, To and Call-ID missing', status: 400 },
    { name: 'unkscm', about: 'unknown scheme in the Request-URI', status: 416 },
    { name: 'novelsc', about: 'known scheme that is not SIP', status: 416 },
    { name: 'bext01', about: 'unknown extension in Require', status: 420 },
    { name: 'multi01', about: 'From, To, CSeq and Call-ID twice', status: 400 },
    { name: 'mcl01', about: 'two Content-Lengths that differ', status: 400 },
  ];
  test.each(invalid)('$name is refused: $about', async ({ name, status, reason }) => {
    const [target] = engine.listening;
    peer.send(fixture(name), target!);
    // Comes back only after what was sent before it was dealt with.
    peer.send(fixture('zeromf'), target!);
    const first = await peer.message(0);
    if (status === 0) expect(first).toContain('zeromf');
    else expect(first).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
    if (status !== 0) await peer.message(1);
    expect(handedUp).toEqual(['OPTIONS']);
    if (reason !== undefined) expect(malformed).toEqual([reason]);
  });

  const taken = [
    { name: 'clerr', about: 'quirk: Content-Length larger than the datagram, as Hikvision sends it', method: 'INVITE' },
    { name: 'inv2543', about: 'INVITE of RFC 2543, no tag, no branch', method: 'INVITE' },
    { name: 'zeromf', about: 'Max-Forwards 0 is no matter for an end point', method: 'OPTIONS' },
  ];
  test.each(taken)('$name is taken: $about', async ({ name, method }) => {
    peer.send(fixture(name), engine.listening[0]!);
    expect(await peer.message(0)).toMatch(/^SIP\/2\.0 200 /);
    expect([handedUp, malformed]).toEqual([[method], []]);
  });
});
