import { afterEach, describe, expect, test } from 'vitest';
import { FakePublication } from '../../../test/support/fake-publication.ts';
import { FakeRtspServer, type RtspServerBehaviour } from '../../../test/support/rtsp-server.ts';
import { packetOn } from '../../../test/support/rtsp-fakes.ts';
import { eventually } from '../../../test/support/scene.ts';
import { silentLogger } from '../../util/index.ts';
import { parseRtspAddress } from './address.ts';
import type { RtspClientError } from './errors.ts';
import { RtspSource, type SourceOptions, type SourceTransport } from './source.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(behaviour: RtspServerBehaviour = {}): Promise<FakeRtspServer> {
  const server = await FakeRtspServer.open(behaviour);
  closers.push(() => server.close());
  return server;
}

function optionsFor(url: string, changes: Partial<SourceOptions> = {}): SourceOptions {
  const address = parseRtspAddress(url);
  if ('fault' in address) throw new Error(address.fault);
  return {
    address,
    account: undefined,
    userAgent: 'gbrtc',
    hops: ['a1'],
    timeoutMs: 2000,
    keepAliveMs: 20_000,
    signal: new AbortController().signal,
    log: silentLogger,
    ...changes,
  };
}

async function describeAt(server: FakeRtspServer, changes: Partial<SourceOptions> = {}): Promise<RtspSource> {
  const source = await RtspSource.describe(optionsFor(server.url, changes));
  closers.push(() => source.close());
  return source;
}

interface Playing {
  readonly source: RtspSource;
  readonly publication: FakePublication;
  readonly lost: RtspClientError[];
  readonly lower: string;
}

async function playAt(
  server: FakeRtspServer,
  transport: SourceTransport = 'auto',
  changes: Partial<SourceOptions> = {},
): Promise<Playing> {
  const source = await describeAt(server, changes);
  const publication = new FakePublication();
  const lost: RtspClientError[] = [];
  const lower = await source.play({
    publication,
    openUdp: (track, remote) => publication.openUdp(track, remote),
    transport,
    onLost: (error) => lost.push(error),
  });
  return { source, publication, lost, lower };
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: RtspClientError) => `${error.code}: ${error.message}`,
  );

