import { afterEach, describe, expect, test } from 'vitest';
import { FakeTapSource, packetOn, RtspClient, type Answer } from '../../../test/support/rtsp-fakes.ts';
import { silentLogger } from '../../util/index.ts';
import { createRtspServer, type RtspServer, type RtspServerOptions } from '../server.ts';

const NOBODY = { username: '', password: '', checkToken: async () => false };
const OPEN = { enable: false, ...NOBODY, publish: NOBODY };
const ACCOUNT = { username: 'publisher', password: 'secret' };
const GUARDED = {
  enable: true,
  username: 'viewer',
  password: 'seen',
  checkToken: async (token: string) => token === 'play',
  publish: {
    ...ACCOUNT,
    checkToken: async (token: string, stream: string) => token === 'publish' && stream === 'live/a',
  },
};
const UDP = 'RTP/AVP/UDP;unicast;client_port=6000-6001;mode=record';
const TCP = (first: number): string => `RTP/AVP/TCP;unicast;interleaved=${first}-${first + 1};mode=record`;

/** As FFmpeg writes it. */
function sdp(...media: readonly string[][]): string {
  const tracks = media.flatMap((lines, index) => [...lines, `a=control:streamid=${index}`]);
  return `${['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=No Name', 'c=IN IP4 127.0.0.1', 't=0 0', 'a=tool:libavformat', ...tracks].join('\r\n')}\r\n`;
}

const H264 = [
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAKA==,aMuD; profile-level-id=42C028',
];
const OPUS = ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 opus/48000/2', 'a=fmtp:97 sprop-stereo=1'];
const PCMA = ['m=audio 0 RTP/AVP 8'];
const AAC = ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 MPEG4-GENERIC/44100/2', 'a=fmtp:97 profile-level-id=1;mode=AAC-hbr'];
const H265 = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000'];

let nowMs = 0;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(options: Partial<RtspServerOptions> = {}): Promise<{ server: RtspServer; streams: FakeTapSource }> {
  nowMs = 0;
  const streams = new FakeTapSource();
  const base = { address: '127.0.0.1', port: 0, auth: OPEN, now: () => nowMs, tickMs: 5 };
  const server = await createRtspServer({ ...base, ...options }, { streams, log: silentLogger });
  closers.push(() => server.close());
  return { server, streams };
}

function client(server: RtspServer, path = '/live/a'): RtspClient {
  const opened = new RtspClient(server.port, path);
  closers.push(() => opened.close());
  return opened;
}

