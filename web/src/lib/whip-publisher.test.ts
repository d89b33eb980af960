import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../api/http.ts';
import { CONNECT_TIMEOUT_MS, DISCONNECTED_GRACE_MS, type PublisherState, WhipPublisher } from './whip-publisher.ts';
import type { WhipSession } from './whip-session.ts';

/** A server whose answers the test decides. */
class FakeServer {
  readonly states: PublisherState[] = [];
  tries = 0;
  open = 0;
  refuse: Error | undefined;
  tell: (state: RTCPeerConnectionState) => void = () => undefined;

  readonly publisher = new WhipPublisher({
    connect: (onState, signal) => this.#connect(onState, signal),
    onState: (state) => this.states.push(state),
    random: () => 0.5,
  });

  get state(): PublisherState {
    return this.states.at(-1)!;
  }

  async #connect(onState: (state: RTCPeerConnectionState) => void, signal: AbortSignal): Promise<WhipSession> {
    const number = ++this.tries;
    this.tell = onState;
    await new Promise((resolve) => setTimeout(resolve, 100));
    signal.throwIfAborted();
    if (this.refuse) throw this.refuse;
    this.open++;
    let closed = false;
    return {
      peer: { connectionState: 'new' } as RTCPeerConnection,
      publicationId: `pub${number}`,
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }

  async goLive(): Promise<void> {
    this.publisher.start();
    await vi.advanceTimersByTimeAsync(100);
    this.tell('connected');
  }
}

describe('WhipPublisher', () => {
  let server: FakeServer;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
  });
  afterEach(() => vi.useRealTimers());

  test('connects, is live, stops; stop is idempotent', async () => {
    await server.goLive();
    expect(server.states.map(({ phase }) => phase)).toEqual(['connecting', 'connecting', 'live']);
    expect(server.state).toMatchObject({ publicationId: 'pub1', since: Date.now() });
    server.publisher.stop();
    server.publisher.stop();
    expect([server.state, server.open]).toEqual([{ phase: 'idle' }, 0]);
  });

  test('stop while the answer is on its way leaves nothing open', async () => {
    server.publisher.start();
    await vi.advanceTimersByTimeAsync(50);
    server.publisher.stop();
    await vi.advanceTimersByTimeAsync(CONNECT_TIMEOUT_MS);
    expect([server.state.phase, server.open, server.tries]).toEqual(['idle', 0, 1]);
  });

  test.each(['stream_taken', 'forbidden', 'network'])(
    'a first try that fails with %s says so and waits',
    async (code) => {
      server.refuse = new ApiError('no', { code, status: 409 });
      server.publisher.start();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(server.state).toEqual({ phase: 'failed', error: { code, message: 'no' } });
      expect(server.tries).toBe(1);
    },
  );

  test('no way to the media port', async () => {
    server.publisher.start();
    await vi.advanceTimersByTimeAsync(CONNECT_TIMEOUT_MS);
    expect(server.state).toMatchObject({ phase: 'failed', error: { code: 'ice_failed' } });
    expect(server.open).toBe(0);
    server.publisher.start();
    await vi.advanceTimersByTimeAsync(100);
    server.tell('failed');
    expect(server.state).toMatchObject({ phase: 'failed', error: { code: 'ice_failed' } });
  });

  test('a broken connection is made again and keeps its beginning', async () => {
    await server.goLive();
    const { since } = server.state;
    server.tell('failed');
    expect(server.state).toEqual({ phase: 'reconnecting', since });
    await vi.advanceTimersByTimeAsync(1000);
    server.tell('connected');
    expect(server.state).toEqual({ phase: 'live', since, publicationId: 'pub2' });
    expect([server.tries, server.open]).toEqual([2, 1]);
  });

  test('a short interruption is waited for, a longer one is not', async () => {
    await server.goLive();
    server.tell('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    server.tell('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.tries).toBe(1);
    server.tell('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS + 1000);
    expect(server.tries).toBe(2);
  });

  test('while it reconnects it tries again, unless nothing can help', async () => {
    await server.goLive();
    server.refuse = new ApiError('gone', { code: 'network', status: 0 });
    server.tell('failed');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.tries).toBeGreaterThan(4);
    expect(server.state.phase).toBe('reconnecting');
    server.refuse = new ApiError('no', { code: 'forbidden', status: 403 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(server.state).toEqual({ phase: 'failed', error: { code: 'forbidden', message: 'no' } });
  });

  test.each([
    { reason: 'closed', state: { phase: 'failed', error: { code: 'ended' } }, tries: 1 },
    { reason: 'replaced', state: { phase: 'failed', error: { code: 'replaced' } }, tries: 1 },
    { reason: 'worker_died', state: { phase: 'reconnecting' }, tries: 2 },
  ])('the server ends it: $reason', async ({ reason, state, tries }) => {
    await server.goLive();
    server.publisher.ended('somebody else', reason);
    expect(server.state.phase).toBe('live');
    server.publisher.ended('pub1', reason);
    expect(server.state).toMatchObject(state);
    await vi.advanceTimersByTimeAsync(600);
    expect(server.tries).toBe(tries);
    expect(server.open).toBeLessThanOrEqual(tries - 1);
  });
});
