import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePeer } from '../../../test/support/fake-peer.ts';
import { FakeStreams, fakeStream } from '../../../test/support/fake-streams.ts';
import { openMeetings, ROOM_KEY } from '../../../test/support/meetings-fixture.ts';
import { Tokens } from '../../api/auth/tokens.ts';
import type { LocalMember, LocalMemberEvents, MediaAddresses, Meetings } from './types.ts';

interface Said {
  readonly err: number;
  readonly event?: string;
  readonly session: string;
  readonly data: { readonly reason?: string; readonly media_server?: MediaAddresses } & Record<string, unknown>;
}

const STREAM = { type: 'camera', has_video: true, has_audio: true, audio_codec: 'opus', video_codec: 'vp8' };
const stream = (id: string) => ({ ...STREAM, stream_id: id });
const OFFER = { offer: 'v=0\r\n', remoteAddress: '192.0.2.7', userAgent: 'test' };
const tokens = new Tokens(ROOM_KEY);

let streams: FakeStreams;
let meetings: Meetings;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  streams = new FakeStreams();
  meetings = openMeetings(streams);
});
afterEach(() => {
  meetings.close();
  vi.useRealTimers();
  expect(streams.listenerCount('publicationClosed')).toBe(0);
});

/** One client; `last` answers of it are what a test looks at. */
class Client {
  readonly peer: FakePeer;
  session = '';

  constructor(token?: string) {
    this.peer = new FakePeer(meetings.protocol, { host: 'meet.test', ...(token === undefined ? {} : { token }) });
  }

  async ask(method: string, data: Record<string, unknown> = {}, session = this.session): Promise<Said> {
    await this.peer.say(JSON.stringify({ version: 0, cseq: 1, method, session, data }));
    const replies = this.peer.sent.map((text) => JSON.parse(text) as Said & { cseq: number });
    const reply = replies.filter((said) => said.event === undefined).at(-1) as Said;
    this.peer.sent.splice(0, Infinity, ...this.peer.sent.filter((text) => text.includes('"event":')));
    return reply;
  }

  async join(endpoint: string, more: Record<string, unknown> = {}): Promise<Said> {
    const reply = await this.ask('channel.join', { app: 'a', channel: 'c', endpoint, ...more }, '');
    if (reply.err === 0) this.session = reply.session;
    return reply;
  }

  /** The events so far. */
  events(): Array<Record<string, unknown>> {
    return this.peer.take<{ event: string; data: object }>().map(({ event, data }) => ({ event, ...data }));
  }
}

async function member(endpoint: string, more: Record<string, unknown> = {}, token?: string): Promise<Client> {
  const client = new Client(token);
  expect(await client.join(endpoint, more)).toMatchObject({ err: 0 });
  return client;
}

/** By which the media know it. */
async function mediaId(client: Client): Promise<string> {
  const url = new URL((await client.ask('media_server.dump')).data.media_server?.ws ?? '');
  const access = await tokens.verify(url.searchParams.get('token') ?? '');
  return access?.kind === 'member' ? access.member : '';
}

const names = (): string[] => meetings.list().map(({ app, channel, members }) => `${app}/${channel} ${members}`);

