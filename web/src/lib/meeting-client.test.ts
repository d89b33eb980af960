import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  FRESH_TOKEN_MS,
  GIVE_UP_MS,
  HEARTBEAT_MS,
  MeetingClient,
  type MeetingError,
  type MeetingPhase,
  type MeetingSocket,
  REQUEST_TIMEOUT_MS,
} from './meeting-client.ts';
import type { MeetingEndpoint, MeetingEvent, MeetingStream } from './meeting-protocol.ts';

interface Sent {
  readonly version: number;
  readonly cseq: number;
  readonly method: string;
  readonly session: string;
  readonly data: Record<string, unknown>;
}

const STREAM: MeetingStream = {
  stream_id: 's1',
  type: 'camera',
  has_video: true,
  has_audio: true,
  audio_codec: 'opus',
  video_codec: 'vp8',
};

/** A server that answers at once, as the document has it. */
class FakeServer {
  readonly sockets: (MeetingSocket & { closed: boolean })[] = [];
  readonly sent: Sent[] = [];
  readonly phases: MeetingPhase[] = [];
  readonly members: (readonly MeetingEndpoint[])[] = [];
  readonly events: MeetingEvent[] = [];
  error: MeetingError | undefined;
  /** What `channel.dump` lists. */
  list: unknown[] = [];
  reachable = true;
  silent = false;
  refuse: { err: number; err_msg: string; data: object } | undefined;

  readonly client = new MeetingClient({
    connect: () => this.#connect(),
    app: 'app',
    channel: 'room',
    endpoint: 'me',
    device: 'd1',
    onPhase: (phase, error) => {
      this.phases.push(phase);
      this.error = error;
    },
    onMembers: (members) => this.members.push(members),
    onEvent: (event) => this.events.push(event),
    random: () => 0.5,
  });

  get socket() {
    return this.sockets.at(-1)!;
  }

  of(method: string): Sent[] {
    return this.sent.filter((message) => message.method === method);
  }

