import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findSdpValue,
  formatSdp,
  parseSdp,
  sdpAttribute,
  sdpAttributes,
  sdpConnection,
  sdpDirection,
  sdpOrigin,
  sdpRtpmaps,
  sdpTiming,
  sdpValue,
  type SessionDescription,
} from './index.ts';

function parsed(text: string): SessionDescription {
  const result = parseSdp(text);
  if (typeof result === 'string') throw new TypeError(`no session description: ${result}`);
  return result;
}

const OFFER = [
  'v=0',
  'o=34020000001320000001 0 0 IN IP4 192.0.2.1',
  's=Play',
  'u=34020000001320000001:0',
  'c=IN IP4 192.0.2.1',
  't=0 0',
  'm=video 30000 TCP/RTP/AVP 96 98 97',
  'a=recvonly',
  'a=rtpmap:96 PS/90000',
  'a=rtpmap:98 H264/90000',
  'a=setup:passive',
  'a=connection:new',
  'y=0200000001',
  'f=v/2/5/25/1/4000a///',
  '',
].join('\r\n');

describe('parseSdp and formatSdp', () => {
  const roundTrips = [
    { name: 'vendor lines y= and f= stay in place', text: OFFER },
    { name: 'order as written, u= between s= and c=', text: 'v=0\r\ns=Play\r\nu=a:0\r\nc=IN IP4 192.0.2.1\r\n' },
    { name: 'two media sections', text: 'v=0\r\nm=audio 1/2 RTP/AVP 8\r\na=x\r\nm=video 0 RTP/AVP 96\r\ny=1\r\n' },
    { name: 'media without formats', text: 'v=0\r\nm=video 9 TCP/RTP/AVP\r\n' },
  ];
  test.each(roundTrips)('keeps order and content: $name', ({ text }) => {
    const description = parsed(text);
    expect(formatSdp(description)).toBe(text);
    expect(description.ignored).toBe(0);
  });

  const tolerated = [
    { name: 'quirk: LF only', text: OFFER.replaceAll('\r\n', '\n') },
    { name: 'quirk: CR only', text: OFFER.replaceAll('\r\n', '\r') },
    { name: 'quirk: no final CRLF', text: OFFER.trimEnd() },
    { name: 'quirk: blank lines, also before a=', text: OFFER.replaceAll('a=setup', '\r\n\r\na=setup') },
    { name: 'quirk: blanks around a line', text: OFFER.replaceAll('\r\n', '  \r\n\t') },
    { name: 'quirk: blanks around the equals sign', text: OFFER.replaceAll('c=IN', 'c = IN') },
    { name: 'quirk: NUL bytes behind the text', text: `${OFFER}\u0000\u0000` },
    { name: 'capital type letters', text: OFFER.replace('v=0', 'V=0') },
  ];
  test.each(tolerated)('$name', ({ text }) => {
    expect(formatSdp(parsed(text))).toBe(OFFER);
  });

  test('quirk: garbage behind the text is counted, not kept', () => {
    const description = parsed(`${OFFER}\u00ff\u00fe garbage\r\n<xml/>`);
    expect(formatSdp(description)).toBe(OFFER);
    expect(description.ignored).toBe(2);
  });

  const faults = [
    { name: 'empty', text: '', fault: 'empty' },
    { name: 'line ends only', text: '\r\n\r\n', fault: 'empty' },
    { name: 'XML', text: '<?xml version="1.0"?><Query/>', fault: 'not_sdp' },
    { name: 'media without port', text: 'v=0\r\nm=video\r\n', fault: 'bad_media' },
    { name: 'media with a port of six digits', text: 'm=video 123456 RTP/AVP 96', fault: 'bad_media' },
    { name: 'media with port 65536', text: 'm=video 65536 RTP/AVP 96', fault: 'bad_media' },
    { name: 'media with a negative port', text: 'm=video -1 RTP/AVP 96', fault: 'bad_media' },
    { name: '65 media', text: 'm=video 0 RTP/AVP 96\n'.repeat(65), fault: 'too_many_media' },
    { name: '2001 lines', text: 'a=\n'.repeat(2_001), fault: 'too_many_lines' },
    { name: '64 KiB and one', text: 'a'.repeat(65_537), fault: 'too_long' },
  ];
  test.each(faults)('refuses with a reason: $name', ({ text, fault }) => {
    expect(parseSdp(text)).toBe(fault);
  });
});

