import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../api/http.ts';
import {
  DISCONNECTED_GRACE_MS,
  FIRST_FRAME_TIMEOUT_MS,
  FROZEN_MS,
  type PlayerState,
  SILENCE_MS,
  WhepPlayer,
} from './whep-player.ts';
import type { WhepEvents, WhepSession } from './whep-session.ts';

/** A server whose answers the test decides. */
class FakeServer {
  readonly states: PlayerState[] = [];
  readonly reports: [string, number][] = [];
  tries = 0;
  open = 0;
  connectionState: RTCPeerConnectionState = 'connected';
  refuse: Error | undefined;
  events: WhepEvents | undefined;

  readonly player = new WhepPlayer({
    connect: (events, signal) => this.#connect(events, signal),
    onState: (state) => this.states.push(state),
    onTrack: () => undefined,
    onFirstFrame: (viewerId, afterMs) => this.reports.push([viewerId, afterMs]),
    random: () => 0.5,
  });

  get state(): PlayerState {
    return this.states.at(-1)!;
  }

  async #connect(events: WhepEvents, signal: AbortSignal): Promise<WhepSession> {
    const number = ++this.tries;
    this.events = events;
    await new Promise((resolve) => setTimeout(resolve, 100));
    signal.throwIfAborted();
    if (this.refuse) throw this.refuse;
    this.open++;
    let closed = false;
    return {
      peer: { connectionState: this.connectionState } as RTCPeerConnection,
      viewerId: `v${number}`,
      playId: `p${number}`,
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }
}

const refusal = (code: string) => new ApiError('no', { code, status: 502, playId: 'p9' });

describe('WhepPlayer', () => {
  let server: FakeServer;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
  });
  afterEach(async () => {
    vi.unstubAllGlobals();
    server.player.stop();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.open).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  const playing = async () => {
    server.player.start();
    await vi.advanceTimersByTimeAsync(150);
    server.player.frameDecoded();
  };

  test('first frame: playing, told to the server once, with the time since the start', async () => {
    await playing();
    server.player.frameDecoded();
    expect(server.state).toMatchObject({ phase: 'playing', viewerId: 'v1', playId: 'p1', firstFrameMs: 150 });
    expect(server.reports).toEqual([['v1', 150]]);
  });

  test('a refusal is shown, tried again with growing pauses, and forgotten by the first frame', async () => {
    server.refuse = refusal('webrtc_unavailable');
    server.player.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.state).toMatchObject({ phase: 'failed', error: { code: 'webrtc_unavailable', playId: 'p9' } });
    expect(server.state.retryAt).toBe(Date.now() + 500);
    await vi.advanceTimersByTimeAsync(600);
    expect(server.state.retryAt).toBe(Date.now() + 1000);
    server.refuse = undefined;
    await vi.advanceTimersByTimeAsync(1100);
    server.player.frameDecoded();
    expect(server.state).toMatchObject({ phase: 'playing', viewerId: 'v3' });
    expect(server.state.error).toBeUndefined();
  });

  test('what another try cannot change is not tried again, until somebody asks', async () => {
    server.refuse = refusal('codec_unsupported');
    server.player.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(server.tries).toBe(1);
    expect(server.state.retryAt).toBeUndefined();
    server.refuse = undefined;
    await playing();
    expect(server.state.phase).toBe('playing');
  });

  test.each([
    { browser: 'Firefox without OpenH264', has: ['video/VP8', 'video/AV1'], code: 'browser_no_h264' },
    { browser: 'a browser with H.264', has: ['video/VP8', 'video/H264'], code: 'codec_unsupported' },
    { browser: 'a browser that does not say', has: undefined, code: 'codec_unsupported' },
  ])('$browser: a codec that does not fit is told as $code, and not tried again', async ({ has, code }) => {
    const codecs = has?.map((mimeType) => ({ mimeType }));
    vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => (codecs === undefined ? null : { codecs }) });
    server.refuse = refusal('codec_unsupported');
    server.player.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(server.state).toMatchObject({ phase: 'failed', error: { code, playId: 'p9' } });
    expect(server.tries).toBe(1);
  });

  test.each([
    { state: 'connected' as const, code: 'no_browser_frame' },
    { state: 'connecting' as const, code: 'ice_failed' },
  ])('no frame while $state is $code', async ({ state, code }) => {
    server.connectionState = state;
    server.player.start();
    await vi.advanceTimersByTimeAsync(100 + FIRST_FRAME_TIMEOUT_MS);
    expect(server.state).toMatchObject({ phase: 'failed', error: { code } });
  });

  test('silence re-offers at once and the picture comes back', async () => {
    await playing();
    const at = performance.now();
    server.player.sample({ bytes: 1000, framesDecoded: 5, at });
    server.player.sample({ bytes: 1000, framesDecoded: 5, at: at + SILENCE_MS - 1 });
    expect(server.state.phase).toBe('playing');
    server.player.sample({ bytes: 1000, framesDecoded: 5, at: at + SILENCE_MS });
    expect(server.state.phase).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(100);
    server.player.sample({ bytes: 10, framesDecoded: 1, at: performance.now() });
    expect(server.state).toMatchObject({ phase: 'playing', viewerId: 'v2' });
  });

  test('a decoder that is stuck while packets come is a broken connection, too', async () => {
    await playing();
    const at = performance.now();
    for (let ms = 0; ms <= FROZEN_MS; ms += 1000)
      server.player.sample({ bytes: 1000 + ms, framesDecoded: 5, at: at + ms });
    expect(server.state.phase).toBe('reconnecting');
  });

  test('what the publisher holds back is not missed', async () => {
    await playing();
    const at = performance.now();
    const picture = { video: true, audio: false };
    for (let ms = 0; ms <= 60_000; ms += 1000)
      server.player.sample({ bytes: 1000, framesDecoded: 5, at: at + ms }, picture);
    expect(server.state.phase).toBe('playing');
    server.player.sample({ bytes: 1000, framesDecoded: 5, at: at + 60_000 + SILENCE_MS });
    expect(server.state.phase).toBe('reconnecting');
  });

  test('sound alone plays as soon as it comes', async () => {
    server.player.start();
    await vi.advanceTimersByTimeAsync(150);
    const at = performance.now();
    server.player.sample({ bytes: 0, framesDecoded: 0, at }, { video: true, audio: false });
    expect(server.state.phase).toBe('connecting');
    server.player.sample({ bytes: 500, framesDecoded: 0, at }, { video: true, audio: false });
    expect(server.state.phase).toBe('playing');
  });

  test('disconnected gets a moment to recover, failed does not', async () => {
    await playing();
    server.events?.onState('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    server.events?.onState('connected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS);
    expect(server.tries).toBe(1);
    server.events?.onState('failed');
    expect(server.state.phase).toBe('reconnecting');
  });

  test('a server that no longer knows the viewer', async () => {
    await playing();
    server.player.reconnect();
    server.player.reconnect();
    expect(server.tries).toBe(2);
  });

  test('stop while connecting leaves nothing open', async () => {
    server.player.start();
    await vi.advanceTimersByTimeAsync(50);
    server.player.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.tries).toBe(1);
    expect(server.state).toEqual({ phase: 'stopped' });
  });

  test('states of an earlier connection are not listened to', async () => {
    await playing();
    const old = server.events;
    server.player.reconnect();
    await vi.advanceTimersByTimeAsync(100);
    server.player.frameDecoded();
    old?.onState('failed');
    expect(server.state.phase).toBe('playing');
  });
});
