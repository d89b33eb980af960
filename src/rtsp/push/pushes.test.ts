import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeError } from '../../../test/support/fake-platform.ts';
import { FakeTapSource, packetOn } from '../../../test/support/rtsp-fakes.ts';
import { FakeRtspServer, type RtspServerBehaviour } from '../../../test/support/rtsp-server.ts';
import type { Tap, TapRequest } from '../../stream/index.ts';
import { silentLogger } from '../../util/index.ts';
import { parseDescription } from '../description.ts';
import { createPushes } from './pushes.ts';
import type { Push, Pushes } from './types.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Streams whose taps can be had, as long as they are said to run. */
class FakeStreamSource extends FakeTapSource {
  running = true;

  override async tap(name: string, request: TapRequest): Promise<Tap> {
    if (!this.running) throw new FakeError('stream_not_found', `no stream ${name}`);
    return super.tap(name, request);
  }
}

interface Pushing {
  readonly server: FakeRtspServer;
  readonly streams: FakeStreamSource;
  readonly pushes: Pushes;
  readonly push: Push;
}

async function pushTo(behaviour: RtspServerBehaviour = {}, account = ''): Promise<Pushing> {
  const server = await FakeRtspServer.open(behaviour);
  const streams = new FakeStreamSource();
  const pushes = createPushes({ userAgent: 'gbrtc', timeoutMs: 2000 }, { streams, log: silentLogger });
  closers.push(
    () => server.close(),
    () => pushes.close(),
  );
  const push = pushes.start({ stream: 'live/desk', url: server.url.replace('//', `//${account}`) });
  return { server, streams, pushes, push };
}

const reached = async ({ push }: Pushing, state: Push['state']): Promise<void> => {
  while (push.state !== state) await once(push, 'changed');
};