describe('fields', () => {
  const offer = parsed(OFFER);
  const [media] = offer.media;

  test('origin, connection and timing', () => {
    expect(sdpOrigin(offer)).toEqual({
      username: '34020000001320000001',
      sessionId: '0',
      sessionVersion: '0',
      netType: 'IN',
      addressType: 'IP4',
      address: '192.0.2.1',
    });
    expect(sdpConnection(offer)).toEqual({ netType: 'IN', addressType: 'IP4', address: '192.0.2.1' });
    expect(sdpTiming(offer)).toEqual({ start: 0, stop: 0 });
  });

  test('a connection of the media goes before that of the session', () => {
    const own = parsed('c=IN IP4 192.0.2.1\nm=video 1 RTP/AVP 96\nc=IN IP4 192.0.2.2/127\nm=audio 2 RTP/AVP 8');
    expect(own.media.map((each) => sdpConnection(own, each)?.address)).toEqual(['192.0.2.2', '192.0.2.1']);
  });

  test('missing lines are undefined, incomplete ones have empty parts', () => {
    const bare = parsed('o=-\nt=x');
    expect(sdpOrigin(bare)?.address).toBe('');
    expect([sdpConnection(bare), sdpTiming(bare), sdpValue(bare, 'y'), sdpOrigin(parsed('v=0'))]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('attributes, with the session level as fallback', () => {
    expect(media).toMatchObject({ media: 'video', port: 30_000, protocol: 'TCP/RTP/AVP', formats: ['96', '98', '97'] });
    expect(sdpAttribute(media!, 'SETUP')).toBe('passive');
    expect(sdpAttributes(media!, 'recvonly')).toEqual(['']);
    const session = parsed('a=setup:active\nm=video 1 RTP/AVP 96');
    expect(sdpAttribute(session.media[0]!, 'setup')).toBeUndefined();
    expect(sdpAttribute(session.media[0]!, 'setup', session)).toBe('active');
  });

  test('quirk: y= is found wherever the device put it', () => {
    expect(findSdpValue(offer, 'y')).toBe('0200000001');
    expect(findSdpValue(parsed('y=1\nm=video 1 RTP/AVP 96\ny=2'), 'y')).toBe('1');
    expect(findSdpValue(parsed('v=0'), 'y')).toBeUndefined();
  });

  test('quirk: PCMA/8000/1 and rtpmaps with blanks', () => {
    const audio = parsed('m=audio 1 RTP/AVP 8 96\na=rtpmap:8 PCMA/8000/1\na=rtpmap: 96  PS / 90000\na=rtpmap:x\n');
    expect(sdpRtpmaps(audio.media[0]!)).toEqual([
      { payloadType: 8, encoding: 'PCMA', clockRate: 8_000, parameters: '1' },
      { payloadType: 96, encoding: 'PS', clockRate: 90_000 },
    ]);
  });

  test.each([
    { text: 'm=video 1 RTP/AVP 96\na=sendonly', direction: 'sendonly' },
    { text: 'a=inactive\nm=video 1 RTP/AVP 96', direction: 'inactive' },
    { text: 'm=video 1 RTP/AVP 96', direction: 'sendrecv' },
  ])('direction of $text', ({ text, direction }) => {
    const description = parsed(text);
    expect(sdpDirection(description, description.media[0]!)).toBe(direction);
  });
});

describe('properties', () => {
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((text) => text.trim());
  const line = fc.record({ type: fc.constantFrom(...Array.from('vosiuepcbtrzkayfx')), value });

  test('what was formatted parses to the same lines', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        expect(parsed(formatSdp({ lines, media: [] })).lines).toEqual(lines);
      }),
    );
  });

  test('fuzz: 200,000 mutated texts give a bounded description or a reason', () => {
    let seed = 0x5d9;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const source = OFFER.slice(0, 260);
    for (let round = 0; round < 200_000; round += 1) {
      const at = random(source.length);
      const text =
        source.slice(0, at) + String.fromCharCode(random(256)).repeat(random(4)) + source.slice(at + random(6));
      const result = parseSdp(text);
      if (typeof result === 'string') continue;
      const kept = result.media.reduce((sum, media) => sum + media.lines.length + 1, result.lines.length);
      if (kept > 40 || formatSdp(result).length > text.length + 2 * kept) throw new RangeError(JSON.stringify(text));
    }
  });
});