describe('rooms', () => {
  test('simultaneous joins make one room; it goes with the last member', async () => {
    const clients = [new Client(), new Client(), new Client()];
    await Promise.all(clients.map((client, index) => client.join(`e${index}`)));
    expect(names()).toEqual(['a/c 3']);
    for (const client of clients) await client.ask('channel.leave');
    expect(names()).toEqual([]);
  });

  test('nothing crosses rooms or apps, whatever they are called', async () => {
    const alice = await member('alice');
    const others = [
      await member('alice', { channel: 'c2' }),
      await member('alice', { app: 'a2' }),
      await member('alice', { app: 'a c', channel: '' + 'c' }),
      await member("x'; DROP TABLE rooms; --", { channel: "c' OR '1'='1" }),
      await member('../../a', { app: '__proto__', channel: 'constructor' }),
    ];
    await alice.ask('stream.add', { stream: stream('s1') });
    await alice.ask('broadcast', { text: 'hello' });
    await alice.ask('channel.leave');
    for (const other of others) {
      expect(other.events()).toEqual([]);
      expect((await other.ask('channel.dump')).data['endpoint_list']).toHaveLength(1);
      expect(await other.ask('stream.delete', { stream_id: 's1' })).toMatchObject({
        data: { reason: 'stream_unknown' },
      });
    }
    expect(meetings.get('a', "c' OR '1'='1")?.endpoints[0]?.endpoint).toBe("x'; DROP TABLE rooms; --");
    expect(meetings.get('__proto__', 'constructor')?.members).toBe(1);
  });

  test('messages before join, and with the session of another member', async () => {
    const [alice, bob, nobody] = [await member('alice'), await member('bob'), new Client()];
    for (const method of ['channel.leave', 'channel.dump', 'media_server.dump', 'broadcast']) {
      expect(await nobody.ask(method)).toMatchObject({ err: -1, data: { reason: 'not_joined' } });
      expect(await nobody.ask(method, {}, alice.session)).toMatchObject({ err: -1, data: { reason: 'not_joined' } });
      expect(await bob.ask(method, {}, alice.session)).toMatchObject({ err: -1, data: { reason: 'session_unknown' } });
    }
    expect(await bob.ask('stream.add', { stream: stream('s') }, alice.session)).toMatchObject({ err: -1 });
    expect(names()).toEqual(['a/c 2']);
    expect(meetings.get('a', 'c')?.streams).toBe(0);
  });

  test('100 joins of one endpoint: the last one is the member, each of the others was told', async () => {
    const watcher = await member('watcher');
    const clients: Client[] = [];
    for (let index = 0; index < 100; index++) clients.push(await member('same', { device: `d${index}` }));
    expect(names()).toEqual(['a/c 2']);
    for (const client of clients.slice(0, -1)) {
      expect(client.events()).toEqual([{ event: 'error', type: 'replaced' }]);
      expect([client.peer.closed, client.peer.closeCode]).toEqual([true, 1008]);
    }
    expect(watcher.events()).toEqual([{ event: 'endpoint', device: 'd0', endpoint: 'same', stat: 'join' }]);
    expect(await clients.at(-1)?.ask('channel.dump')).toMatchObject({
      data: { endpoint_list: [{ endpoint: 'watcher' }, { endpoint: 'same', device: 'd99' }] },
    });
  });

  test('joining again by the same connection changes nothing; as somebody else is refused', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    const { session } = alice;
    expect(await alice.join('alice')).toMatchObject({ err: 0, session });
    expect(await alice.join('carol')).toMatchObject({ err: -1, data: { reason: 'already_joined' } });
    expect(await alice.join('alice', { channel: 'c2' })).toMatchObject({ data: { reason: 'already_joined' } });
    expect(alice.peer.closed).toBe(false);
    expect([bob.events(), names()]).toEqual([[], ['a/c 2']]);
    await alice.ask('channel.leave');
    expect(await alice.join('carol', { channel: 'c2' })).toMatchObject({ err: 0 });
  });

  test('the limit of members is said with both numbers', async () => {
    meetings.close();
    meetings = openMeetings(streams, { maxMembers: 2 });
    await member('a');
    const second = await member('b');
    const third = new Client();
    expect(await third.join('c')).toMatchObject({
      err: -1,
      err_msg: 'the room has 2 members, the limit is 2',
      data: { reason: 'room_full' },
    });
    expect(await third.join('c', { channel: 'other' })).toMatchObject({ err: 0 });
    // Who comes back needs no place.
    second.peer.drop();
    await member('b');
  });

  test('a stream that is added again under its other name is the same one, by the name the room knows', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    await alice.ask('stream.add', { stream: stream('s1') });
    await alice.ask('stream.add', { stream: { ...stream('live/s1'), video_codec: 'h264' } });
    expect((await bob.ask('channel.dump')).data['endpoint_list']).toMatchObject([
      { endpoint: 'alice', stream: { stream_id: 's1', video_codec: 'h264' } },
      { endpoint: 'bob' },
    ]);
    await alice.ask('stream.delete', { stream_id: 'live/s1' });
    expect(bob.events().map(({ stream: id, stat }) => [id, stat])).toEqual([
      ['s1', 'publish'],
      ['s1', 'unpublish'],
    ]);
  });

  test('streams of one endpoint are bounded', async () => {
    const alice = await member('alice');
    for (let index = 0; index < 16; index++) await alice.ask('stream.add', { stream: stream(`s${index}`) });
    expect(await alice.ask('stream.add', { stream: stream('one-more') })).toMatchObject({
      err_msg: 'the endpoint has 16 streams, the limit is 16',
    });
    expect(await alice.ask('stream.add', { stream: stream('s3') })).toMatchObject({ err: 0 });
  });

  test('a connection that does not join, or has left, is closed after 10 s', async () => {
    const [silent, left, alice] = [new Client(), await member('left'), await member('alice')];
    vi.advanceTimersByTime(9999);
    await silent.ask('channel.dump');
    expect(silent.peer.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await left.ask('channel.leave');
    expect([silent.peer.closed, silent.peer.closeCode, left.peer.closed]).toEqual([true, 1008, false]);
    vi.advanceTimersByTime(10_000);
    expect([left.peer.closed, alice.peer.closed]).toEqual([true, false]);
  });

  test('a client that left while its token was read is no member', async () => {
    const client = new Client();
    const joining = client.join('alice');
    client.peer.drop();
    await joining.catch(() => undefined);
    expect(names()).toEqual([]);
  });

  test('over a bound: an answer to a text that nobody has read', () => {
    const client = new Client();
    client.peer.refuse('more than 200 messages per second');
    expect(client.peer.take()).toMatchObject([
      { err: -1, err_msg: 'more than 200 messages per second', data: { reason: 'too_many_messages' } },
    ]);
  });

  test('closing ends timers and subscriptions; nobody gets in any more', async () => {
    const alice = await member('alice');
    meetings.close();
    meetings.close();
    alice.peer.drop();
    expect(vi.getTimerCount()).toBe(0);
    expect(await new Client().join('bob')).toMatchObject({ err: -1, data: { reason: 'closed' } });
  });
});