  #connect(): MeetingSocket {
    const socket = {
      onopen: null as (() => void) | null,
      onmessage: null as ((event: { data: unknown }) => void) | null,
      onclose: null as (() => void) | null,
      closed: false,
      send: (text: string) => this.#handle(JSON.parse(text) as Sent),
      close() {
        socket.closed = true;
      },
    };
    this.sockets.push(socket);
    setTimeout(() => (this.reachable ? socket.onopen?.() : socket.onclose?.()), 10);
    return socket;
  }

  #handle(message: Sent): void {
    this.sent.push(message);
    if (this.silent) return;
    const { socket } = this;
    setTimeout(() => socket.onmessage?.({ data: JSON.stringify(this.#answer(message)) }), 5);
  }

  #answer({ cseq, method }: Sent): object {
    const base = { version: 0, cseq, err: 0, err_msg: 'OK', session: 'S', data: {} };
    if (this.refuse) return { ...base, ...this.refuse };
    if (method === 'channel.join') {
      // The session stands in `data` here and nowhere else.
      const { session: _, ...reply } = base;
      const media = { media_server: { wss: 'wss://h:1/x' }, media_token: 'T1' };
      return { ...reply, data: { session: `S${this.of('channel.join').length}`, ...media } };
    }
    if (method === 'media_server.dump')
      return { ...base, data: { media_server: { wss: 'wss://h:1/x' }, media_token: 'T2' } };
    return method === 'channel.dump' ? { ...base, data: { endpoint_list: this.list } } : base;
  }

  tell(event: string, data: object): void {
    this.socket.onmessage?.({ data: JSON.stringify({ version: 0, cseq: 0, event, session: 'S', data }) });
  }

  async join(): Promise<void> {
    this.client.join();
    await vi.advanceTimersByTimeAsync(100);
    expect(this.client.phase).toBe('joined');
  }
}

describe('MeetingClient', () => {
  let server: FakeServer;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
  });
  afterEach(() => {
    server.client.leave();
    // The fake server still answers what it was asked last.
    vi.advanceTimersByTime(10);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test('joins without session, then carries the one it was given', async () => {
    server.list = [{ endpoint: 'me', device: 'd1', role: 'normal' }];
    await server.join();
    expect(server.sent).toEqual([
      {
        version: 0,
        cseq: 1,
        method: 'channel.join',
        session: '',
        data: { app: 'app', channel: 'room', endpoint: 'me', device: 'd1', role: 'normal', media_here: true },
      },
      { version: 0, cseq: 2, method: 'channel.dump', session: 'S1', data: {} },
    ]);
    expect(server.phases).toEqual(['joining', 'joined']);
    expect(server.members).toEqual([[{ endpoint: 'me', device: 'd1', role: 'normal', streams: [] }]]);
    expect(await server.client.freshMediaToken()).toBe('T1');
  });

  test('declares, takes back, broadcasts', async () => {
    await server.join();
    void server.client.declare(STREAM);
    void server.client.broadcast({ type: 'chat', text: 'hi' });
    void server.client.undeclare();
    await vi.advanceTimersByTimeAsync(20);
    expect(server.sent.slice(2).map(({ method, session, data }) => ({ method, session, data }))).toEqual([
      { method: 'stream.add', session: 'S1', data: { stream: STREAM } },
      { method: 'broadcast', session: 'S1', data: { type: 'chat', text: 'hi' } },
      { method: 'stream.delete', session: 'S1', data: { stream_id: 's1' } },
    ]);
  });

  test('the media token is a new one before media is connected again, one for all who ask at once', async () => {
    await server.join();
    expect(await server.client.freshMediaToken()).toBe('T1');
    expect(server.of('media_server.dump')).toEqual([]);
    await vi.advanceTimersByTimeAsync(FRESH_TOKEN_MS);
    const tokens = Promise.all([server.client.freshMediaToken(), server.client.freshMediaToken()]);
    await vi.advanceTimersByTimeAsync(20);
    expect(await tokens).toEqual(['T2', 'T2']);
    expect(server.of('media_server.dump')).toMatchObject([{ session: 'S1', data: { protocol: 'webrtc' } }]);
  });

  test('the media token is the old one where no new one comes', async () => {
    await server.join();
    await vi.advanceTimersByTimeAsync(FRESH_TOKEN_MS);
    server.silent = true;
    const token = server.client.freshMediaToken();
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT_MS);
    expect(await token).toBe('T1');
    server.socket.onclose?.();
    expect(await server.client.freshMediaToken()).toBe('T1');
  });

  test('events of the document, and the list anew when it may have changed', async () => {
    await server.join();
    server.tell('stream', { device: 'd', endpoint: 'bob', stream: 's2', stat: 'publish' });
    server.tell('endpoint', { device: 'd', endpoint: 'eve', stat: 'leave' });
    server.tell('broadcast', { source_endpoint: { device: 'd', endpoint: 'bob' }, payload: { type: 'chat' } });
    server.tell('error', { type: 'no_such' });
    server.tell('weather', { stat: 'rain' });
    server.socket.onmessage?.({ data: 'not JSON' });
    server.socket.onmessage?.({ data: '[1]' });
    await vi.advanceTimersByTimeAsync(50);
    expect(server.events).toEqual([
      { event: 'stream', endpoint: 'bob', stream: 's2', published: true },
      { event: 'endpoint', endpoint: 'eve', joined: false },
      { event: 'broadcast', endpoint: 'bob', payload: { type: 'chat' } },
      { event: 'error', type: 'no_such' },
    ]);
    // Two changes within one answer's time are one more question, not two.
    expect(server.of('channel.dump')).toHaveLength(3);
    expect(server.client.phase).toBe('joined');
  });

  test('a lost connection: back by itself, and the stream is declared again where it was forgotten', async () => {
    await server.join();
    await Promise.all([server.client.declare(STREAM), vi.advanceTimersByTimeAsync(20)]);
    server.socket.onclose?.();
    expect(server.phases.at(-1)).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.client.phase).toBe('joined');
    expect(server.of('channel.join').map(({ session }) => session)).toEqual(['', 'S1']);
    expect(server.of('stream.add').map(({ session }) => session)).toEqual(['S1', 'S2']);
  });

  test('back within the grace time the room still has the stream: nothing is declared twice', async () => {
    await server.join();
    await Promise.all([server.client.declare(STREAM), vi.advanceTimersByTimeAsync(20)]);
    server.list = [{ endpoint: 'me', device: 'd1', role: 'normal', stream: STREAM }];
    server.socket.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.members.at(-1)).toEqual([{ endpoint: 'me', device: 'd1', role: 'normal', streams: [STREAM] }]);
    expect(server.of('stream.add')).toHaveLength(1);
  });

  test('tries again with growing pauses, at once when there is a network, and gives up in the end', async () => {
    await server.join();
    server.reachable = false;
    server.socket.onclose?.();
    await vi.advanceTimersByTimeAsync(8000);
    // After 500, 1000, 2000 and 4000 ms.
    expect(server.sockets).toHaveLength(5);
    server.client.online();
    expect(server.sockets).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(GIVE_UP_MS + 15_000);
    expect(server.phases.at(-1)).toBe('failed');
    expect(server.error?.code).toBe('lost');
    server.reachable = true;
    await server.join();
  });

  test('a connection that is dead without having been closed is noticed by the heartbeat', async () => {
    await server.join();
    server.silent = true;
    const before = server.socket;
    await vi.advanceTimersByTimeAsync(HEARTBEAT_MS + REQUEST_TIMEOUT_MS);
    expect(before.closed).toBe(true);
    expect(server.phases.at(-1)).toBe('reconnecting');
    server.silent = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.client.phase).toBe('joined');
  });

  test.each(['replaced', 'kicked'])('%s: no way back', async (type) => {
    await server.join();
    server.tell('error', { type });
    server.socket.onclose?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.phases.at(-1)).toBe('failed');
    expect(server.error?.code).toBe(type);
    expect(server.sockets).toHaveLength(1);
  });

  test('refused at the join, first or later', async () => {
    server.refuse = { err: -1, err_msg: 'token invalid', data: { reason: 'token_invalid' } };
    server.client.join();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.phases).toEqual(['joining', 'failed']);
    expect(server.error).toMatchObject({ message: 'token invalid', err: -1, code: 'token_invalid' });
    server.refuse = undefined;
    await server.join();
    server.refuse = { err: -1, err_msg: 'full', data: {} };
    server.socket.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.phases.at(-1)).toBe('failed');
    expect(server.error).toMatchObject({ code: 'refused' });
  });

  test('a gateway that stops is waited for', async () => {
    await server.join();
    server.refuse = { err: -1, err_msg: 'closing', data: { reason: 'closed' } };
    server.socket.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.client.phase).toBe('reconnecting');
    server.refuse = undefined;
    await vi.advanceTimersByTimeAsync(3000);
    expect(server.client.phase).toBe('joined');
  });

  test('not reachable at the first time: said at once', async () => {
    server.reachable = false;
    server.client.join();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.phases).toEqual(['joining', 'failed']);
    expect(server.error?.code).toBe('network');
  });

  test('an open that never comes', async () => {
    vi.spyOn(globalThis, 'setTimeout');
    server.client.join();
    server.socket.onopen = null;
    await vi.advanceTimersByTimeAsync(REQUEST_TIMEOUT_MS);
    expect(server.error?.code).toBe('network');
    vi.restoreAllMocks();
  });

  test('leave says so, closes, and rejects what waits', async () => {
    await server.join();
    server.silent = true;
    const waiting = server.client.broadcast({ type: 'chat' });
    server.client.leave();
    server.client.leave();
    await expect(waiting).rejects.toThrow('the connection is left');
    expect(server.of('channel.leave')).toHaveLength(1);
    expect(server.socket.closed).toBe(true);
    expect(server.phases.at(-1)).toBe('idle');
    await expect(server.client.broadcast({})).rejects.toThrow('not connected');
  });

  test('a late answer of an old connection changes nothing', async () => {
    await server.join();
    const [old] = server.sockets;
    old!.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    const count = server.members.length;
    old!.onmessage?.({ data: JSON.stringify({ event: 'endpoint', data: { endpoint: 'x', stat: 'join' } }) });
    old!.onclose?.();
    await vi.advanceTimersByTimeAsync(100);
    expect(server.client.phase).toBe('joined');
    expect(server.members).toHaveLength(count);
  });
});