describe('a source over TCP', () => {
  test('the requests in order, and what they say', async () => {
    const server = await serve();
    const { source, lower } = await playAt(server);
    expect(lower).toBe('tcp');
    await source.close();
    expect(server.log).toEqual(['OPTIONS 200', 'DESCRIBE 200', 'SETUP 200', 'SETUP 200', 'PLAY 200', 'TEARDOWN 200']);
    const [, describeRequest, first, second, play, teardown] = server.requests;
    expect(describeRequest?.headers).toEqual(
      new Map([
        ['cseq', '2'],
        ['user-agent', 'gbrtc'],
        ['x-gbrtc-hop', 'a1'],
        ['accept', 'application/sdp'],
      ]),
    );
    expect([first?.uri, second?.uri]).toEqual([`${server.url}/trackID=0`, `${server.url}/trackID=1`]);
    expect(first?.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
    expect(second?.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=2-3');
    expect([first?.headers.get('session'), second?.headers.get('session')]).toEqual([undefined, '1234567890abcdef']);
    expect([play?.uri, teardown?.uri]).toEqual([`${server.url}/`, `${server.url}/`]);
    expect(teardown?.headers.get('session')).toBe('1234567890abcdef');
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });

  test('packets reach the publication on its own channels, RTCP the server on its', async () => {
    const server = await serve({ channels: (track) => (track === 0 ? '6-7' : '4-5') });
    const { publication } = await playAt(server);
    const packets = [
      packetOn(6, Buffer.from('video')),
      packetOn(5, Buffer.from('report')),
      packetOn(9, Buffer.from('?')),
    ];
    server.send(Buffer.concat(packets));
    const expected = Buffer.concat([packetOn(0, Buffer.from('video')), packetOn(3, Buffer.from('report'))]);
    await eventually('packets', () => (Buffer.concat(publication.pushed).equals(expected) ? true : undefined));
    publication.emit('rtcp', packetOn(1, Buffer.from('pli')));
    await eventually('RTCP', () => (server.packets.length > 0 ? true : undefined));
    expect(server.packets).toEqual([{ channel: 7, packet: Buffer.from('pli') }]);
  });

  test('frames between answers and in pieces are put together', async () => {
    const server = await serve({ pieceBytes: 7 });
    const { publication } = await playAt(server);
    const frames = Buffer.concat(Array.from({ length: 50 }, (_, at) => packetOn(0, Buffer.alloc(100 + at, at))));
    for (let at = 0; at < frames.length; at += 333) {
      server.send(frames.subarray(at, at + 333));
      if (at % 999 === 0) server.send('');
    }
    await eventually('all', () => (Buffer.concat(publication.pushed).length === frames.length ? true : undefined));
    expect(Buffer.concat(publication.pushed).equals(frames)).toBe(true);
    // Whole blocks, so that their memory can be handed over.
    expect(publication.pushed.length).toBeLessThan(50);
  });

  test('a server that closes is told once', async () => {
    const server = await serve();
    const { lost } = await playAt(server);
    server.drop();
    await eventually('lost', () => lost[0]);
    expect(lost.map((error) => error.code)).toEqual(['rtsp_connection_lost']);
  });
});

describe('a source over UDP', () => {
  test('ports of ours before SETUP, ports of the server afterwards', async () => {
    const server = await serve();
    const { publication, lower } = await playAt(server, 'udp');
    expect(lower).toBe('udp');
    expect(server.seen('SETUP')[1]?.headers.get('transport')).toBe('RTP/AVP;unicast;client_port=50002-50003');
    expect(publication.opened).toEqual([0, 1].map((track) => ({ track, remote: { address: '127.0.0.1' } })));
    expect(publication.remotes).toEqual([
      { track: 0, remote: { address: '127.0.0.1', rtpPort: 40_000, rtcpPort: 40_001 } },
      { track: 1, remote: { address: '127.0.0.1', rtpPort: 40_002, rtcpPort: 40_003 } },
    ]);
  });

  test('a pms server is asked for UDP at once, and its one port is taken for RTP and RTCP', async () => {
    const server = await serve({ pms: true });
    const { source, publication, lower } = await playAt(server, 'auto');
    expect(lower).toBe('udp');
    expect(source.description.tracks.map(({ offer }) => offer.encoding)).toEqual(['OPUS', 'VP8']);
    expect(server.seen('SETUP').map(({ uri }) => uri)).toEqual([0, 1].map((track) => `${server.url}/trackID=${track}`));
    expect(publication.remotes).toEqual([
      { track: 0, remote: { address: '127.0.0.1', rtpPort: 20_000, rtcpPort: 20_000 } },
      { track: 1, remote: { address: '127.0.0.1', rtpPort: 20_002, rtcpPort: 20_002 } },
    ]);
    await source.close();
    expect(server.log).toEqual(['OPTIONS 200', 'DESCRIBE 200', 'SETUP 200', 'SETUP 200', 'PLAY 200', 'TEARDOWN 200']);
  });

  test.each([
    { wanted: 'auto', transports: ['udp'], agreed: 'udp' },
    { wanted: 'udp', transports: ['tcp'], agreed: 'tcp' },
  ] as const)('$wanted takes the other way after 461', async ({ wanted, transports, agreed }) => {
    const server = await serve({ transports: [...transports] });
    const { lower } = await playAt(server, wanted);
    expect(lower).toBe(agreed);
    expect(server.log.filter((line) => line.startsWith('SETUP'))).toEqual(['SETUP 461', 'SETUP 200', 'SETUP 200']);
  });

  test.each([
    { wanted: 'tcp', transports: ['udp'] },
    { wanted: 'auto', transports: [] },
    { wanted: 'udp', transports: [] },
  ] as const)('$wanted with a server of [$transports] fails', async ({ wanted, transports }) => {
    const server = await serve({ transports: [...transports] });
    expect(await code(playAt(server, wanted))).toMatch(/^rtsp_refused: SETUP was answered with 461/);
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });
});

describe('an account', () => {
  const account = { username: 'ad"min', password: 'geheim:ß' };

  test.each(['basic', 'md5', 'md5-qop', 'sha-256', 'all'] as const)('%s', async (scheme) => {
    const server = await serve({ account, scheme });
    const { source } = await playAt(server, 'auto', { account });
    await source.close();
    expect(server.log).toEqual([
      'OPTIONS 401',
      'OPTIONS 200',
      'DESCRIBE 200',
      'SETUP 200',
      'SETUP 200',
      'PLAY 200',
      'TEARDOWN 200',
    ]);
  });

  test('a nonce for each request', async () => {
    const server = await serve({ account, newNonces: true });
    await playAt(server, 'auto', { account });
    expect(server.log.slice(0, 2)).toEqual(['OPTIONS 401', 'OPTIONS 200']);
  });

  test.each([
    ['none', undefined, 'it asks for a user and a password', 1],
    ['a wrong one', { username: 'x', password: 'y' }, 'it refuses user or password', 2],
  ])('%s is refused, and tried no further', async (_name, given, why, requests) => {
    const server = await serve({ account, newNonces: true });
    expect(await code(describeAt(server, { account: given }))).toBe(`rtsp_unauthorized: ${why}`);
    expect(server.requests).toHaveLength(requests);
  });
});

describe('redirects', () => {
  test('are followed; the account stays with its host', async () => {
    const account = { username: 'u', password: 'p' };
    const [to, other] = [await serve({ account }), await serve({ account })];
    const from = await serve({ redirect: to.url });
    await playAt(from, 'auto', { account });
    expect(to.log.at(-1)).toBe('PLAY 200');
    await eventually('disconnected', () => (from.sockets.size === 0 ? true : undefined));
    const away = await serve({ redirect: other.url.replace('127.0.0.1', 'localhost') });
    expect(await code(describeAt(away, { account }))).toMatch(/^rtsp_unauthorized/);
    expect(other.requests.every(({ headers }) => !headers.has('authorization'))).toBe(true);
  });

  test.each([
    ['http://127.0.0.1/', 'rtsp_bad_answer: redirected to a URL that must begin with rtsp://'],
    ['', 'rtsp_bad_answer: redirected to a URL that must begin with rtsp://'],
  ])('to %j', async (redirect, expected) => {
    expect(await code(describeAt(await serve({ redirect })))).toBe(expected);
  });

  test('a loop ends', async () => {
    const server = await serve();
    server.behaviour.redirect = server.url;
    expect(await code(describeAt(server))).toBe('rtsp_bad_answer: more than 3 redirects');
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });
});

describe('what goes wrong', () => {
  const H265 =
    'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000\r\n';
  const cases: { name: string; behaviour: RtspServerBehaviour; expected: string | RegExp }[] = [
    { name: 'no such stream', behaviour: { statusOf: { DESCRIBE: 404 } }, expected: /^rtsp_not_found/ },
    {
      name: 'refused',
      behaviour: { statusOf: { DESCRIBE: 503 } },
      expected: 'rtsp_refused: DESCRIBE was answered with 503 Text',
    },
    {
      name: 'H.265 and AAC',
      behaviour: { sdp: H265 },
      expected: 'codec_unsupported: nothing that can be carried: H265 video, MPEG4-GENERIC audio',
    },
    {
      name: 'an empty description',
      behaviour: { sdp: 'v=0\r\n' },
      expected: 'codec_unsupported: nothing that can be carried: no video and no audio',
    },
    {
      name: 'no description',
      behaviour: { sdp: '<html>' },
      expected: 'rtsp_bad_answer: the description cannot be read: not_sdp',
    },
    {
      name: 'huge headers',
      behaviour: { headersOf: { DESCRIBE: { 'X-A': 'a'.repeat(20_000) } } },
      expected: /^rtsp_bad_answer: .*head_too_long/,
    },
    {
      name: 'a huge body',
      behaviour: { rawOn: { DESCRIBE: 'RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 9999999\r\n\r\n' } },
      expected: /body_too_long/,
    },
    {
      name: 'HTTP',
      behaviour: { rawOn: { OPTIONS: 'HTTP/1.1 400 Bad Request\r\n\r\n' } },
      expected: /^rtsp_bad_answer: .*bad_request_line/,
    },
    {
      name: 'never answers',
      behaviour: { silentOn: ['DESCRIBE'] },
      expected: 'rtsp_timeout: no answer to DESCRIBE within 200 ms',
    },
    { name: 'closes', behaviour: { closeOn: 'DESCRIBE' }, expected: /^rtsp_connection_lost/ },
    {
      name: 'SETUP without a session',
      behaviour: { headersOf: { SETUP: { Session: undefined } } },
      expected: 'rtsp_bad_answer: SETUP was answered without a session',
    },
    {
      name: 'SETUP of another transport',
      behaviour: { headersOf: { SETUP: { Transport: 'RTP/AVP;unicast;client_port=1-2' } } },
      expected: 'rtsp_bad_answer: tcp was asked for and udp answered',
    },
    {
      name: 'PLAY refused',
      behaviour: { statusOf: { PLAY: 455 } },
      expected: 'rtsp_refused: PLAY was answered with 455 Text',
    },
    {
      name: 'PLAY never answered',
      behaviour: { silentOn: ['PLAY'] },
      expected: 'rtsp_timeout: no answer to PLAY within 200 ms',
    },
  ];
  test.each(cases)('$name', async ({ behaviour, expected }) => {
    const server = await serve(behaviour);
    const failure = await code(playAt(server, 'auto', { timeoutMs: 200 }));
    if (typeof expected === 'string') expect(failure).toBe(expected);
    else expect(failure).toMatch(expected);
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });

  test('nobody listens', async () => {
    const server = await serve();
    const { url } = server;
    await server.close();
    expect(await code(RtspSource.describe(optionsFor(url)))).toMatch(/^rtsp_unreachable/);
  });

  test('a missing CSeq, an answer before the answer, and questions of the server', async () => {
    const server = await serve({ headersOf: { DESCRIBE: { CSeq: undefined } } });
    const { lost } = await playAt(server);
    server.send(
      'RTSP/1.0 100 Continue\r\nCSeq: 99\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\nANNOUNCE * RTSP/1.0\r\nCSeq: 8\r\n\r\n',
    );
    const server2 = await serve({
      rawOn: { OPTIONS: 'RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n' },
    });
    await playAt(server2);
    expect(lost).toEqual([]);
  });

  test('withdrawn while it connects, asks or plays', async () => {
    const server = await serve({ silentOn: ['DESCRIBE'] });
    const abort = new AbortController();
    const failure = code(describeAt(server, { signal: abort.signal }));
    await eventually('asked', () => server.seen('DESCRIBE')[0]);
    abort.abort();
    expect(await failure).toBe('rtsp_aborted: the request was withdrawn');
    expect(await code(describeAt(server, { signal: abort.signal }))).toMatch(/^rtsp_aborted/);
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });
});

describe('keep-alive', () => {
  const fast = { keepAliveMs: 20, timeoutMs: 150 };

  test('by GET_PARAMETER with the session, by OPTIONS where that is unknown', async () => {
    const server = await serve({ headersOf: { SETUP: { Session: 'abcdefgh;timeout=0' } } });
    const { lost } = await playAt(server, 'auto', { timeoutMs: 1000, keepAliveMs: 50 });
    await eventually('GET_PARAMETER', () => server.seen('GET_PARAMETER')[0]);
    expect(server.seen('GET_PARAMETER')[0]?.headers.get('session')).toBe('abcdefgh');
    server.behaviour.statusOf = { GET_PARAMETER: 501 };
    const before = server.seen('OPTIONS').length;
    await eventually('OPTIONS', () => (server.seen('OPTIONS').length > before ? true : undefined));
    expect(lost).toEqual([]);
  });

  test.each([
    ['a session that is forgotten', { statusOf: { GET_PARAMETER: 454 } }, /forgotten/],
    ['a server that is half open', { silentOn: ['GET_PARAMETER'] }, /nothing came/],
  ])('%s is lost', async (_name, behaviour, expected) => {
    const server = await serve(behaviour);
    const { lost } = await playAt(server, 'auto', fast);
    const [error] = [await eventually('lost', () => lost[0])];
    expect(error.message).toMatch(expected);
  });

  test('a camera that sends but leaves questions unanswered is not', async () => {
    const server = await serve({ silentOn: ['GET_PARAMETER'] });
    const { lost, publication } = await playAt(server, 'auto', { keepAliveMs: 20, timeoutMs: 100 });
    const timer = setInterval(() => server.send(packetOn(0, Buffer.alloc(50))), 10);
    await eventually('packets', () =>
      publication.pushed.length > 40 && server.seen('GET_PARAMETER').length > 0 ? true : undefined,
    );
    clearInterval(timer);
    expect(lost).toEqual([]);
  });
});
