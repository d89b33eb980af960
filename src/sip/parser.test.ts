import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Request, Response, formatMessage } from './message.ts';
import { parseMessage } from './parser.ts';
import { buildRequest, buildResponse, wireText } from './build.ts';
import { validateRequest, validateResponse } from './validate.ts';

const XML = '<?xml version="1.0"?>\r\n<Notify><CmdType>Keepalive</CmdType></Notify>\r\n';

function keepalive(length: string, body = XML): string {
  return [
    'MESSAGE sip:34020000002000000001@3402000000 SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK1',
    'From: <sip:34020000001320000001@3402000000>;tag=1',
    'To: <sip:34020000002000000001@3402000000>',
    'Call-ID: 1@192.0.2.7',
    'CSeq: 20 MESSAGE',
    'Content-Type: Application/MANSCDP+xml',
    ...(length === '' ? [] : [length]),
    '',
    body,
  ].join('\r\n');
}

function parsed(text: string): Request {
  const message = parseMessage(Buffer.from(text, 'latin1'));
  if (!(message instanceof Request)) throw new TypeError(`no request: ${JSON.stringify(message)}`);
  return message;
}

describe('body of a datagram', () => {
  const bodies = [
    { name: 'quirk: Content-Length 0 with a body, Hikvision', length: 'Content-Length: 0' },
    { name: 'quirk: Content-Length too small', length: 'Content-Length: 10' },
    { name: 'quirk: Content-Length too large', length: 'Content-Length: 4000' },
    { name: 'quirk: Content-Length missing', length: '' },
    { name: 'quirk: blanks before the colon of Content-Length', length: `Content-Length   : ${XML.length}` },
    { name: 'quirk: blanks before the value of Content-Length', length: `Content-Length:     ${XML.length}` },
    { name: 'quirk: blanks before Content-Length', length: ` Content-Length: ${XML.length}` },
    { name: 'quirk: compact form of Content-Length', length: `l: ${XML.length}` },
    { name: 'exact Content-Length', length: `Content-Length: ${XML.length}` },
  ];
  test.each(bodies)('$name', ({ length }) => {
    const message = parsed(keepalive(length));
    expect(message.body.toString()).toBe(XML);
    expect(message.headers.get('content-type')).toBe('Application/MANSCDP+xml');
    expect(validateRequest(message)).toBeUndefined();
  });

  test('NUL bytes and line ends behind the declared length are cut off', () => {
    expect(parsed(`${keepalive(`Content-Length: ${XML.length}`)}\0\0\r\n`).body.toString()).toBe(XML);
  });

  test('a body without Content-Type is kept as well', () => {
    expect(parsed(keepalive('Content-Length: 0').replace(/Content-Type.*\r\n/, '')).body.toString()).toBe(XML);
  });
});

