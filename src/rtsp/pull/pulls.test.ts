import { afterEach, describe, expect, test } from 'vitest';
import { FakePublication } from '../../../test/support/fake-publication.ts';
import { NO_STATS, fakeStream } from '../../../test/support/fake-streams.ts';
import { FakeRtspServer, H264_PCMA, type RtspServerBehaviour } from '../../../test/support/rtsp-server.ts';
import { eventually } from '../../../test/support/scene.ts';
import type { RtpPublication, RtpPublishRequest, StreamSnapshot } from '../../stream/index.ts';
import { GatewayError, silentLogger } from '../../util/index.ts';
import { createPulls, type PullsOptions } from './pulls.ts';
import type { NewPull, PullDefinition, PullNode, Pulls, PullState, PullStore, PullStreams } from './types.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

class TakenError extends GatewayError {
  override readonly code = 'stream_taken';
}

/** Publications by name, as the streams of a gateway have them. */
class FakeStreams implements PullStreams {
  readonly published: { request: RtpPublishRequest; publication: FakePublication }[] = [];
  /** Packets that have come. */
  packets = 0;
  taken = false;

  async publishRtp(name: string, request: RtpPublishRequest): Promise<RtpPublication> {
    if (this.taken) throw new TakenError('somebody else publishes');
    const publication = new FakePublication(name, `p${this.published.length}`);
    this.published.push({ request, publication });
    return publication;
  }

  find(name: string): StreamSnapshot | undefined {
    const open = this.published.some(({ publication }) => publication.stream === name && !publication.closed);
    return open ? fakeStream({ name, stats: { ...NO_STATS, packets: this.packets } }) : undefined;
  }

  get last(): FakePublication {
    const entry = this.published.at(-1);
    if (entry === undefined) throw new Error('nothing was published');
    return entry.publication;
  }
}

class MemoryStore implements PullStore {
  readonly rows: PullDefinition[] = [];
  list = (): PullDefinition[] => [...this.rows];
  add = (pull: PullDefinition): void => void this.rows.push(pull);
  remove(name: string): boolean {
    const at = this.rows.findIndex((row) => row.name === name);
    if (at >= 0) this.rows.splice(at, 1);
    return at >= 0;
  }
}

interface Opened {
  readonly pulls: Pulls;
  readonly streams: FakeStreams;
  readonly store: MemoryStore;
}

function open(options: Partial<PullsOptions> = {}, store = new MemoryStore()): Opened {
  const streams = new FakeStreams();
  const base = {
    nodes: [],
    nodeTimeoutMs: 500,
    idleTimeoutMs: 20,
    silenceMs: 5000,
    userAgent: 'gbrtc',
    timeoutMs: 500,
  };
  const pulls = createPulls({ ...base, ...options }, { streams, store, log: silentLogger });
  closers.push(() => pulls.close());
  return { pulls, streams, store };
}

async function serve(behaviour: RtspServerBehaviour = {}): Promise<FakeRtspServer> {
  const server = await FakeRtspServer.open(behaviour);
  closers.push(() => server.close());
  return server;
}

const pullOf = (server: FakeRtspServer, more: Partial<NewPull> = {}): NewPull => ({
  name: 'cam',
  url: server.url,
  transport: 'auto',
  onDemand: true,
  ...more,
});

const nodeOf = (server: FakeRtspServer, more: Partial<PullNode> = {}): PullNode => ({
  ip: '127.0.0.1',
  port: server.port,
  user: '',
  password: '',
  path: '',
  ...more,
});

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: GatewayError) => `${error.code}: ${error.message}`,
  );

const state = async (pulls: Pulls, wanted: PullState, name = 'live/cam'): Promise<void> => {
  await eventually(`${wanted}`, () => (pulls.get(name)?.state === wanted ? true : undefined));
};

