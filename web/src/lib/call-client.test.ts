import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  CallClient,
  type CallSocket,
  type CallState,
  JOIN_TIMEOUT_MS,
  type JoinedRoom,
  KEEP_LIVE_MS,
  MAX_RECONNECTS,
  MAX_UNANSWERED,
  RECONNECT_MS,
} from './call-client.ts';
import type { CallMessage } from './call-message.ts';

class FakeSocket extends EventTarget implements CallSocket {
  readonly sent: CallMessage[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as CallMessage);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.dispatchEvent(new Event('close'));
  }

  end(reason: string): void {
    this.closed = true;
    this.dispatchEvent(Object.assign(new Event('close'), { reason }));
  }

  open(): void {
    this.dispatchEvent(new Event('open'));
  }

  say(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }
}

const OK = {
  cmd: 'respJoin',
  result: 0,
  desc: 'ok',
  roomId: '22',
  uid: 'me',
  uname: 'Me',
  sessionId: 'S1',
  reportStatsInterval: 15,
  userList: null,
};

class Scene {
  readonly sockets: FakeSocket[] = [];
  readonly states: CallState[] = [];
  readonly joined: JoinedRoom[] = [];
  readonly messages: CallMessage[] = [];
  resumed = 0;
  renewed: string | undefined = 'T2';

  readonly client = new CallClient({
    open: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    identity: { appId: '10000', roomId: '22', uid: 'me', uname: 'Me', talkType: 1 },
    token: 'T1',
    client: { osName: 'Win32', browser: 'chrome58.0', sdkInfo: '1.0.0' },
    onState: (state) => this.states.push(state),
    onJoined: (room) => this.joined.push(room),
    onResumed: () => void this.resumed++,
    onMessage: (message) => this.messages.push(message),
    renewToken: async () => this.renewed,
  });

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get phases(): string[] {
    return this.states.map(({ phase }) => phase);
  }

  join(): void {
    this.client.join();
    this.answer();
  }

  answer(): void {
    this.socket.open();
    this.socket.say(OK);
  }

  /** The connection is lost and made again, up to the question for the session. */
  reconnect(): void {
    this.socket.close();
    vi.advanceTimersByTime(RECONNECT_MS);
    this.socket.open();
  }
}

const ALIVE = { cmd: 'respKeepLive', result: 0, desc: 'ok' };
const GONE = [
  { name: 'respKeepLive 2', refusal: { cmd: 'respKeepLive', result: 2, desc: 'who?' } },
  { name: 'generalMsgResp', refusal: { cmd: 'generalMsgResp', result: 5, desc: 'no room', data1: 'keepLive' } },
];