describe('head', () => {
  const tolerated = [
    { name: 'quirk: leading CRLFs', change: (text: string) => `\r\n\r\n${text}` },
    { name: 'quirk: leading control characters', change: (text: string) => `\0\u0001 \t\u007f${text}` },
    { name: 'quirk: bare LF as line end', change: (text: string) => text.replaceAll('\r\n', '\n') },
    { name: 'quirk: LF in the head, CRLF blank line', change: (text: string) => text.replace('\r\nVia', '\nVia') },
    { name: 'quirk: a line that is no header field', change: (text: string) => text.replace('Via', 'garbage\r\nVia') },
    { name: 'lower case version', change: (text: string) => text.replace('SIP/2.0\r\nVia', 'sip/2.0\r\nVia') },
  ];
  test.each(tolerated)('$name', ({ change }) => {
    const message = parsed(change(keepalive('Content-Length: 0')));
    expect(validateRequest(message)).toBeUndefined();
    expect(message.method).toBe('MESSAGE');
    expect(message.body.toString()).toContain('Keepalive');
  });

  test('quirk: compact forms are stored by their full names', () => {
    const message = parsed(
      [
        'SUBSCRIBE sip:a@b SIP/2.0',
        'v: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1, SIP/2.0/TCP 192.0.2.8;branch=z9hG4bK2',
        'f: <sip:c@b>;tag=1',
        't: <sip:a@b>',
        'i: 1',
        'm: <sip:c@192.0.2.7>, "x, y" <sip:d@192.0.2.7>',
        'o: Catalog',
        'k: path',
        's: test',
        'c: text/plain',
        'CSeq: 1 SUBSCRIBE',
        'l: 0',
        '',
        '',
      ].join('\r\n'),
    );
    expect(validateRequest(message)).toBeUndefined();
    expect([...message.headers].map(([name]) => name)).toEqual([
      'Via',
      'From',
      'To',
      'Call-ID',
      'Contact',
      'Event',
      'Supported',
      'Subject',
      'Content-Type',
      'CSeq',
      'Content-Length',
    ]);
    expect(message.headers.getAll('v')).toHaveLength(2);
    expect(message.headers.getAll('Contact')).toEqual(['<sip:c@192.0.2.7>', '"x, y" <sip:d@192.0.2.7>']);
  });

  test('quirk: numeric domains', () => {
    expect(validateRequest(parsed(keepalive('')))).toBeUndefined();
  });

  test.each([
    { name: 'quirk: From without a user', from: '<sip:3402000000>;tag=1', fault: undefined },
    { name: 'quirk: From with an empty user', from: '<sip:@3402000000>;tag=1', fault: undefined },
    { name: 'quirk: From without a tag', from: 'sip:34020000001320000001@3402000000', fault: undefined },
    { name: 'quirk: device name in its own character set', from: '\u00c9\u00e3 <sip:a@b>;tag=1', fault: undefined },
    { name: 'quirk: port -1 in an address', from: '<sip:a@192.0.2.7:-1>;tag=1', fault: undefined },
    { name: 'quirk: empty address', from: '<>;tag=1', fault: { status: 400, reason: 'Bad From' } },
    { name: 'quirk: empty From', from: '', fault: { status: 400, reason: 'Bad From' } },
    { name: 'quirk: address of a scheme only', from: '<sip:>;tag=1', fault: { status: 400, reason: 'Bad From' } },
  ])('$name', ({ from, fault }) => {
    const text = keepalive('').replace(/From: .*\r\n/, `From: ${from}\r\n`);
    expect(validateRequest(parsed(text))).toEqual(fault);
  });

  test.each([
    { name: 'quirk: Date in local time', date: '2026-11-21T08:00:00.000', fault: undefined },
    { name: 'Date of RFC 1123', date: 'Sat, 13 Nov 2010 23:29:00 GMT', fault: undefined },
    { name: 'Date of another zone', date: 'Sat, 13 Nov 2010 23:29:00 CST', fault: { status: 400, reason: 'Bad Date' } },
  ])('$name', ({ date, fault }) => {
    expect(validateRequest(parsed(keepalive(`Date: ${date}`)))).toEqual(fault);
  });

  const faults = [
    { name: 'nothing', text: '', fault: 'empty' },
    { name: 'line ends only, a keep-alive', text: '\r\n\r\n', fault: 'empty' },
    { name: 'garbage', text: '\u0080\u00ff garbage', fault: 'not_sip' },
    { name: 'HTTP', text: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', fault: 'not_sip' },
    { name: 'a request line without URI', text: 'INVITE SIP/2.0\r\n\r\n', fault: 'bad_start_line' },
    { name: 'a status line without status', text: 'SIP/2.0\r\n\r\n', fault: 'not_sip_or_bad' },
    { name: 'status 99', text: 'SIP/2.0 099 x\r\n\r\n', fault: 'bad_status' },
    {
      name: 'a head without an end',
      text: `OPTIONS sip:a SIP/2.0\r\n${'X: y\r\n'.repeat(9_000)}`,
      fault: 'head_too_long',
    },
    { name: '257 fields', text: `OPTIONS sip:a SIP/2.0\r\n${'X: y\r\n'.repeat(257)}\r\n`, fault: 'too_many_headers' },
  ];
  test.each(faults)('refuses with a reason: $name', ({ text, fault }) => {
    const result = parseMessage(Buffer.from(text, 'latin1'));
    if (fault === 'not_sip_or_bad') expect(['not_sip', 'bad_start_line']).toContain(result);
    else expect(result).toBe(fault);
  });

  test('a response needs CSeq and Call-ID, not Via', () => {
    const response = (fields: string): Response => {
      const message = parseMessage(Buffer.from(`SIP/2.0 200 OK\r\n${fields}\r\n`));
      if (!(message instanceof Response)) throw new TypeError('no response');
      return message;
    };
    expect(validateResponse(response('Call-ID: 1\r\nCSeq: 1 MESSAGE\r\n'))).toBeUndefined();
    expect(validateResponse(response('Call-ID: 1\r\n'))).toBe('bad_cseq');
    expect(validateResponse(response('CSeq: 1 MESSAGE\r\n'))).toBe('missing_call_id');
  });
});

describe('what we write', () => {
  const request = buildRequest({
    method: 'MESSAGE',
    uri: 'sip:a@b',
    via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    from: '<sip:c@d>;tag=1',
    to: '<sip:a@b>',
    callId: 'x',
    sequence: 1,
    headers: [
      ['Subject', 'a\r\nInjected: yes'],
      ['X Y', '通道'],
    ],
    contentType: 'text/plain',
    body: Buffer.from([0xff, 0x00]),
  });

  test('bytes of a request, with no field injected and text as UTF-8', () => {
    const bytes = formatMessage(request);
    const text = bytes.toString('utf8');
    expect(text).toContain('Subject: a Injected: yes\r\n');
    expect(text).toContain('X_Y: 通道\r\n');
    expect(text).toContain('Content-Length: 2\r\n\r\n');
    expect([...bytes.subarray(-2)]).toEqual([0xff, 0]);
    expect(wireText('plain')).toBe('plain');
  });

  test('a response copies Via, From, Call-ID, CSeq and adds the tag to To', () => {
    const again = parsed(formatMessage(request).toString('latin1'));
    const response = buildResponse(again, { status: 404, toTag: 't' });
    expect(formatMessage(response).toString()).toBe(
      'SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\n' +
        'To: <sip:a@b>;tag=t\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n',
    );
    expect(buildResponse(again, { status: 100, toTag: 't' }).headers.get('to')).toBe('<sip:a@b>');
  });
});

describe('properties', () => {
  const token = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~]{1,12}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);

  test('what was formatted parses to the same message', () => {
    fc.assert(
      fc.property(
        token,
        fc.array(fc.tuple(token, value), { maxLength: 8 }),
        fc.uint8Array(),
        (method, fields, body) => {
          const request = buildRequest({
            method,
            uri: 'sip:a@b',
            via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
            from: '<sip:c@d>;tag=1',
            to: '<sip:a@b>',
            callId: 'x',
            sequence: 1,
            headers: fields.map(([name, text]) => [`X-${name}`, text] as const),
            body: Buffer.from(body),
          });
          const again = parsed(formatMessage(request).toString('latin1'));
          expect([again.method, again.body.equals(Buffer.from(body))]).toEqual([method, true]);
          expect([...again.headers]).toEqual([...request.headers]);
        },
      ),
    );
  });

  test('fuzz: 200,000 mutated messages give a message or a reason, and validate without throwing', () => {
    let seed = 0x51f;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const sources = [
      Buffer.from(keepalive('Content-Length: 9', '<x/>')),
      Buffer.from(
        'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z\r\nTo: "x" <sip:a@b>;tag=1\r\nCSeq: 1 BYE\r\nCall-ID: 1\r\n\r\n',
      ),
    ];
    for (let round = 0; round < 200_000; round += 1) {
      const source = sources[round % 2] ?? sources[0];
      const bytes = Buffer.from(source!.subarray(0, source!.length - (random(4) === 0 ? random(source!.length) : 0)));
      for (let changes = 1 + random(3); changes > 0; changes -= 1) bytes[random(bytes.length)] = random(256);
      const message = parseMessage(bytes);
      if (typeof message === 'string') continue;
      if (message.body.length + message.headers.size > bytes.length) throw new RangeError(bytes.toString('latin1'));
      if (message.kind === 'request') validateRequest(message);
      else validateResponse(message);
      message.headers.getAll('via');
    }
  });
});