describe('what may be added', () => {
  const cases: { name: string; pull: Partial<NewPull>; expected: string }[] = [
    { name: 'another scheme', pull: { url: 'http://h/' }, expected: 'pull_invalid: url must begin with rtsp://' },
    { name: 'no host', pull: { url: 'rtsp:///x' }, expected: 'pull_invalid: url has no host that could be one' },
    { name: 'a password alone', pull: { password: 'x' }, expected: 'pull_invalid: a password needs a username' },
    { name: 'a line end', pull: { username: 'a\nb' }, expected: 'pull_invalid: username contains a control character' },
    {
      name: 'a long password',
      pull: { username: 'a', password: 'x'.repeat(257) },
      expected: 'pull_invalid: password is longer than 256 characters',
    },
    {
      name: 'a name with a path',
      pull: { name: '../x' },
      expected: `stream_name_invalid: "../x" cannot be a stream's name: 1 to 160 characters without / \\ ? # % and spaces`,
    },
  ];
  test.each(cases)('$name is refused', async ({ pull, expected }) => {
    const { pulls, store } = open();
    const server = await serve();
    expect(await failure((async () => pulls.add(pullOf(server, pull)))())).toBe(expected);
    expect([pulls.list(), store.rows]).toEqual([[], []]);
  });

  test('a name once, and no running one', async () => {
    const { pulls, streams } = open();
    const server = await serve();
    pulls.add(pullOf(server));
    expect(await failure((async () => pulls.add(pullOf(server, { name: 'live/cam' })))())).toMatch(/^pull_exists/);
    await streams.publishRtp('live/other', { tracks: [], source: 'rtsp', remoteAddress: '', userAgent: '' });
    expect(await failure((async () => pulls.add(pullOf(server, { name: 'other' })))())).toMatch(/^stream_taken/);
  });

  test('the account of the URL is kept apart, and no password is shown', async () => {
    const { pulls, store } = open();
    const added = pulls.add({ ...pullOf(await serve()), url: 'rtsp://u:secret@10.0.0.2/a' });
    expect(added).toMatchObject({ url: 'rtsp://10.0.0.2/a', username: 'u', hasPassword: true, state: 'idle' });
    expect(JSON.stringify(pulls.list())).not.toContain('secret');
    expect(store.rows).toEqual([
      {
        name: 'live/cam',
        url: 'rtsp://10.0.0.2/a',
        username: 'u',
        password: 'secret',
        transport: 'auto',
        onDemand: true,
      },
    ]);
  });
});

test('a password in the query is kept and not shown', async () => {
  const { pulls, store } = open();
  const url = 'rtsp://10.0.0.2/a?user=u&password=secret&pwd=secret&channel=1';
  expect(pulls.add({ ...pullOf(await serve()), url }).url).toBe(
    'rtsp://10.0.0.2/a?user=u&password=***&pwd=***&channel=1',
  );
  expect(JSON.stringify(pulls.list())).not.toContain('secret');
  expect(store.rows[0]?.url).toBe(url);
});