describe('a lost connection', () => {
  test('back within the grace time: nobody notices, its streams stay', async () => {
    const [alice, bob] = [await member('alice', { device: 'd' }), await member('bob')];
    await alice.ask('stream.add', { stream: stream('s1') });
    bob.events();
    alice.peer.drop();
    expect(meetings.get('a', 'c')?.endpoints[0]).toMatchObject({ endpoint: 'alice', connected: false });
    vi.advanceTimersByTime(9999);
    await bob.ask('broadcast', { text: 'missed' });
    const back = await member('alice', { device: 'd' });
    vi.advanceTimersByTime(60_000);
    expect([bob.events(), back.events()]).toEqual([[], []]);
    expect(back.session).not.toBe(alice.session);
    expect((await bob.ask('channel.dump')).data['endpoint_list']).toEqual([
      { endpoint: 'alice', device: 'd', role: 'normal', stream: expect.objectContaining({ stream_id: 's1' }) },
      { endpoint: 'bob', device: '', role: 'normal' },
    ]);
  });

  test('gone after it: unpublish, then leave', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    await alice.ask('stream.add', { stream: stream('s1') });
    bob.events();
    alice.peer.drop();
    vi.advanceTimersByTime(10_000);
    expect(bob.events()).toEqual([
      { event: 'stream', device: '', endpoint: 'alice', stream: 's1', stat: 'unpublish' },
      { event: 'endpoint', device: '', endpoint: 'alice', stat: 'leave' },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('its media ends meanwhile: that is told, and only once', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    await streams.publish('s1', OFFER);
    await alice.ask('stream.add', { stream: stream('s1') });
    bob.events();
    alice.peer.drop();
    const id = streams.find('s1')?.publisher?.id ?? '';
    streams.endPublication(id, 'peer_closed');
    expect(bob.events()).toMatchObject([{ event: 'stream', stream: 's1', stat: 'unpublish' }]);
    vi.advanceTimersByTime(10_000);
    expect(bob.events()).toMatchObject([{ event: 'endpoint', stat: 'leave' }]);
  });
});

describe('media of members', () => {
  test('a publication that is replaced goes on; one that ends may come back', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    await streams.publish('s1', OFFER);
    await alice.ask('stream.add', { stream: stream('s1') });
    bob.events();
    await streams.publish('s1', OFFER);
    expect(bob.events()).toEqual([]);
    streams.endPublication(streams.find('s1')?.publisher?.id ?? '', 'peer_closed');
    expect(await alice.ask('stream.delete', { stream_id: 's1' })).toMatchObject({ err: 0 });
    await alice.ask('stream.add', { stream: stream('s1') });
    expect(bob.events()).toMatchObject([{ stat: 'unpublish' }, { stat: 'publish' }]);
  });

  test('leaving and being put out end the publications', async () => {
    const [alice, bob] = [await member('alice'), await member('bob')];
    await streams.publish('s1', OFFER);
    await streams.publish('s2', OFFER);
    await alice.ask('stream.add', { stream: stream('s1') });
    await bob.ask('stream.add', { stream: stream('live/s2') });
    await alice.ask('channel.leave');
    expect(streams.list().map(({ name }) => name)).toEqual(['live/s2']);
    expect(meetings.kick('a', 'c', 'bob')).toBe(true);
    expect([streams.list(), meetings.kick('a', 'c', 'bob')]).toEqual([[], false]);
    expect(bob.events().at(-1)).toEqual({ event: 'error', type: 'kicked' });
    expect(bob.peer.closed).toBe(true);
  });

  test('the addresses have the host that the client used, and no port that is off', async () => {
    const own = (host: string) => ({
      wss: '',
      ws: `ws://${host}:8889/`,
      https: '',
      http: `http://${host}:8889/`,
      rtsp: `rtsp://${host}:8554/`,
    });
    for (const [host, expected] of [
      ['gw.example:8890', 'gw.example'],
      ['[::1]:8890', '[::1]'],
      ['evil"host/', '203.0.113.5'],
      ['', '203.0.113.5'],
    ] as const) {
      const peer = new FakePeer(meetings.protocol, { host });
      await peer.say(JSON.stringify({ method: 'channel.join', data: { app: 'a', channel: host || 'none' } }));
      expect(peer.take<Said>()[0]?.data.media_server).toEqual(own(expected));
    }
  });

  test('media nodes: the least loaded one, the same for the whole room, another one when it is silent', async () => {
    const beat = (id: string, load: number) =>
      meetings.heartbeat({ id, addresses: { wss: `wss://${id}/` }, load, capacity: 10 });
    const wss = async (client: Client) => (await client.ask('media_server.dump')).data.media_server?.wss;
    beat('n1', 5);
    beat('n2', 4);
    beat('n3', 10);
    const alice = await member('alice');
    expect(await wss(alice)).toBe('wss://n2/');
    // Its load has grown, but the room stays together.
    beat('n2', 9);
    expect(await wss(await member('bob'))).toBe('wss://n2/');
    expect(await wss(await member('carol', { channel: 'c2' }))).toBe('wss://n1/');
    vi.advanceTimersByTime(10_000);
    beat('n1', 5);
    vi.advanceTimersByTime(5001);
    expect(meetings.nodes().map(({ id, alive }) => [id, alive])).toEqual([
      ['n1', true],
      ['n2', false],
      ['n3', false],
    ]);
    alice.peer.drop();
    expect(await wss(await member('alice'))).toBe('wss://n1/');
    expect(meetings.removeNode('n1')).toBe(true);
    expect(await wss(await member('dora'))).toBe('');
    // A node that appears does not split the room that meets here now.
    beat('n5', 0);
    expect(await wss(await member('erin'))).toBe('');
    expect(await wss(await member('frank', { channel: 'c3' }))).toBe('wss://n5/');
    vi.advanceTimersByTime(15_000 * 41);
    beat('n4', 0);
    expect(meetings.nodes().map(({ id }) => id)).toEqual(['n4']);
  });

  test('media nodes are bounded', () => {
    const beat = (id: string) => meetings.heartbeat({ id, addresses: {}, load: 0, capacity: 1 });
    for (let index = 0; index < 1000; index++) beat(`n${index}`);
    expect(() => beat('n1000')).toThrow('1000 media nodes are known, the limit is 1000');
    expect(beat('n999').alive).toBe(true);
  });
});

describe('with tokens', () => {
  beforeEach(() => {
    meetings.close();
    meetings = openMeetings(streams, {}, true);
  });

  const room = async (more: Partial<Parameters<Tokens['signRoom']>[0]> = {}): Promise<string> =>
    (
      await tokens.signRoom(
        { app: 'a', room: 'c', user: '*', rights: ['join', 'publish', 'broadcast'], ...more },
        3_600_000,
      )
    ).token;

  test.each<[name: string, token: () => Promise<string | undefined>, join: Record<string, unknown>, reason: string]>([
    ['none', async () => undefined, {}, 'token_missing'],
    ['garbage', async () => 'x.y.z', {}, 'token_invalid'],
    ['a play token', async () => (await tokens.signPlay('live/a', 60_000)).token, {}, 'token_invalid'],
    ['another app', () => room({ app: 'b' }), {}, 'not_allowed'],
    ['an app called *', () => room({ app: '*' }), {}, 'not_allowed'],
    ['another room', () => room({ room: 'c2' }), {}, 'not_allowed'],
    ['another endpoint', () => room({ user: 'bob' }), {}, 'not_allowed'],
    ['no right to join', () => room({ rights: ['publish'] }), {}, 'not_allowed'],
    ['no right to record', () => room(), { role: 'recorder' }, 'not_allowed'],
    ['no right to relay', () => room({ rights: ['join', 'record'] }), { role: 'relayer' }, 'not_allowed'],
  ])('%s: an answer, then the connection closes', async (_name, token, join, reason) => {
    const client = new Client(await token());
    expect(await client.join('alice', join)).toMatchObject({ err: -1, data: { reason } });
    expect([client.peer.closed, client.peer.closeCode, names()]).toEqual([true, 1008, []]);
  });

  test('an expired one', async () => {
    const token = await room();
    vi.setSystemTime(Date.now() + 3_601_000);
    expect(await new Client(token).join('alice')).toMatchObject({ data: { reason: 'token_expired' } });
  });

  test('one in the message goes before that of the URL; without an endpoint it is the token’s', async () => {
    const client = new Client('x.y.z');
    expect(await client.join('', { token: await room({ user: 'alice' }) })).toMatchObject({
      err: 0,
      data: { endpoint: 'alice' },
    });
    await member('r', { role: 'recorder', token: await room({ room: '*', rights: ['join', 'record'] }) });
    const { token } = await tokens.signAdmin('admin', 60_000);
    await member('any', { role: 'relayer', app: 'whatever', token });
  });

  test('rights to publish and to broadcast', async () => {
    const alice = await member('alice', {}, await room({ rights: ['join'] }));
    expect(await alice.ask('stream.add', { stream: stream('s') })).toMatchObject({ data: { reason: 'not_allowed' } });
    expect(await alice.ask('broadcast', {})).toMatchObject({ data: { reason: 'not_allowed' } });
    expect(alice.peer.closed).toBe(false);
  });

  /** The id that the token of its media URLs names. */
  async function mediaId(client: Client): Promise<string> {
    const { data } = await client.ask('media_server.dump');
    const token = new URL(data.media_server?.ws ?? '').searchParams.get('token') ?? '';
    const access = await tokens.verify(token);
    return access?.kind === 'member' ? access.member : '';
  }

  test('a member may publish what is free and play what its room has declared', async () => {
    const [alice, bob] = [await member('alice', {}, await room()), await member('bob', {}, await room())];
    const mallory = await member('mallory', { channel: 'c2' }, await room({ room: 'c2' }));
    const [a, b, m] = [await mediaId(alice), await mediaId(bob), await mediaId(mallory)];
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(true);
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(true);
    expect([b, m].map((id) => meetings.mayUse(id, 'publish', 'live/s1'))).toEqual([false, false]);
    expect(meetings.mayUse(b, 'play', 'live/s1')).toBe(false);
    await streams.publish('s1', { ...OFFER, owner: a });
    expect(await mallory.ask('stream.add', { stream: stream('s1') })).toMatchObject({
      err: -1,
      data: { reason: 'stream_taken' },
    });
    await alice.ask('stream.add', { stream: stream('s1') });
    expect([a, b, m].map((id) => meetings.mayUse(id, 'play', 'live/s1'))).toEqual([true, true, false]);
    await alice.ask('stream.delete', { stream_id: 's1' });
    expect(meetings.mayUse(b, 'play', 'live/s1')).toBe(false);
    // Live, but not by this member.
    await streams.publish('other', OFFER);
    expect(meetings.mayUse(a, 'publish', 'live/other')).toBe(false);
    expect(meetings.mayUse('made up', 'publish', 'live/new')).toBe(false);
  });

  test('what is only said in another app keeps nobody from a name, shows nothing there, and hears of nothing', async () => {
    const mallory = await member('mallory', { app: 'b' }, await room({ app: 'b' }));
    const [alice, bob] = [await member('alice', {}, await room()), await member('bob', {}, await room())];
    const [a, b, m] = [await mediaId(alice), await mediaId(bob), await mediaId(mallory)];
    expect(await mallory.ask('stream.add', { stream: stream('s1') })).toMatchObject({ err: 0 });
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(true);
    await streams.publish('s1', { ...OFFER, owner: a });
    expect(await alice.ask('stream.add', { stream: stream('s1') })).toMatchObject({ err: 0 });
    expect([b, m].map((id) => meetings.mayUse(id, 'play', 'live/s1'))).toEqual([true, false]);
    expect(meetings.mayUse(m, 'publish', 'live/s1')).toBe(false);
    const watcher = await member('watcher', { app: 'b' }, await room({ app: 'b' }));
    bob.events();
    streams.endPublication(streams.find('s1')?.publisher?.id ?? '', 'peer_closed');
    expect([bob.events().length, watcher.events()]).toEqual([1, []]);
    // Of its own room it is still somebody's.
    await alice.ask('stream.add', { stream: stream('s2') });
    expect(meetings.mayUse(b, 'publish', 'live/s2')).toBe(false);
  });

  test('telling the room of a camera, or of what somebody else publishes, opens it to nobody', async () => {
    const [alice, bob] = [await member('alice', {}, await room()), await member('bob', {}, await room())];
    const id = await mediaId(bob);
    for (const name of ['34020000001320000001_34020000001310000001', 'other']) {
      expect(await alice.ask('stream.add', { stream: stream(name) })).toMatchObject({ err: 0 });
      expect(meetings.mayUse(id, 'play', `live/${name}`)).toBe(false);
    }
    // The administrator may show them.
    const admin = await member('admin', {}, (await tokens.signAdmin('admin', 60_000)).token);
    await admin.ask('stream.add', { stream: stream('desk') });
    expect(meetings.mayUse(id, 'play', 'live/desk')).toBe(true);
  });

  test('no camera is published over, whoever asks; a name without a publication opens nothing', async () => {
    const [alice, bob] = [await member('alice', {}, await room()), await member('bob', {}, await room())];
    const [a, b] = [await mediaId(alice), await mediaId(bob)];
    streams.cameras.add('live/34020000001310000001');
    expect(meetings.mayUse(a, 'publish', 'live/34020000001310000001')).toBe(false);
    // Asked for and declared, but nothing came of it: somebody else may publish it, and only that is not shown.
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(true);
    await alice.ask('stream.add', { stream: stream('s1') });
    expect(meetings.mayUse(b, 'play', 'live/s1')).toBe(false);
    await streams.publish('s1', OFFER);
    expect([b, a].map((id) => meetings.mayUse(id, 'play', 'live/s1'))).toEqual([false, false]);
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(false);
    await alice.ask('channel.leave');
    expect(streams.find('live/s1')).toBeDefined();
  });

  test('a name is kept for who asked only for as long as publishing takes', async () => {
    const [alice, bob] = [await member('alice', {}, await room()), await member('bob', {}, await room())];
    const [a, b] = [await mediaId(alice), await mediaId(bob)];
    expect([a, b].map((id) => meetings.mayUse(id, 'publish', 'live/s1'))).toEqual([true, false]);
    vi.advanceTimersByTime(10_000);
    expect([b, a].map((id) => meetings.mayUse(id, 'publish', 'live/s1'))).toEqual([true, false]);
  });

  test('what a guest says of a camera keeps the gateway from nothing', async () => {
    const alice = await member('alice', {}, await room());
    await alice.ask('stream.add', { stream: stream('cam') });
    const camera = { app: 'a', channel: 'c', endpoint: 'cam-1', role: 'camera', device: '' } as const;
    const local = meetings.joinLocal(camera);
    local.addStream(stream('cam'));
    expect(meetings.mayUse(await mediaId(alice), 'play', 'live/cam')).toBe(true);
  });

  test('a token for anybody takes the seat of nobody who is there', async () => {
    const guest = await room();
    const alice = await member('alice', {}, guest);
    const id = await mediaId(alice);
    for (const session of ['', 'made up']) {
      const mallory = new Client(guest);
      const data = { app: 'a', channel: 'c', endpoint: 'alice' };
      expect(await mallory.ask('channel.join', data, session)).toMatchObject({ data: { reason: 'endpoint_taken' } });
    }
    expect([alice.events(), alice.peer.closed]).toEqual([[], false]);
    // By the old session, by a token of this endpoint, by the administrator's; and by anybody's after the loss.
    const back = new Client(guest);
    const data = { app: 'a', channel: 'c', endpoint: 'alice' };
    const joined = await back.ask('channel.join', data, alice.session);
    expect([joined.err, alice.peer.closed]).toEqual([0, true]);
    const own = await member('alice', {}, await room({ user: 'alice' }));
    const admin = await member('alice', {}, (await tokens.signAdmin('admin', 60_000)).token);
    expect([back.peer.closed, own.peer.closed]).toEqual([true, true]);
    admin.peer.drop();
    expect(await mediaId(await member('alice', {}, guest))).toBe(id);
  });

  test('a seat whose connection is dead is free 2 s after somebody with a token for anybody asks for it', async () => {
    const guest = await room();
    const [alice, bob] = [await member('alice', {}, guest), await member('bob', {}, guest)];
    const id = await mediaId(alice);
    for (const each of [alice, bob]) each.events();
    alice.peer.silent = true;
    const [back, other] = [new Client(guest), new Client(guest)];
    const joining = [back.join('alice'), other.join('alice')];
    while (alice.peer.asked < 2) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(1999);
    expect(alice.peer.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    // Of two who ask at the same time the first has it: that one is alive.
    expect((await Promise.all(joining)).map(({ err, data }) => [err, data.reason])).toEqual([
      [0, undefined],
      [-1, 'endpoint_taken'],
    ]);
    expect([alice.events(), alice.peer.closed]).toEqual([[{ event: 'error', type: 'replaced' }], true]);
    expect([await mediaId(back), bob.events()]).toEqual([id, []]);
  });

  test('the rights end with the member, and last over its grace time', async () => {
    const alice = await member('alice', {}, await room());
    const bob = await member('bob', {}, await room());
    const [a, b] = [await mediaId(alice), await mediaId(bob)];
    meetings.mayUse(a, 'publish', 'live/s1');
    await streams.publish('s1', { ...OFFER, owner: a });
    await alice.ask('stream.add', { stream: stream('s1') });
    alice.peer.drop();
    expect(meetings.mayUse(a, 'publish', 'live/s1')).toBe(true);
    const back = await member('alice', {}, await room());
    expect(await mediaId(back)).toBe(a);
    await back.ask('channel.leave');
    expect([meetings.mayUse(a, 'publish', 'live/s1'), meetings.mayUse(b, 'play', 'live/s1')]).toEqual([false, false]);
    expect(streams.find('live/s1')).toBeUndefined();
    expect(meetings.mayUse(b, 'publish', 'live/s1')).toBe(true);
  });

  test('a member holds at most 16 names; those that it does not use make room', async () => {
    const id = await mediaId(await member('alice', {}, await room()));
    for (let index = 0; index < 16; index++) {
      expect(meetings.mayUse(id, 'publish', `live/s${index}`)).toBe(true);
      if (index > 0) await streams.publish(`s${index}`, { ...OFFER, owner: id });
    }
    expect(meetings.mayUse(id, 'publish', 'live/s16')).toBe(true);
    await streams.publish('s16', { ...OFFER, owner: id });
    expect(meetings.mayUse(id, 'publish', 'live/s17')).toBe(false);
  });
});

describe('a room whose media are at this gateway', () => {
  const CAMERA = { app: 'a', channel: 'c', endpoint: 'cam-1', role: 'camera', device: '3402' } as const;
  const wss = async (client: Client) => (await client.ask('media_server.dump')).data.media_server?.wss;
  beforeEach(() => {
    meetings.heartbeat({ id: 'n1', addresses: { wss: 'wss://n1/' }, load: 0, capacity: 10 });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a camera', async () => meetings.joinLocal(CAMERA)],
    ['the Meet page', () => member('page', { media_here: true })],
  ])('by %s is sent to no media node', async (_who, first) => {
    await first();
    expect(await wss(await member('alice'))).toBe('');
    expect(await wss(await member('bob', { channel: 'c2' }))).toBe('wss://n1/');
  });

  test('cannot be one that meets at a node already, as long as that node lives', async () => {
    const alice = await member('alice');
    expect(() => meetings.joinLocal(CAMERA)).toThrow(expect.objectContaining({ code: 'room_elsewhere' }));
    expect(await new Client().join('page', { media_here: true })).toMatchObject({
      err_msg: 'the room meets at media node n1, not at this gateway',
      data: { reason: 'room_elsewhere' },
    });
    expect(meetings.get('a', 'c')?.endpoints.map(({ endpoint }) => endpoint)).toEqual(['alice']);
    vi.advanceTimersByTime(15_001);
    meetings.joinLocal(CAMERA);
    meetings.heartbeat({ id: 'n1', addresses: { wss: 'wss://n1/' }, load: 0, capacity: 10 });
    expect(await wss(alice)).toBe('');
  });
});

describe('members inside the gateway', () => {
  const CAMERA = { app: 'a', channel: 'c', endpoint: 'cam-1', role: 'camera', device: '3402' } as const;
  const NAME = 'live/34020000001320000001_34020000001310000001';

  function heard(local: LocalMember): unknown[][] {
    const list: unknown[][] = [];
    const events: Array<keyof LocalMemberEvents> = [
      'streamPublished',
      'streamUnpublished',
      'endpointJoined',
      'endpointLeft',
      'ended',
    ];
    for (const event of events) local.on(event, (...args: unknown[]) => void list.push([event, ...args]));
    return list;
  }

  test('a camera is an endpoint with a stream that every member may play', async () => {
    meetings.close();
    meetings = openMeetings(streams, {}, true);
    const { token } = await tokens.signRoom({ app: 'a', room: 'c', user: '*', rights: ['join'] }, 60_000);
    const alice = await member('alice', {}, token);
    const camera = meetings.joinLocal(CAMERA);
    camera.addStream({ ...stream(NAME), audio_codec: 'pcma', video_codec: 'h264' });
    expect(alice.events()).toEqual([
      { event: 'endpoint', device: '3402', endpoint: 'cam-1', stat: 'join' },
      { event: 'stream', device: '3402', endpoint: 'cam-1', stream: NAME, stat: 'publish' },
    ]);
    const { data } = await alice.ask('channel.dump');
    expect(data['endpoint_list']).toMatchObject([
      { endpoint: 'alice' },
      { endpoint: 'cam-1', device: '3402', role: 'camera', stream: { stream_id: NAME, type: 'camera' } },
    ]);
    const id = await mediaId(alice);
    expect([meetings.mayUse(id, 'play', NAME), meetings.mayUse(id, 'publish', NAME)]).toEqual([true, false]);
    // Its picture stops while nobody watches: the camera is still there.
    streams.emit('publicationClosed', { id: 'x', stream: NAME, owner: undefined, reason: 'closed' });
    // The same camera in another room is another member's.
    meetings.joinLocal({ ...CAMERA, channel: 'c2' }).addStream(stream(NAME));
    expect(camera.deleteStream(NAME)).toBe(true);
    camera.leave();
    camera.leave();
    expect(alice.events()).toMatchObject([{ stat: 'unpublish' }, { event: 'endpoint', stat: 'leave' }]);
    expect(meetings.mayUse(id, 'play', NAME)).toBe(false);
  });

  test('with it go those who watched it as members of its room only', async () => {
    meetings.close();
    meetings = openMeetings(streams, {}, true);
    const camera = meetings.joinLocal(CAMERA);
    const elsewhere = meetings.joinLocal({ ...CAMERA, channel: 'c2' });
    for (const handle of [camera, elsewhere]) handle.addStream(stream(NAME));
    streams.addStream(fakeStream({ name: NAME }));
    const { token } = await tokens.signRoom({ app: 'a', room: '*', user: 'alice', rights: ['join'] }, 60_000);
    const members = await Promise.all(['c', 'c2'].map((channel) => member('alice', { channel }, token)));
    const ids = await Promise.all(members.map(mediaId));
    for (const owner of [...ids, undefined]) await streams.view(NAME, { ...OFFER, owner });
    const watching = () => streams.find(NAME)?.viewers.length;
    camera.deleteStream(NAME);
    expect(watching()).toBe(2);
    meetings.kick('a', 'c2', 'alice');
    expect(watching()).toBe(1);
  });

  test('a recorder hears of the streams of its room, and of no other', async () => {
    const alice = await member('alice', { device: 'd' });
    await alice.ask('stream.add', { stream: stream('s1') });
    const recorder = meetings.joinLocal({ ...CAMERA, endpoint: 'rec', role: 'recorder', device: '' });
    const list = heard(recorder);
    const ofAlice = { endpoint: 'alice', device: 'd', role: 'normal' };
    expect(recorder.streams()).toEqual([{ ...ofAlice, stream: stream('s1') }]);
    expect(recorder.others()).toEqual([{ endpoint: 'alice', role: 'normal' }]);
    await alice.ask('stream.add', { stream: stream('s2') });
    await (await member('bob', { channel: 'c2' })).ask('stream.add', { stream: stream('s3') });
    await member('bob');
    await alice.ask('channel.leave');
    expect(list).toEqual([
      ['streamPublished', { ...ofAlice, stream: stream('s2') }],
      ['endpointJoined', 'bob'],
      ['streamUnpublished', { ...ofAlice, stream: stream('s1') }],
      ['streamUnpublished', { ...ofAlice, stream: stream('s2') }],
      ['endpointLeft', 'alice'],
    ]);
  });

  test('is put out by kick and by the end, and is told once', async () => {
    const first = meetings.joinLocal(CAMERA);
    const second = meetings.joinLocal({ ...CAMERA, endpoint: 'cam-2' });
    const lists = [heard(first), heard(second)];
    meetings.kick('a', 'c', 'cam-1');
    meetings.close();
    expect(lists.map((list) => list.at(-1))).toEqual([
      ['ended', 'kicked'],
      ['ended', 'closed'],
    ]);
    expect([first.closed, second.closed, second.others(), second.streams()]).toEqual([true, true, [], []]);
    second.leave();
    expect(() => meetings.joinLocal(CAMERA)).toThrow('closing');
  });

  test('a listener that throws harms nobody', async () => {
    meetings.joinLocal(CAMERA).on('endpointJoined', () => {
      throw new TypeError('broken');
    });
    await member('alice');
  });

  test.each([
    [{ endpoint: '' }, 'name_invalid'],
    [{ channel: 'a\u0000' }, 'name_invalid'],
    [{ app: 'x'.repeat(129) }, 'name_invalid'],
    [{ endpoint: 'alice' }, 'endpoint_taken'],
  ])('refuses %j', async (more, code) => {
    const alice = await member('alice');
    expect(() => meetings.joinLocal({ ...CAMERA, ...more })).toThrow(expect.objectContaining({ code }));
    const camera = meetings.joinLocal(CAMERA);
    expect(() => camera.addStream(stream('a b'))).toThrow('stream_id: must be a name');
    await alice.ask('stream.add', { stream: stream('s1') });
    expect(() => camera.addStream(stream('s1'))).toThrow("somebody else's");
    // No client takes its place.
    expect(await new Client().join('cam-1')).toMatchObject({ data: { reason: 'endpoint_taken' } });
  });
});
