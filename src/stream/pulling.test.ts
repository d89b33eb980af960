import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEVICE_ID, scriptedParts } from '../../test/support/stream-fakes.ts';
import { GatewayError } from '../util/index.ts';
import type { PullHold, RtpPublication, RtpPublishRequest, StreamPuller, Streams } from './index.ts';
import { createStreams } from './streams.ts';

const TIMES = { idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 4000 };
const VIEWER = { offer: 'v=0', remoteAddress: '', userAgent: '' };
const REQUEST: RtpPublishRequest = {
  tracks: [{ kind: 'video', encoding: 'VP8', clockRate: 90_000, payloadType: 96 }],
  source: 'pull',
  remoteAddress: '192.0.2.7',
  userAgent: 'camera',
  notes: ['H265 video is left out'],
};

class NowhereError extends GatewayError {
  override readonly code = 'stream_not_found';
}

/** Has every stream but one. */
class FakePuller implements StreamPuller {
  readonly asked: unknown[][] = [];
  publication: RtpPublication | undefined;
  held = 0;
  served = true;

  async pull(name: string, hops: readonly string[] | undefined): Promise<PullHold | undefined> {
    this.asked.push([name, hops]);
    if (name === 'live/nothing') return undefined;
    if (name === 'live/nowhere') throw new NowhereError('not anywhere');
    this.publication = await streams.publishRtp(name, REQUEST);
    this.held += 1;
    return { release: () => void (this.held -= 1) };
  }

  mayServe = (): boolean => this.served;
}

let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;
let puller: FakePuller;

beforeEach(() => {
  parts = scriptedParts();
  streams = createStreams(TIMES, parts);
  puller = new FakePuller();
  streams.pullFrom(puller);
});
afterEach(() => streams.shutdown());

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: GatewayError) => error.code,
  );

describe('a name that nobody publishes here', () => {
  test('is fetched for a viewer, and held until the viewer counts', async () => {
    await streams.view('/yard', VIEWER);
    expect(puller.asked).toEqual([['live/yard', undefined]]);
    expect([puller.held, puller.publication?.watchers]).toEqual([0, 1]);
    expect(streams.find('yard')).toMatchObject({ transport: 'pull', source: 'publication' });
    await streams.view('live/yard', VIEWER);
    expect(puller.asked).toHaveLength(1);
  });

  test('is fetched for a reader, who counts, too', async () => {
    const counts: number[] = [];
    const tap = await streams.tap('app/yard');
    puller.publication?.on('watchers', (count) => counts.push(count));
    expect([puller.held, puller.publication?.watchers]).toEqual([0, 1]);
    tap.close();
    expect(counts).toEqual([0]);
  });

  test('is told in the timeline with what is left out', async () => {
    await streams.view('yard', VIEWER);
    const details = streams.plays()[0]?.timeline.map(({ stage, detail }) => `${stage} ${detail}`);
    expect(details).toContain('codec H265 video is left out');
  });

  test.each([
    ['nowhere', 'stream_not_found'],
    ['nothing', 'stream_not_found'],
  ])('%s', async (name, expected) => {
    expect(await code(streams.view(name, VIEWER))).toBe(expected);
    expect(await code(streams.tap(name))).toBe(expected);
  });

  test.each(['a/b/c', 'a?b', '..', 'a b', ''])('%j is no name to ask others for', async (name) => {
    await code(streams.view(name, VIEWER));
    expect(puller.asked).toEqual([]);
  });

  test('the hold ends when the viewer cannot be had', async () => {
    parts.webrtc.failure = new Error('no worker');
    await expect(streams.view('yard', VIEWER)).rejects.toThrow('no worker');
    expect(puller.held).toBe(0);
  });
});

describe('other gateways', () => {
  test('are told what is asked already', async () => {
    await streams.tap('yard', { hops: ['a'] });
    expect(puller.asked).toEqual([['live/yard', ['a']]]);
  });

  test('do not get what comes from another gateway', async () => {
    await streams.view('yard', VIEWER);
    puller.served = false;
    expect(await code(streams.tap('yard', { hops: ['a'] }))).toBe('stream_not_found');
    expect(await code(streams.tap('yard'))).toBe('none');
  });
});

test('a device of ours is not asked for elsewhere', async () => {
  parts.platform.script = () => Promise.reject(new NowhereError('no answer'));
  await code(streams.tap(`${DEVICE_ID}_34020000001310000009`));
  expect(puller.asked).toEqual([]);
  await streams.tap('live/34020000001320009999_34020000001310000001');
  expect(puller.asked).toEqual([['live/34020000001320009999_34020000001310000001', undefined]]);
});