describe('on demand', () => {
  test('one connection for all; it ends with them', async () => {
    const server = await serve();
    const { pulls, streams } = open();
    pulls.add(pullOf(server));
    expect(await pulls.pull('live/other', undefined)).toBeUndefined();
    const holds = await Promise.all([pulls.pull('live/cam', undefined), pulls.pull('live/cam', undefined)]);
    expect(server.log).toEqual(['OPTIONS 200', 'DESCRIBE 200', 'SETUP 200', 'SETUP 200', 'PLAY 200']);
    expect(streams.published.map(({ request }) => request)).toMatchObject([
      { source: 'pull', remoteAddress: '127.0.0.1', notes: [], tracks: [{ encoding: 'H264' }, { encoding: 'PCMA' }] },
    ]);
    expect(pulls.get('cam')).toMatchObject({ state: 'playing', lower: 'tcp' });
    streams.last.watch(1);
    for (const hold of holds) hold?.release();
    streams.last.watch(0);
    await state(pulls, 'idle');
    expect(streams.last.closed).toBe(true);
    await eventually('TEARDOWN', () => server.seen('TEARDOWN')[0]);
    // And again.
    const again = await pulls.pull('live/cam', undefined);
    expect(streams.published).toHaveLength(2);
    again?.release();
  });

  test('what fails is told to the player and not tried at once again', async () => {
    const server = await serve({ statusOf: { DESCRIBE: 404 } });
    const { pulls, streams } = open();
    pulls.add(pullOf(server));
    expect(await failure(pulls.pull('live/cam', undefined))).toBe('rtsp_not_found: the server has no such stream');
    expect(await failure(pulls.pull('live/cam', undefined))).toBe('rtsp_not_found: the server has no such stream');
    expect(server.seen('DESCRIBE')).toHaveLength(1);
    expect(pulls.get('cam')).toMatchObject({ state: 'failed', failure: { code: 'rtsp_not_found' } });
    server.behaviour.statusOf = {};
    await eventually(
      'the wait is over',
      async () => (await failure(pulls.pull('live/cam', undefined))) === 'none' || undefined,
    );
    expect(streams.published).toHaveLength(1);
  });

  test('a wrong password waits for long: cameras lock accounts', async () => {
    const server = await serve({ account: { username: 'a', password: 'b' } });
    const { pulls } = open();
    pulls.add(pullOf(server, { username: 'a', password: 'wrong' }));
    expect(await failure(pulls.pull('live/cam', undefined))).toMatch(/^rtsp_unauthorized/);
    const { nextAttemptAt = 0 } = pulls.get('cam') ?? {};
    expect(nextAttemptAt - Date.now()).toBeGreaterThan(25_000);
  });

  test('tracks that cannot be carried are left out and named', async () => {
    const sdp = `${H264_PCMA.replace('AVP 8', 'AVP 97')}a=rtpmap:97 MPEG4-GENERIC/16000\r\n`;
    const { pulls, streams } = open();
    pulls.add(pullOf(await serve({ sdp })));
    (await pulls.pull('live/cam', undefined))?.release();
    expect(streams.published[0]?.request.notes).toEqual(['MPEG4-GENERIC audio is left out']);
    expect(pulls.get('cam')?.omitted).toEqual(['MPEG4-GENERIC audio']);
  });

  test('a name that somebody else publishes is not taken over', async () => {
    const { pulls, streams } = open();
    pulls.add(pullOf(await serve()));
    streams.taken = true;
    expect(await failure(pulls.pull('live/cam', undefined))).toBe('stream_taken: somebody else publishes');
  });
});