describe('a push', () => {
  test('announces, sets up and records; packets flow on the channels that were agreed on; then it says goodbye', async () => {
    const channels = (track: number): string => (track === 0 ? '4-5' : '8-9');
    const pushing = await pushTo({ channels });
    const { server, streams, push } = pushing;
    await reached(pushing, 'recording');
    expect(server.log).toEqual(['OPTIONS 200', 'ANNOUNCE 200', 'SETUP 200', 'SETUP 200', 'RECORD 200']);
    const [announce] = server.seen('ANNOUNCE');
    expect(announce?.headers.get('content-type')).toBe('application/sdp');
    const description = parseDescription(announce?.body.toString() ?? '');
    expect(description).toMatchObject({
      omitted: [],
      tracks: [
        { offer: { kind: 'video', payloadType: 96 }, control: 'trackID=0' },
        { offer: { kind: 'audio', payloadType: 8 }, control: 'trackID=1' },
      ],
    });
    expect(announce?.body.toString()).toContain('a=sendonly');
    expect(server.seen('SETUP').map(({ uri }) => uri)).toEqual([`${server.url}/trackID=0`, `${server.url}/trackID=1`]);
    expect(server.seen('SETUP')[0]?.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=0-1;mode="record"');
    expect(server.seen('RECORD')[0]?.headers.get('session')).toBe('1234567890abcdef');
    streams.taps[0]?.send(false);
    streams.taps[0]?.send(true);
    await expect.poll(() => server.packets.map(({ channel }) => channel)).toEqual([8, 4]);
    await push.close();
    expect(server.log.at(-1)).toBe('TEARDOWN 200');
    expect(push.state).toBe('ended');
    expect(streams.taps[0]?.closed).toBe(true);
  });

  test('asks for a key frame when the server does', async () => {
    const pushing = await pushTo();
    await reached(pushing, 'recording');
    // RFC 4585 §6.3.1: PLI.
    pushing.server.send(packetOn(1, Buffer.from('81ce00020000000100000002', 'hex')));
    await expect.poll(() => pushing.streams.taps[0]?.keyFrameRequests).toBe(1);
  });

  test('knows its account, which its URL does not show', async () => {
    const account = { username: 'push', password: 'p@ss' };
    const pushing = await pushTo({ account, scheme: 'sha-256' }, 'push:p%40ss@');
    await reached(pushing, 'recording');
    expect(pushing.push.url).toBe(pushing.server.url);
  });

  test('shows no token of its URL, which its server gets', async () => {
    const server = await FakeRtspServer.open();
    const pushes = createPushes({ userAgent: 'gbrtc' }, { streams: new FakeStreamSource(), log: silentLogger });
    closers.push(
      () => server.close(),
      () => pushes.close(),
    );
    const push = pushes.start({ stream: 'live/desk', url: `${server.url}?token=secret` });
    while (push.state !== 'recording') await once(push, 'changed');
    expect(push.url).toBe(`${server.url}?token=***`);
    expect(server.seen('ANNOUNCE')[0]?.uri).toBe(`${server.url}?token=secret`);
  });

  test('says that its stream is gone, waits for it and ends when it is closed', async () => {
    const pushing = await pushTo();
    const { server, streams, push } = pushing;
    await reached(pushing, 'recording');
    streams.running = false;
    streams.taps[0]?.end('publisher_gone');
    await reached(pushing, 'failed');
    expect(push.failure).toEqual({ code: 'stream_ended', message: 'publisher_gone' });
    expect(server.log.at(-1)).toBe('TEARDOWN 200');
    await expect.poll(() => push.failure, { timeout: 10_000 }).toMatchObject({ code: 'stream_not_found' });
    streams.running = true;
    await reached(pushing, 'recording');
    expect(push.failure).toBeUndefined();
    await push.close();
    expect(push.state).toBe('ended');
  });

  test('comes back when the server was lost, or refused for a time', async () => {
    const pushing = await pushTo({ statusOf: { ANNOUNCE: 503 } });
    const { server, push } = pushing;
    await reached(pushing, 'failed');
    expect(push.failure).toEqual({ code: 'rtsp_refused', message: 'ANNOUNCE was answered with 503 Text' });
    delete server.behaviour.statusOf;
    await reached(pushing, 'recording');
    expect(push.failure).toBeUndefined();
    server.drop();
    await reached(pushing, 'failed');
    expect(push.failure?.code).toBe('rtsp_connection_lost');
    await reached(pushing, 'recording');
    expect(pushing.streams.taps.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  test('a stop that comes while the server is silent is quick', async () => {
    const pushing = await pushTo({ silentOn: ['ANNOUNCE'] });
    await expect.poll(() => pushing.server.log).toContain('ANNOUNCE 200');
    await pushing.push.close();
    expect(pushing.push.state).toBe('ended');
    expect(pushing.streams.taps[0]?.closed).toBe(true);
  });

  test.each([
    ['415', { statusOf: { ANNOUNCE: 415 } }, 'codec_unsupported'],
    ['no session', { headersOf: { SETUP: { Session: undefined } } }, 'rtsp_bad_answer'],
    ['UDP answered', { headersOf: { SETUP: { Transport: 'RTP/AVP;unicast;server_port=1-2' } } }, 'rtsp_bad_answer'],
    ['no RTSP', { rawOn: { ANNOUNCE: 'HTTP/1.1 200 OK\r\n\r\n' } }, 'rtsp_bad_answer'],
    ['closes', { closeOn: 'SETUP' }, 'rtsp_connection_lost'],
    ['wrong account', { account: { username: 'a', password: 'b' } }, 'rtsp_unauthorized'],
  ] as const)('%s: fails with its reason', async (_name, behaviour, code) => {
    const pushing = await pushTo(behaviour as RtspServerBehaviour);
    await reached(pushing, 'failed');
    expect(pushing.push.failure?.code).toBe(code);
  });
});

test('what is no URL is refused', async () => {
  const pushes = createPushes({ userAgent: 'gbrtc' }, { streams: new FakeStreamSource(), log: silentLogger });
  expect(() => pushes.start({ stream: 'live/a', url: 'http://h/a' })).toThrow('the URL must begin with rtsp://');
  expect(() => pushes.start({ stream: 'live/a', url: 'rtsp://h/a b' })).toThrow('blank');
  await pushes.close();
});
