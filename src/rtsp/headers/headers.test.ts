import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';
import { formatChallenges, parseAuthorization } from './authorization.ts';
import { formatHops, parseHops } from './hop.ts';
import { parseRange } from './range.ts';
import { formatRtpInfo } from './rtp-info.ts';
import { formatSession, parseSession } from './session.ts';
import { formatTransport, parseTransport, type TransportSpec } from './transport.ts';

describe('hops', () => {
  test.each([
    ['none', undefined, undefined],
    ['one', 'a1b2', ['a1b2']],
    ['several', 'a, b ,c-d.e', ['a', 'b', 'c-d.e']],
    ['an empty one marks, too', '', []],
    ['what is no hop', 'a, b c, "d", é', ['a']],
    ['too many', 'a,'.repeat(100), Array.from({ length: 16 }, () => 'a')],
  ])('%s', (_name, value, hops) => {
    expect(parseHops(value)).toEqual(hops);
  });

  test('as we send them', () => {
    expect(parseHops(formatHops(['a', 'b']))).toEqual(['a', 'b']);
  });
});

describe('Transport', () => {
  const cases: { name: string; input: string; specs: TransportSpec[]; output?: string }[] = [
    {
      name: 'FFmpeg over UDP',
      input: 'RTP/AVP/UDP;unicast;client_port=14632-14633',
      specs: [{ lower: 'udp', delivery: 'unicast', clientPorts: [14_632, 14_633] }],
      output: 'RTP/AVP;unicast;client_port=14632-14633',
    },
    {
      name: 'FFmpeg over TCP',
      input: 'RTP/AVP/TCP;unicast;interleaved=0-1',
      specs: [{ lower: 'tcp', delivery: 'unicast', interleaved: [0, 1] }],
      output: 'RTP/AVP/TCP;unicast;interleaved=0-1',
    },
    {
      name: 'GStreamer: alternatives in order of preference',
      input: 'RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1;mode="PLAY"',
      specs: [
        { lower: 'udp', delivery: 'unicast', clientPorts: [5000, 5001] },
        { lower: 'tcp', delivery: 'unicast', interleaved: [0, 1], mode: 'play' },
      ],
    },
    {
      name: 'our answer',
      input: 'RTP/AVP;unicast;client_port=1-2;server_port=3-4;ssrc=0000ABCD',
      specs: [{ lower: 'udp', delivery: 'unicast', clientPorts: [1, 2], serverPorts: [3, 4], ssrc: 0xabcd }],
      output: 'RTP/AVP;unicast;client_port=1-2;server_port=3-4;ssrc=0000ABCD',
    },
    {
      name: 'pms: one port for RTP and RTCP, an SSRC in decimal that says nothing',
      input: 'RTP/AVP/UDP;unicast;client_port=5000-5001;source=10.0.0.2;server_port=20004-20004;ssrc=3735928559',
      specs: [{ lower: 'udp', delivery: 'unicast', clientPorts: [5000, 5001], serverPorts: [20_004, 20_004] }],
    },
    {
      name: 'equal ports of a client are none',
      input: 'RTP/AVP;unicast;client_port=5000-5000;interleaved=2-2',
      specs: [{ lower: 'udp', delivery: 'unicast' }],
    },
    {
      name: 'a single port stands for two, blanks and letter case do not matter',
      input: ' rtp/avp ; Unicast ; client_port = 6000 ',
      specs: [{ lower: 'udp', delivery: 'unicast', clientPorts: [6000, 6001] }],
    },
    {
      name: 'multicast',
      input: 'RTP/AVP;multicast;ttl=127',
      specs: [{ lower: 'udp', delivery: 'multicast' }],
    },
    {
      name: 'numbers out of range count as absent',
      input: 'RTP/AVP;unicast;client_port=65535-65536;interleaved=255-256;ssrc=xyz',
      specs: [{ lower: 'udp', delivery: 'unicast' }],
    },
    { name: 'another profile', input: 'RTP/SAVP;unicast,RAW/RAW/UDP', specs: [] },
    { name: 'nothing', input: '', specs: [] },
  ];
  test.each(cases)('$name', ({ input, specs, output }) => {
    expect(parseTransport(input)).toEqual(specs);
    const [first] = specs;
    if (output !== undefined && first !== undefined) expect(formatTransport(first)).toBe(output);
  });

  test('no more than eight alternatives are looked at', () => {
    expect(parseTransport(Array.from({ length: 1000 }, () => 'RTP/AVP').join(','))).toHaveLength(8);
  });
});