describe('a source that is lost', () => {
  test('comes back into the same publication while somebody watches', async () => {
    const server = await serve();
    const { pulls, streams } = open();
    pulls.add(pullOf(server));
    const hold = await pulls.pull('live/cam', undefined);
    streams.last.watch(1);
    hold?.release();
    server.drop();
    await state(pulls, 'failed');
    expect(pulls.get('cam')?.failure?.code).toBe('rtsp_connection_lost');
    await state(pulls, 'playing');
    expect(streams.published).toHaveLength(1);
    expect([streams.last.closed, streams.last.restarts]).toEqual([false, 1]);
    server.send(Buffer.from('24000001ff', 'hex'));
    await eventually('packets', () => streams.last.pushed[0]);
  });

  test('with other tracks makes another publication: the viewers are told', async () => {
    const server = await serve();
    const { pulls, streams } = open();
    pulls.add(pullOf(server));
    const hold = await pulls.pull('live/cam', undefined);
    streams.last.watch(1);
    server.behaviour.sdp = H264_PCMA.replace('H264', 'VP8');
    server.drop();
    await eventually('another', () => streams.published[1]);
    expect(streams.published[0]?.publication.closed).toBe(true);
    hold?.release();
  });

  test('is not sought when nobody watches', async () => {
    const server = await serve();
    const { pulls, streams } = open({ idleTimeoutMs: 60_000 });
    pulls.add(pullOf(server));
    (await pulls.pull('live/cam', undefined))?.release();
    server.drop();
    await state(pulls, 'failed');
    expect(streams.last.closed).toBe(true);
    expect(server.seen('DESCRIBE')).toHaveLength(1);
  });

  test('by silence', async () => {
    const server = await serve();
    const { pulls, streams } = open({ silenceMs: 1000 });
    pulls.add(pullOf(server));
    const hold = await pulls.pull('live/cam', undefined);
    const timer = setInterval(() => (streams.packets += 1), 50);
    await eventually('longer than that', () => (streams.packets > 60 ? true : undefined));
    expect(pulls.get('cam')?.state).toBe('playing');
    clearInterval(timer);
    await state(pulls, 'failed');
    expect(pulls.get('cam')?.failure?.code).toBe('pull_silent');
    await eventually('told', () => server.seen('TEARDOWN')[0]);
    hold?.release();
  });

  test('over UDP keeps its ports', async () => {
    const server = await serve();
    const { pulls, streams } = open();
    pulls.add(pullOf(server, { transport: 'udp' }));
    const hold = await pulls.pull('live/cam', undefined);
    server.drop();
    await eventually('again', () => (streams.last.remotes.length === 4 ? true : undefined));
    expect(streams.last.opened).toHaveLength(2);
    hold?.release();
  });

  test('a publication that somebody ends is not fought for', async () => {
    const server = await serve();
    const { pulls, streams } = open();
    pulls.add(pullOf(server));
    const hold = await pulls.pull('live/cam', undefined);
    streams.last.close('replaced');
    expect(pulls.get('cam')).toMatchObject({
      state: 'failed',
      failure: { code: 'pull_ended', message: 'the stream was ended: replaced' },
    });
    await eventually('TEARDOWN', () => server.seen('TEARDOWN')[0]);
    hold?.release();
    expect(server.seen('DESCRIBE')).toHaveLength(1);
  });
});

describe('always', () => {
  test('begins by itself, is tried again, survives a restart, and ends when it is removed', async () => {
    const server = await serve({ statusOf: { DESCRIBE: 503 } });
    const first = open();
    first.pulls.add(pullOf(server, { onDemand: false }));
    await state(first.pulls, 'failed');
    server.behaviour.statusOf = {};
    await state(first.pulls, 'playing');
    await first.pulls.close();
    await first.pulls.close();
    expect(first.streams.last.closed).toBe(true);
    const second = open({}, first.store);
    await state(second.pulls, 'playing');
    expect(second.pulls.remove('nobody')).toBe(false);
    expect(second.pulls.remove('cam')).toBe(true);
    expect([second.pulls.list(), second.store.rows, second.streams.last.closed]).toEqual([[], [], true]);
    await eventually('told', () => (server.seen('TEARDOWN').length === 2 ? true : undefined));
  });

  test('is removed while it connects', async () => {
    const server = await serve({ silentOn: ['DESCRIBE'] });
    const { pulls } = open({ timeoutMs: 60_000 });
    pulls.add(pullOf(server, { onDemand: false }));
    const waiting = failure(pulls.pull('live/cam', undefined));
    await eventually('asked', () => server.seen('DESCRIBE')[0]);
    pulls.remove('cam');
    expect(await waiting).toMatch(/^rtsp_aborted/);
    await eventually('disconnected', () => (server.sockets.size === 0 ? true : undefined));
  });
});