describe('CallClient', () => {
  let scene: Scene;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_560_138_845_000 });
    scene = new Scene();
  });
  afterEach(() => {
    scene.client.leave();
    vi.runAllTimers();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test('join, as seed 002 §6.1 has it', () => {
    scene.client.join();
    expect(scene.socket.sent).toEqual([]);
    scene.socket.open();
    expect(scene.socket.sent).toEqual([
      {
        cmd: 'join',
        appId: '10000',
        token: 'T1',
        sessionId: '',
        roomId: '22',
        roomName: '22',
        uid: 'me',
        uname: 'Me',
        userType: 0,
        talkType: 1,
        time: '1560138845000',
        osInfo: 'Win32',
        osName: 'Win32',
        browser: 'chrome58.0',
        sdkInfo: '1.0.0',
      },
    ]);
    const other = { appId: '10000', uid: '524965486', uname: 'client_535', userType: 0, talkType: 1 };
    scene.socket.say({ ...OK, userList: [other, { ...other, uid: 'me' }] });
    expect(scene.joined).toEqual([
      {
        roomId: '22',
        uname: 'Me',
        reportStatsIntervalSec: 15,
        users: [{ uid: '524965486', uname: 'client_535', userType: 0, talkType: 1 }],
      },
    ]);
    expect(scene.phases).toEqual(['joining', 'joined']);
    expect(scene.client.send('candidate', { remoteUid: 'x', msg: '{}' })).toBe(true);
    expect(scene.socket.sent.at(-1)).toMatchObject({
      cmd: 'candidate',
      appId: '10000',
      sessionId: 'S1',
      roomId: '22',
      uid: 'me',
      remoteUid: 'x',
      msg: '{}',
    });
  });

  test.each([
    { name: 'full', reply: { ...OK, result: 1, desc: 'room is full, it up to max number:3' }, code: 'result_1' },
    { name: 'token', reply: { ...OK, result: 12, desc: 'no' }, code: 'result_12' },
  ])('refused: $name', ({ reply, code }) => {
    scene.client.join();
    scene.socket.open();
    scene.socket.say(reply);
    expect(scene.states.at(-1)).toEqual({ phase: 'failed', error: { code, message: reply.desc } });
    expect([scene.sockets.length, scene.socket.closed]).toEqual([1, true]);
    vi.advanceTimersByTime(60_000);
    expect(scene.sockets.length).toBe(1);
    scene.join();
    expect(scene.client.state.phase).toBe('joined');
  });

  test('no answer to the join closes the connection', () => {
    scene.client.join();
    scene.socket.open();
    vi.advanceTimersByTime(JOIN_TIMEOUT_MS);
    expect(scene.states.at(-1)).toMatchObject({ phase: 'failed', error: { code: 'timeout' } });
    expect(scene.socket.closed).toBe(true);
  });

  test('a server that is not there', () => {
    scene.client.join();
    scene.socket.close();
    expect(scene.states.at(-1)).toMatchObject({ phase: 'failed', error: { code: 'unreachable' } });
  });

  test('keepLive every 5 s; four without an answer make a new connection', () => {
    scene.join();
    const keepLives = () => scene.sockets[0]!.sent.filter(({ cmd }) => cmd === 'keepLive').length;
    for (let count = 1; count <= 10; count++) {
      expect(keepLives()).toBe(count);
      scene.socket.say({ cmd: 'respKeepLive', result: 0, desc: 'ok' });
      vi.advanceTimersByTime(KEEP_LIVE_MS);
    }
    vi.advanceTimersByTime(KEEP_LIVE_MS * MAX_UNANSWERED - 1);
    expect(scene.client.state.phase).toBe('joined');
    vi.advanceTimersByTime(1);
    expect(scene.client.state.phase).toBe('reconnecting');
    expect(scene.client.send('candidate')).toBe(false);
    vi.advanceTimersByTime(RECONNECT_MS);
    scene.socket.open();
    scene.socket.say(ALIVE);
    expect(scene.phases).toEqual(['joining', 'joined', 'reconnecting', 'joined']);
    expect([scene.sockets.length, scene.joined.length, scene.resumed]).toEqual([2, 1, 1]);
  });

  test('after a lost connection the session goes on, with what was said and heard meanwhile', () => {
    scene.join();
    const mine = { remoteUid: 'x', msg: '{}' };
    scene.socket.close();
    for (const cmd of ['candidate', 'reportStats', 'turnTalkType']) expect(scene.client.send(cmd, mine)).toBe(false);
    vi.advanceTimersByTime(RECONNECT_MS);
    scene.socket.open();
    expect(scene.client.send('answer', mine)).toBe(false);
    const asked = { cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'me', sessionId: 'S1' };
    expect(scene.socket.sent).toMatchObject([asked]);
    scene.socket.say({ cmd: 'relayLeave', uid: 'x' });
    expect([scene.client.state.phase, scene.messages]).toEqual(['reconnecting', []]);
    scene.socket.say(ALIVE);
    expect([scene.client.state.phase, scene.resumed, scene.joined.length]).toEqual(['joined', 1, 1]);
    expect(scene.messages).toEqual([{ cmd: 'relayLeave', uid: 'x' }]);
    const after = { ...mine, sessionId: 'S1' };
    expect(scene.socket.sent.slice(1)).toMatchObject([
      { cmd: 'candidate', ...after },
      { cmd: 'answer', ...after },
    ]);
    vi.advanceTimersByTime(KEEP_LIVE_MS);
    expect(scene.socket.sent.slice(3)).toMatchObject([asked]);
    scene.socket.say(ALIVE);
    scene.reconnect();
    scene.socket.say(ALIVE);
    expect(scene.socket.sent).toMatchObject([asked]);
    expect(scene.resumed).toBe(2);
  });

  test('what was heard before the connection broke again is not forgotten', () => {
    scene.join();
    scene.reconnect();
    scene.socket.say({ cmd: 'relayLeave', uid: 'x' });
    scene.reconnect();
    scene.socket.say(ALIVE);
    expect(scene.messages).toEqual([{ cmd: 'relayLeave', uid: 'x' }]);
  });

  test.each(GONE)('a session that the server does not know any more is joined again: $name', ({ refusal }) => {
    scene.join();
    scene.socket.close();
    scene.client.send('candidate', { remoteUid: 'x', msg: '{}' });
    vi.advanceTimersByTime(RECONNECT_MS);
    scene.socket.open();
    scene.socket.say(refusal);
    expect(scene.socket.sent).toMatchObject([
      { cmd: 'keepLive', sessionId: 'S1' },
      { cmd: 'join', sessionId: '', token: 'T1' },
    ]);
    scene.socket.say({ ...OK, sessionId: 'S2' });
    expect([scene.client.state.phase, scene.joined.length, scene.resumed]).toEqual(['joined', 2, 0]);
    expect(scene.socket.sent.slice(2)).toMatchObject([{ cmd: 'keepLive', sessionId: 'S2' }]);
  });

  test('a server that does not answer the question is joined by the next connection; one that is away is not', () => {
    scene.join();
    scene.socket.close();
    vi.advanceTimersByTime(RECONNECT_MS + JOIN_TIMEOUT_MS + RECONNECT_MS);
    expect(scene.sockets.length).toBe(3);
    scene.socket.open();
    expect(scene.socket.sent).toMatchObject([{ cmd: 'keepLive', sessionId: 'S1' }]);
    vi.advanceTimersByTime(JOIN_TIMEOUT_MS + RECONNECT_MS);
    scene.socket.open();
    expect(scene.socket.sent).toMatchObject([{ cmd: 'join' }]);
  });

  test('a token that was renewed while the connection was lost is told then', async () => {
    scene.join();
    scene.socket.say({ cmd: 'systemPromptToken' });
    scene.socket.close();
    await vi.advanceTimersByTimeAsync(RECONNECT_MS);
    scene.socket.open();
    scene.socket.say(ALIVE);
    expect(scene.socket.sent).toMatchObject([{ cmd: 'keepLive' }, { cmd: 'updateToken', token: 'T2' }]);
  });

  test('the next call has nothing of the last one', () => {
    scene.join();
    scene.socket.close();
    scene.client.send('candidate', { remoteUid: 'x', msg: '{}' });
    scene.client.leave();
    scene.client.join();
    scene.socket.open();
    expect(scene.socket.sent).toMatchObject([{ cmd: 'join', sessionId: '' }]);
    scene.socket.say(OK);
    expect(scene.socket.sent.map(({ cmd }) => cmd)).toEqual(['join', 'keepLive']);
  });

  test('a server that has forgotten us is joined again', () => {
    scene.join();
    scene.socket.say({ cmd: 'respKeepLive', result: 2, desc: 'who?' });
    vi.advanceTimersByTime(RECONNECT_MS);
    scene.answer();
    expect(scene.phases.at(-1)).toBe('joined');
  });

  test('a lost connection is made again, ten times at most', () => {
    scene.join();
    scene.socket.close();
    for (let tries = 1; tries <= MAX_RECONNECTS; tries++) {
      expect(scene.client.state.phase).toBe('reconnecting');
      vi.advanceTimersByTime(RECONNECT_MS);
      expect(scene.sockets.length).toBe(1 + tries);
      scene.socket.close();
    }
    expect(scene.states.at(-1)).toMatchObject({ phase: 'failed', error: { code: 'lost' } });
    vi.advanceTimersByTime(60_000);
    expect(scene.sockets.length).toBe(1 + MAX_RECONNECTS);
  });

  test('a success counts the tries anew', () => {
    scene.join();
    for (let round = 0; round < 2 * MAX_RECONNECTS; round++) {
      scene.reconnect();
      scene.socket.say(ALIVE);
    }
    expect(scene.client.state.phase).toBe('joined');
  });

  test.each([
    { name: 'systemPromptToken', message: { protocol: 'req', cmd: 'systemPromptToken', appId: '10000' } },
    { name: 'the example of §6.29', message: { protocol: 'req', cmd: 'updateToken' } },
  ])('$name is answered with another token, which also the next join has', async ({ message }) => {
    scene.join();
    scene.socket.say(message);
    await vi.advanceTimersByTimeAsync(0);
    expect(scene.socket.sent.at(-1)).toMatchObject({
      protocol: 'req',
      cmd: 'updateToken',
      appId: '10000',
      gate: 0,
      token: 'T2',
      roomId: '22',
      uid: 'me',
    });
    scene.reconnect();
    scene.socket.say({ cmd: 'respKeepLive', result: 2, desc: 'who?' });
    expect(scene.socket.sent[1]).toMatchObject({ cmd: 'join', token: 'T2' });
  });

  test('without another token nothing is sent', async () => {
    scene.renewed = undefined;
    scene.join();
    const before = scene.socket.sent.length;
    scene.socket.say({ cmd: 'systemPromptToken' });
    await vi.advanceTimersByTimeAsync(0);
    expect(scene.socket.sent.length).toBe(before);
  });

  test.each([
    { name: 'systemKickUser', message: { cmd: 'systemKickUser', desc: 'token is expire' } },
    { name: 'the example of §6.30', message: { protocol: 'req', cmd: 'updateToken', desc: 'token is expire' } },
  ])('$name ends it, whether the server closes or not', ({ message }) => {
    const kicked = { phase: 'failed', error: { code: 'kicked', message: 'token is expire' } };
    scene.join();
    scene.socket.say(message);
    expect(scene.client.state.phase).toBe('joined');
    scene.socket.end('wsForcedClose');
    expect(scene.states.at(-1)).toEqual(kicked);
    scene.join();
    scene.socket.say(message);
    vi.advanceTimersByTime(1000);
    expect(scene.states.at(-1)).toEqual(kicked);
    expect([scene.socket.closed, scene.sockets.length]).toEqual([true, 2]);
  });

  test('who was only silent for too long comes back', () => {
    scene.join();
    scene.socket.say({ cmd: 'systemKickUser', desc: 'no keepLive for 40 s' });
    scene.socket.end('timeout');
    expect(scene.client.state.phase).toBe('reconnecting');
    vi.advanceTimersByTime(RECONNECT_MS);
    scene.answer();
    expect(scene.client.state.phase).toBe('joined');
    vi.advanceTimersByTime(2000);
    expect(scene.client.state.phase).toBe('joined');
  });

  test.each([{ answer: true }, { answer: false }])('leave, answered: $answer', ({ answer }) => {
    scene.join();
    const { socket } = scene;
    scene.client.leave();
    scene.client.leave();
    expect(scene.phases.at(-1)).toBe('idle');
    expect(socket.sent.filter(({ cmd }) => cmd === 'leave')).toMatchObject([{ roomId: '22', uid: 'me', userType: 0 }]);
    expect(socket.closed).toBe(false);
    if (answer) socket.say({ cmd: 'respLeave', result: 0, desc: 'ok' });
    else vi.advanceTimersByTime(1000);
    expect(socket.closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(scene.sockets.length).toBe(1);
  });

  test('what concerns the others goes on, what is no message does not', () => {
    scene.join();
    scene.socket.say({ cmd: 'relayLeave', uid: 'x' });
    scene.socket.dispatchEvent(new MessageEvent('message', { data: '{' }));
    scene.socket.say([]);
    expect(scene.messages).toEqual([{ cmd: 'relayLeave', uid: 'x' }]);
  });
});