describe('Range', () => {
  test.each([
    ['npt=0.000-', { unit: 'npt', start: 0 }],
    ['npt=now-', { unit: 'npt', start: 'now' }],
    ['npt=12.5-20', { unit: 'npt', start: 12.5 }],
    ['npt=1:02:03.5-', { unit: 'npt', start: 3723.5 }],
    ['npt=-30', { unit: 'npt', start: 0 }],
    ['npt=0-;time=19970123T143720Z', { unit: 'npt', start: 0 }],
    ['clock=19961108T142300Z-', { unit: 'other', name: 'clock' }],
    ['smpte-25=10:07:00-', { unit: 'other', name: 'smpte' }],
    ['npt=x-', undefined],
    ['npt', undefined],
    ['', undefined],
  ])('%s', (input, range) => {
    expect(parseRange(input)).toEqual(range);
  });
});

test('RTP-Info: sequence number and time only where they are known', () => {
  expect(formatRtpInfo([{ url: 'rtsp://a/b/trackID=0', seq: 7, rtptime: 9 }, { url: 'rtsp://a/b/trackID=1' }])).toBe(
    'url=rtsp://a/b/trackID=0;seq=7;rtptime=9,url=rtsp://a/b/trackID=1',
  );
});

describe('Session', () => {
  test.each([
    ['12345678', { id: '12345678' }],
    ['abcdef12;timeout=60', { id: 'abcdef12', timeoutSec: 60 }],
    ['abcdef12 ; Timeout=5', { id: 'abcdef12', timeoutSec: 5 }],
    ['abcdef12;timeout=x', { id: 'abcdef12' }],
    ['', undefined],
    ['a b', undefined],
    ['x'.repeat(129), undefined],
  ])('%s', (input, session) => {
    expect(parseSession(input)).toEqual(session);
    if (session !== undefined) expect(parseSession(formatSession(session))).toEqual(session);
  });
});

describe('Authorization', () => {
  const digest = { scheme: 'digest', username: 'u', realm: 'r', nonce: 'n', uri: 'rtsp://h/x', response: 'abc' };
  test.each([
    ['Basic dTpw', { scheme: 'basic', username: 'u', password: 'p' }],
    ['basic dTpwOng=', { scheme: 'basic', username: 'u', password: 'p:x' }],
    ['Basic dXA=', undefined],
    ['Digest username="u", realm="r", nonce="n", uri="rtsp://h/x", response="abc"', digest],
    ['digest username=u,realm=r,nonce=n , uri="rtsp://h/x",response=abc', digest],
    [
      'Digest username="u", realm="r", nonce="n", uri="rtsp://h/x", response="abc", qop=auth, nc=00000001, cnonce="c", algorithm=MD5',
      { ...digest, qop: 'auth', nc: '00000001', cnonce: 'c', algorithm: 'MD5' },
    ],
    ['Digest username="a\\"b", realm="r", nonce="n", uri="rtsp://h/x", response="abc"', { ...digest, username: 'a"b' }],
    ['Digest username="u"', undefined],
    ['Bearer x', undefined],
    ['', undefined],
    [`Basic ${'x'.repeat(5000)}`, undefined],
  ])('%s', (input, credentials) => {
    expect(parseAuthorization(input)).toEqual(credentials);
  });

  test('Digest is offered before Basic', () => {
    expect(formatChallenges({ realm: 'gbrtc', nonce: 'abc' })).toEqual([
      'Digest realm="gbrtc", nonce="abc", algorithm="MD5"',
      'Basic realm="gbrtc"',
    ]);
  });
});

describe('whatever comes', () => {
  test('properties', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseTransport(text).length).toBeLessThanOrEqual(8);
        parseRange(text);
        parseSession(text);
        parseAuthorization(`Digest ${text}`);
      }),
    );
  });

  test('200,000 changed headers: no throw, bounded results', () => {
    const random = seededRandom(554);
    const seeds = [
      'RTP/AVP;unicast;client_port=5000-5001;ssrc=0000ABCD,RTP/AVP/TCP;unicast;interleaved=0-1;mode="PLAY"',
      'npt=1:02:03.5-10',
      'abcdef12;timeout=60',
      'Digest username="u", realm="r", nonce="n", uri="rtsp://h/x", response="abc", qop=auth',
    ];
    let transports = 0;
    for (let count = 0; count < 200_000; count += 1) {
      const text = mutateText(seeds[count % seeds.length] ?? '', random);
      if (count % 4 === 0) transports += parseTransport(text).length;
      else if (count % 4 === 1) parseRange(text);
      else if (count % 4 === 2) parseSession(text);
      else parseAuthorization(text);
    }
    expect(transports).toBeGreaterThan(1000);
    expect(transports).toBeLessThan(50_000 * 8);
  });
});