describe('other gateways', () => {
  test('are asked together, the first answer wins, the rest is left', async () => {
    const [slow, good, without] = [
      await serve({ delayMs: 300 }),
      await serve(),
      await serve({ statusOf: { DESCRIBE: 404 } }),
    ];
    const { pulls, streams } = open({ nodes: [nodeOf(slow), nodeOf(without), nodeOf(good, { path: '/a/b' })] });
    const holds = await Promise.all([pulls.pull('live/ö x', undefined), pulls.pull('live/ö x', undefined)]);
    expect(streams.published).toHaveLength(1);
    expect(good.log.at(-1)).toBe('PLAY 200');
    expect(good.requests[0]?.uri).toBe(`rtsp://127.0.0.1:${good.port}/a/b/%C3%B6%20x`);
    expect(without.requests[0]?.uri).toBe(`rtsp://127.0.0.1:${without.port}/%C3%B6%20x`);
    expect(good.requests[0]?.headers.get('x-gbrtc-hop')).toMatch(/^[0-9a-f]{12}$/);
    await eventually('left', () => (slow.sockets.size + without.sockets.size === 0 ? true : undefined));
    expect(pulls.list()).toEqual([]);
    expect([pulls.mayServe('live/ö x', []), pulls.mayServe('live/b', ['a'])]).toEqual([false, true]);
    const own = good.requests[0]?.headers.get('x-gbrtc-hop') ?? '';
    expect(pulls.mayServe('live/b', ['a', own])).toBe(false);
    for (const hold of holds) hold?.release();
    await eventually('ended', () => (streams.last.closed ? true : undefined));
    await eventually('TEARDOWN', () => good.seen('TEARDOWN')[0]);
    expect(pulls.mayServe('live/ö x', [])).toBe(true);
  });

  test.each([
    ['that say no', { statusOf: { DESCRIBE: 404 } }, 'the other gateway does not have it (not found)'],
    ['that do not answer', { silentOn: ['OPTIONS'] }, 'the other gateway does not have it (no answer in time)'],
    [
      'that refuse',
      { account: { username: 'a', password: 'b' } },
      'the other gateway does not have it (access refused)',
    ],
  ])('%s: the player is told in time', async (_name, behaviour, text) => {
    const { pulls } = open({ nodes: [nodeOf(await serve(behaviour))], nodeTimeoutMs: 200 });
    const began = performance.now();
    expect(await failure(pulls.pull('live/x', undefined))).toBe(
      `stream_not_found: no stream is named live/x here, and ${text}`,
    );
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('with an account', async () => {
    const account = { username: 'a', password: 'b' };
    const server = await serve({ account, scheme: 'all' });
    const { pulls } = open({ nodes: [nodeOf(server, { user: 'a', password: 'b' })] });
    (await pulls.pull('live/x', undefined))?.release();
    expect(server.log.at(-1)).toBe('PLAY 200');
  });

  test('are not asked for another gateway', async () => {
    const server = await serve();
    const { pulls } = open({ nodes: [nodeOf(server)] });
    expect(await pulls.pull('live/x', ['a'])).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  test('a publisher that comes back heals; one that stays away is told', async () => {
    const server = await serve();
    const { pulls, streams } = open({ nodes: [nodeOf(server)], giveUpMs: 2500 });
    const hold = await pulls.pull('live/x', undefined);
    streams.last.watch(1);
    hold?.release();
    server.drop();
    await eventually('back', () => (server.seen('PLAY').length === 2 ? true : undefined));
    expect(streams.published).toHaveLength(1);
    server.behaviour.statusOf = { DESCRIBE: 404 };
    server.drop();
    await eventually('told', () => (streams.last.closed ? true : undefined), 15_000);
    expect(streams.published).toHaveLength(1);
  });

  test('at most so many', async () => {
    const { pulls } = open({ nodes: [nodeOf(await serve())], maxRelayed: 1 });
    const hold = await pulls.pull('live/x', undefined);
    expect(await failure(pulls.pull('live/y', undefined))).toMatch(/^pull_limit/);
    hold?.release();
  });
});

test('two that fetch a stream from each other: neither waits for itself', async () => {
  const server = await serve();
  const { pulls } = open();
  pulls.add(pullOf(server));
  const hold = await pulls.pull('live/cam', ['a', 'b']);
  const hops = (server.requests[0]?.headers.get('x-gbrtc-hop') ?? '').split(', ');
  expect(hops.slice(0, 2)).toEqual(['a', 'b']);
  hold?.release();
  expect(await failure(pulls.pull('live/cam', hops))).toBe(
    'stream_not_found: live/cam is asked for in a circle of gateways',
  );
  expect(await failure(pulls.pull('live/cam', ['1', '2', '3', '4']))).toMatch(/circle/);
});