const announce = (publisher: RtspClient, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
  publisher.request('ANNOUNCE', { 'Content-Type': 'application/sdp', 'User-Agent': 'Lavf', ...headers }, { body });
const setup = (publisher: RtspClient, transport: string, track = 0, session?: string): Promise<Answer> =>
  publisher.request(
    'SETUP',
    { Transport: transport, ...(session === undefined ? {} : { Session: session }) },
    { url: `${publisher.url}/streamid=${track}` },
  );
const idOf = (answer: Answer): string => answer.headers.get('session')?.split(';')[0] ?? '';

async function recording(options: Partial<RtspServerOptions> = {}) {
  const { server, streams } = await open(options);
  const publisher = client(server);
  await announce(publisher, sdp(H264, OPUS));
  const session = idOf(await setup(publisher, TCP(0)));
  await setup(publisher, TCP(2), 1, session);
  await publisher.request('RECORD', { Session: session });
  const [publication] = streams.publications;
  if (publication === undefined) throw new Error('nothing was published');
  return { server, streams, publisher, publication, session };
}

/** Until the server has told the publication, at most as long as the test may run. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a publisher', () => {
  test('over TCP: ANNOUNCE, SETUP, RECORD, packets, RTCP, PAUSE, TEARDOWN', async () => {
    const { server, streams } = await open();
    const publisher = client(server);
    expect((await announce(publisher, sdp(H264, OPUS))).status).toBe(200);
    const [publication] = streams.publications;
    expect(publication).toMatchObject({
      stream: 'live/a',
      request: {
        source: 'rtsp',
        remoteAddress: '127.0.0.1',
        userAgent: 'Lavf',
        tracks: [
          {
            kind: 'video',
            encoding: 'H264',
            clockRate: 90_000,
            payloadType: 96,
            parameters: 'packetization-mode=1; sprop-parameter-sets=Z0LAKA==,aMuD; profile-level-id=42C028',
          },
          { kind: 'audio', encoding: 'OPUS', clockRate: 48_000, channels: 2, payloadType: 97 },
        ],
      },
    });
    // Other channels than ours.
    const first = await setup(publisher, TCP(4));
    expect(first.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=4-5;mode="record"');
    expect(first.headers.get('session')).toMatch(/^[0-9a-f]{16};timeout=60$/);
    const session = idOf(first);
    expect((await setup(publisher, TCP(4), 1, session)).headers.get('transport')).toContain('interleaved=0-1');
    expect(publication?.expecting).toBe(false);
    expect((await publisher.request('RECORD', { Session: session, Range: 'npt=0.000-' })).status).toBe(200);
    expect(publication?.expecting).toBe(true);
    const [a, b] = [Buffer.from('video'), Buffer.from('sound')];
    publisher.socket.write(Buffer.concat([packetOn(4, a), packetOn(1, b), packetOn(9, a), packetOn(5, b)]));
    await until(() => publication?.pushed.length === 1);
    expect(Buffer.concat(publication?.pushed ?? [])).toEqual(
      Buffer.concat([packetOn(0, a), packetOn(3, b), packetOn(1, b)]),
    );
    publication?.emit('rtcp', new Uint8Array(packetOn(3, Buffer.from('report'))));
    await until(() => publisher.packets.length === 1);
    expect(publisher.packets).toEqual([{ channel: 1, packet: Buffer.from('report') }]);
    expect((await publisher.request('GET_PARAMETER', { Session: session })).status).toBe(200);
    expect((await publisher.request('PAUSE', { Session: session })).status).toBe(200);
    expect(publication?.expecting).toBe(false);
    publisher.socket.write(packetOn(4, a));
    expect((await publisher.request('RECORD', { Session: session })).status).toBe(200);
    expect(publication?.pushed).toHaveLength(1);
    const reasons: string[] = [];
    publication?.on('closed', (reason) => reasons.push(reason));
    expect((await publisher.request('TEARDOWN', { Session: session })).status).toBe(200);
    expect(reasons).toEqual(['peer_closed']);
    // The connection is as new.
    expect((await announce(publisher, sdp(PCMA))).status).toBe(200);
    expect(streams.publications).toHaveLength(2);
  });

  test('over UDP, one packet cut into several writes in between', async () => {
    const { server, streams } = await open();
    const publisher = client(server);
    await announce(publisher, sdp(H264, PCMA));
    const first = await setup(publisher, UDP);
    expect(first.headers.get('transport')).toBe(
      'RTP/AVP;unicast;client_port=6000-6001;server_port=50000-50001;mode="record"',
    );
    const second = await setup(publisher, UDP.replace('6000-6001', '6002-6003'), 1, idOf(first));
    expect(second.headers.get('transport')).toContain('server_port=50002-50003');
    expect(streams.publications[0]?.opened).toEqual([
      { track: 0, remote: { address: '127.0.0.1', rtpPort: 6000, rtcpPort: 6001 } },
      { track: 1, remote: { address: '127.0.0.1', rtpPort: 6002, rtcpPort: 6003 } },
    ]);
    expect((await publisher.request('RECORD', { Session: idOf(first) })).status).toBe(200);
  });

  test('cut anywhere, the packets come in order', async () => {
    const { publisher, publication } = await recording();
    const sent = Array.from({ length: 40 }, (_, index) => packetOn(index % 4, Buffer.alloc(1 + index * 37, index)));
    const bytes = Buffer.concat(sent);
    for (let at = 0; at < bytes.length; at += 997) {
      publisher.socket.write(bytes.subarray(at, at + 997));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => Buffer.concat(publication.pushed).length === bytes.length);
    expect(Buffer.concat(publication.pushed)).toEqual(bytes);
    for (const framed of publication.pushed) expect(framed.byteLength).toBe(framed.buffer.byteLength);
  });

  test('a picture that comes packet by packet is handed on whole, what is left of one a moment later', async () => {
    const { publisher, publication } = await recording();
    const rtp = (marker: number): Buffer => packetOn(0, Buffer.from([0x80, marker, 1, 2]));
    for (const marker of [0, 0, 0, 0x80, 0, 0]) {
      publisher.socket.write(rtp(marker));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const all = Buffer.concat([0, 0, 0, 0x80, 0, 0].map(rtp));
    await until(() => Buffer.concat(publication.pushed).length === all.length);
    expect(Buffer.concat(publication.pushed)).toEqual(all);
  });

  test.each([
    ['a token in the URL, before the track', '/live/a?token=publish', (url: string) => `${url}/streamid=0`],
    ['a token behind the track', '/live/a?token=publish', (url: string) => url.replace('?', '/streamid=0?')],
    ['a slash at the end', '/live/a?token=publish', (url: string) => url.replace('?', '/streamid=0/?')],
  ])('SETUP with %s', async (_name, path, track) => {
    const { server } = await open({ auth: GUARDED });
    const publisher = client(server, path);
    await announce(publisher, sdp(H264, OPUS));
    const answer = await publisher.request('SETUP', { Transport: TCP(0) }, { url: track(publisher.url) });
    expect(answer.status).toBe(200);
  });

  test('one track needs no control URL', async () => {
    const { server } = await open();
    const publisher = client(server);
    await announce(publisher, sdp(PCMA).replace('a=control:streamid=0\r\n', ''));
    expect((await publisher.request('SETUP', { Transport: TCP(0) })).status).toBe(200);
  });
});

describe('what is not carried is refused with a reason', () => {
  const only = 'cannot be carried, only H264, VP8, VP9, AV1, OPUS, PCMA and PCMU';
  test.each([
    ['AAC beside H.264', sdp(H264, AAC), 415, `Unsupported Media Type: AAC audio (MPEG4-GENERIC) ${only}`],
    ['H.265', sdp(H265), 415, `Unsupported Media Type: H265 video ${only}`],
    ['two videos', sdp(H264, H264), 415, `Unsupported Media Type: second H264 video ${only}`],
    ['nothing', sdp(), 415, 'Unsupported Media Type: neither video nor audio is announced'],
    [
      '200 m-lines',
      sdp(...Array.from({ length: 200 }, () => H264)),
      400,
      'Bad Request: the description cannot be read: too_many_media',
    ],
    ['no SDP', 'hello', 400, 'Bad Request: the description cannot be read: not_sdp'],
    ['an empty body', '', 400, 'Bad Request: the description cannot be read: empty'],
  ])('%s', async (_name, body, status, phrase) => {
    const { server, streams } = await open();
    const answer = await announce(client(server), body);
    expect([answer.status, answer.phrase]).toEqual([status, phrase]);
    expect(streams.publications).toEqual([]);
  });

  test('another type of body', async () => {
    const { server } = await open();
    const answer = await announce(client(server), sdp(H264), { 'Content-Type': 'text/parameters' });
    expect([answer.status, answer.phrase]).toEqual([
      415,
      'Unsupported Media Type: the body is text/parameters, not application/sdp',
    ]);
  });

  test.each([
    ['stream_taken', 403],
    ['stream_name_invalid', 400],
    ['publication_limit', 453],
    ['codec_unsupported', 415],
    ['webrtc_unavailable', 503],
  ])('%s is %d', async (code, status) => {
    const { server } = await open();
    const answer = await announce(client(server, `/live/${code}`), sdp(H264));
    expect([answer.status, answer.phrase]).toEqual([status, expect.stringContaining(`refused with ${code}`)]);
  });

  test('a body of 16 MB, by its length already', async () => {
    const { server } = await open();
    const publisher = client(server);
    const answer = await announce(publisher, '', { 'Content-Length': String(16 * 1024 * 1024) });
    expect(answer.status).toBe(400);
    await publisher.closed();
  });
});

describe('the order of things', () => {
  test('before ANNOUNCE', async () => {
    const { server } = await open();
    const publisher = client(server);
    expect((await publisher.request('RECORD', { Session: 'x' })).status).toBe(455);
    expect((await setup(publisher, 'RTP/AVP;unicast;client_port=6000-6001;mode=record')).status).not.toBe(200);
  });

  test('who announces does not go on to watch what it has described', async () => {
    const { server, streams } = await open();
    const publisher = client(server);
    await publisher.request('DESCRIBE');
    expect(streams.taps[0]?.closed).toBe(false);
    expect((await announce(publisher, sdp(H264))).status).toBe(200);
    expect(streams.taps[0]?.closed).toBe(true);
  });

  test('after it', async () => {
    const { server } = await open();
    const publisher = client(server);
    await announce(publisher, sdp(H264, OPUS));
    expect((await announce(publisher, sdp(H264))).status).toBe(455);
    expect((await publisher.request('DESCRIBE')).status).toBe(455);
    expect((await publisher.request('PLAY', { Session: 'x' })).status).toBe(455);
    expect((await publisher.request('RECORD', { Session: 'x' })).status).toBe(454);
    expect((await publisher.request('OPTIONS')).status).toBe(200);
    expect((await setup(publisher, TCP(0), 7)).status).toBe(404);
    for (const transport of [
      '',
      'RTP/AVP;multicast;mode=record',
      'RTP/AVP;unicast;mode=record',
      'RTP/AVP/TCP;unicast;interleaved=0-1;mode=play',
      'RTP/SAVP;unicast;client_port=6000-6001',
    ]) {
      expect((await setup(publisher, transport)).status).toBe(461);
    }
    const elsewhere = { url: publisher.url.replace('/live/a', '/live/b/streamid=0') };
    expect((await publisher.request('SETUP', { Transport: TCP(0) }, elsewhere)).status).toBe(459);
    expect((await setup(publisher, TCP(0), 0, 'feed')).status).toBe(454);
    const session = idOf(await setup(publisher, TCP(0)));
    expect((await setup(publisher, TCP(0), 0, session)).status).toBe(455);
    expect((await setup(publisher, UDP, 1, session)).status).toBe(461);
    expect((await publisher.request('GET_PARAMETER', { Session: 'feed' })).status).toBe(454);
    expect((await publisher.request('GET_PARAMETER', { Session: session }, { body: 'x: y\r\n' })).status).toBe(451);
    expect((await publisher.request('RECORD', { Session: session })).status).toBe(200);
    expect((await setup(publisher, TCP(2), 1, session)).status).toBe(455);
  });

  test('who plays on a connection does not publish on it', async () => {
    const { server } = await open();
    const player = client(server);
    await player.request('DESCRIBE');
    await player.request(
      'SETUP',
      { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' },
      { url: `${player.url}/trackID=0` },
    );
    expect((await announce(player, sdp(H264))).status).toBe(455);
  });
});

describe('access', () => {
  const sent = sdp(H264);

  test.each([
    ['nothing', '', 401],
    ['a publish token', '?token=publish', 200],
    ['a play token', '?token=play', 401],
    ['a publish token for another stream', '', 401],
  ])('with %s', async (name, query, status) => {
    const { server } = await open({ auth: GUARDED });
    const path = name.includes('another') ? '/live/b?token=publish' : `/live/a${query}`;
    expect((await announce(client(server, path), sent)).status).toBe(status);
  });

  test('by Digest and Basic of the publishers, not by that of the players', async () => {
    const { server, streams } = await open({ auth: GUARDED });
    const publisher = client(server);
    const challenged = await announce(publisher, sent);
    expect(challenged.headers.get('www-authenticate')).toContain('Digest');
    const wrong = publisher.digest(challenged, 'ANNOUNCE', { username: 'viewer', password: 'seen' });
    expect((await announce(publisher, sent, { Authorization: wrong })).status).toBe(401);
    const right = publisher.digest(challenged, 'ANNOUNCE', ACCOUNT);
    expect((await announce(publisher, sent, { Authorization: right })).status).toBe(200);
    const basic = { Authorization: `Basic ${Buffer.from('publisher:secret').toString('base64')}` };
    expect((await announce(client(server), sent, basic)).status).toBe(200);
    expect(streams.publications).toHaveLength(2);
    expect((await client(server).request('DESCRIBE', basic)).status).toBe(401);
  });
});

describe('the end', () => {
  test('a lost connection ends the publication', async () => {
    const { publisher, publication } = await recording();
    const reasons: string[] = [];
    publication.on('closed', (reason) => reasons.push(reason));
    publisher.socket.resetAndDestroy();
    await until(() => publication.closed);
    expect(reasons).toEqual(['peer_closed']);
  });

  test('a publication that ends for another reason ends the connection', async () => {
    const { publisher, publication } = await recording();
    publication.close('media_lost');
    await publisher.closed();
  });

  test('one who announces and says no more is given up; one who records says it by its media', async () => {
    const { server, streams } = await open({ sessionTimeoutMs: 60_000 });
    const silent = client(server);
    await announce(silent, sdp(H264));
    const busy = await recording({ sessionTimeoutMs: 60_000 });
    nowMs = 61_000;
    await silent.closed();
    expect(streams.publications[0]?.closed).toBe(true);
    expect((await busy.publisher.request('OPTIONS')).status).toBe(200);
    expect(busy.publication.closed).toBe(false);
  });

  test('garbage between packets ends it with 400', async () => {
    const { publisher, publication } = await recording();
    publisher.socket.write(Buffer.concat([packetOn(0, Buffer.from('x')), Buffer.from('GET / HTTP/1.1\r\n\r\n')]));
    expect((await publisher.next()).status).toBe(400);
    await until(() => publication.closed);
    expect(publication.pushed).toHaveLength(1);
  });
});
