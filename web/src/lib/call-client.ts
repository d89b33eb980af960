import { type CallIdentity, type CallMessage, type CallUser, readMessage, readUsers, textOf } from './call-message.ts';

export type CallPhase = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'failed';

export interface CallFailure {
  /** `result_<code>` of the server, or `unreachable`, `timeout`, `lost`, `kicked`. */
  readonly code: string;
  readonly message: string;
}

export interface CallState {
  readonly phase: CallPhase;
  readonly error?: CallFailure;
}

/** What a successful respJoin says. */
export interface JoinedRoom {
  readonly roomId: string;
  readonly uname: string;
  readonly reportStatsIntervalSec: number;
  readonly users: readonly CallUser[];
}

/** The part of a WebSocket that is used. */
export interface CallSocket extends EventTarget {
  send(text: string): void;
  close(): void;
}

export interface CallClientOptions {
  readonly open: () => CallSocket;
  readonly identity: CallIdentity;
  readonly token: string | undefined;
  /** What is told of this client's machine. */
  readonly client: { readonly osName: string; readonly browser: string; readonly sdkInfo: string };
  readonly onState: (state: CallState) => void;
  readonly onJoined: (room: JoinedRoom) => void;
  /** After a lost connection the session goes on; what came meanwhile follows. */
  readonly onResumed: () => void;
  /** Everything that concerns the others: notifyNewPeer, relay…, respOffer and its siblings. */
  readonly onMessage: (message: CallMessage) => void;
  /** The token is about to expire. Undefined = there is no other. */
  readonly renewToken: () => Promise<string | undefined>;
}

/** As the RoomServer's own client does it. */
export const KEEP_LIVE_MS = 5000;
export const MAX_UNANSWERED = 4;
export const RECONNECT_MS = 1000;
export const MAX_RECONNECTS = 10;
/** Seed 002 §1: a join without an answer closes the connection. */
export const JOIN_TIMEOUT_MS = 10_000;
const LEAVE_TIMEOUT_MS = 1000;
/** Who was put out is told why, then the connection is closed. */
const KICK_TIMEOUT_MS = 1000;
/** Reason of a close after which only silence had been the fault: joining again is welcome. */
const SILENCE = 'timeout';
/** Reason of a close that is meant to be final. */
const FINAL = 'wsForcedClose';
const DEFAULT_REPORT_SEC = 15;
/** Of each direction, kept until the session goes on. The server keeps 100. */
const MAX_KEPT = 200;
/** What of ours is still worth something after a lost connection. */
const KEPT: ReadonlySet<string> = new Set(['offer', 'answer', 'candidate']);

interface Request {
  readonly cmd: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Signalling of one user in one room, from `join` to `leave`: a lost connection is made again. */
export class CallClient {
  readonly #options: CallClientOptions;
  #state: CallState = { phase: 'idle' };
  #socket: CallSocket | undefined;
  #listeners: AbortController | undefined;
  #open = false;
  #token: string | undefined;
  /** What the server knows. */
  #toldToken: string | undefined;
  /** Empty: not in a room, or no longer. */
  #sessionId = '';
  /** It was asked whether the session goes on. */
  #resuming = false;
  #unsent: Request[] = [];
  #unheard: CallMessage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #keepLive: ReturnType<typeof setInterval> | undefined;
  #unanswered = 0;
  #reconnects = 0;
  #kicked: CallFailure | undefined;

  constructor(options: CallClientOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  get state(): CallState {
    return this.#state;
  }

  join(): void {
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'failed') return;
    this.#reconnects = 0;
    this.#forget();
    this.#set({ phase: 'joining' });
    this.#connect();
  }

  /** Idempotent. The others learn of it, unless the connection is down. */
  leave(): void {
    const socket = this.#socket;
    if (socket && this.#open && this.#state.phase === 'joined') {
      this.#send('leave', { userType: 0 });
      // Kept until the answer, so that the leave is not lost with the connection.
      const close = () => socket.close();
      const timer = setTimeout(close, LEAVE_TIMEOUT_MS);
      socket.addEventListener('message', ({ data }: Event & { data?: unknown }) => {
        if (!['respLeave', 'leave'].includes(readMessage(data)?.cmd ?? '')) return;
        clearTimeout(timer);
        close();
      });
      this.#socket = undefined;
    }
    this.#drop();
    this.#forget();
    this.#set({ phase: 'idle' });
  }

  /** A request in the name of this user. False = not in the room at the moment; negotiations are sent later. */
  send(cmd: string, fields: Readonly<Record<string, unknown>> = {}): boolean {
    if (this.#state.phase === 'joined' && this.#open) {
      this.#send(cmd, fields);
      return true;
    }
    // Negotiations go on where the session does.
    const kept = this.#sessionId !== '' && KEPT.has(cmd) && this.#unsent.length < MAX_KEPT;
    if (kept) this.#unsent.push({ cmd, fields });
    return false;
  }

  #send(cmd: string, fields: Readonly<Record<string, unknown>>): void {
    const { appId, roomId, uid, uname } = this.#options.identity;
    const message = { cmd, appId, sessionId: this.#sessionId, roomId, uid, uname, ...fields, time: String(Date.now()) };
    this.#socket?.send(JSON.stringify(message));
  }

  #connect(): void {
    this.#drop();
    const listeners = new AbortController();
    this.#listeners = listeners;
    this.#timer = setTimeout(() => {
      // Who does not answer at all is not asked for the session again.
      if (this.#open) this.#forget();
      this.#lose({ code: 'timeout', message: `no answer to the join within ${JOIN_TIMEOUT_MS} ms` });
    }, JOIN_TIMEOUT_MS);
    const { signal } = listeners;
    let socket: CallSocket;
    try {
      socket = this.#options.open();
    } catch (error) {
      return this.#fail({ code: 'unreachable', message: error instanceof Error ? error.message : String(error) });
    }
    this.#socket = socket;
    socket.addEventListener('open', () => this.#handleOpen(), { signal });
    const hear = ({ data }: Event & { data?: unknown }) => {
      const message = readMessage(data);
      if (message) this.#handleMessage(message);
    };
    socket.addEventListener('message', hear, { signal });
    socket.addEventListener('close', ({ reason }: Event & { reason?: unknown }) => this.#handleClose(reason), {
      signal,
    });
  }

  #handleClose(reason: unknown): void {
    const kicked = this.#kicked ?? { code: 'kicked', message: '' };
    if (reason === FINAL || (this.#kicked && reason !== SILENCE)) return this.#fail(kicked);
    this.#lose({ code: 'unreachable', message: 'the room server closed the connection' });
  }

  #handleKick(message: CallMessage): void {
    this.#forget();
    this.#kicked = { code: 'kicked', message: textOf(message.desc) };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(this.#kicked!), KICK_TIMEOUT_MS);
  }

  #handleOpen(): void {
    this.#open = true;
    if (this.#sessionId === '') return this.#sendJoin();
    this.#resuming = true;
    this.#send('keepLive', {});
  }

  #sendJoin(): void {
    this.#forget();
    const { identity, client } = this.#options;
    this.#toldToken = this.#token;
    this.#send('join', {
      token: this.#token ?? '',
      roomName: identity.roomId,
      userType: 0,
      talkType: identity.talkType,
      osInfo: client.osName,
      ...client,
    });
  }

  #handleMessage(message: CallMessage): void {
    if (this.#resuming) return this.#handleResume(message);
    switch (message.cmd) {
      case 'respJoin':
        return this.#handleJoin(message);
      case 'respKeepLive':
        // A server that does not know us any more must be joined again.
        if (message.result === 0) this.#unanswered = 0;
        else {
          this.#forget();
          this.#lose({ code: 'lost', message: '' });
        }
        return undefined;
      case 'systemPromptToken':
        return this.#renew();
      case 'systemKickUser':
        return this.#handleKick(message);
      case 'updateToken':
        // As the document's examples have both of them: a description tells them apart.
        return 'desc' in message ? this.#handleKick(message) : this.#renew();
      default:
        if (this.#state.phase === 'joined') this.#options.onMessage(message);
    }
  }

  /** A server without our room says so by generalMsgResp. */
  #handleResume(message: CallMessage): void {
    if (message.cmd === 'respKeepLive' && message.result === 0) return this.#resume();
    if (message.cmd === 'respKeepLive' || message.cmd === 'generalMsgResp') return this.#sendJoin();
    if (this.#unheard.length < MAX_KEPT) this.#unheard.push(message);
  }

  #resume(): void {
    this.#resuming = false;
    const [unsent, unheard] = [this.#unsent, this.#unheard];
    this.#unsent = [];
    this.#unheard = [];
    this.#start();
    if (this.#token !== this.#toldToken) this.#tellToken();
    for (const { cmd, fields } of unsent) this.#send(cmd, fields);
    this.#options.onResumed();
    for (const message of unheard) this.#handleMessage(message);
  }

  #handleJoin(message: CallMessage): void {
    if (this.#state.phase === 'joined') return;
    if (message.result !== 0) {
      return this.#fail({ code: `result_${textOf(message.result)}`, message: textOf(message.desc) });
    }
    this.#sessionId = textOf(message['sessionId']);
    this.#start();
    const { uid } = this.#options.identity;
    const interval = Number(message['reportStatsInterval']);
    this.#options.onJoined({
      roomId: textOf(message['roomId']),
      uname: textOf(message['uname']),
      reportStatsIntervalSec: interval > 0 ? interval : DEFAULT_REPORT_SEC,
      users: readUsers(message['userList']).filter((user) => user.uid !== uid),
    });
    this.#tick();
  }

  /** In the room, with this connection. */
  #start(): void {
    clearTimeout(this.#timer);
    this.#reconnects = 0;
    this.#unanswered = 0;
    this.#keepLive = setInterval(() => this.#tick(), KEEP_LIVE_MS);
    this.#set({ phase: 'joined' });
  }

  #tick(): void {
    if (this.#unanswered >= MAX_UNANSWERED) {
      return this.#lose({ code: 'lost', message: `${MAX_UNANSWERED} keepLive without an answer` });
    }
    this.#unanswered++;
    this.#send('keepLive', {});
  }

  #renew(): void {
    this.#options.renewToken().then(
      (token) => {
        if (token === undefined) return;
        this.#token = token;
        if (this.#state.phase === 'joined' && this.#open) this.#tellToken();
      },
      () => undefined,
    );
  }

  #tellToken(): void {
    this.#toldToken = this.#token;
    this.#send('updateToken', { protocol: 'req', gate: 0, token: this.#token });
  }

  /** Whatever comes next is a join. */
  #forget(): void {
    this.#sessionId = '';
    this.#resuming = false;
    this.#unsent = [];
    this.#unheard = [];
  }

  /** The first try tells what is wrong; somebody who was in the room wants to be in it again. */
  #lose(error: CallFailure): void {
    if (this.#state.phase === 'joining') return this.#fail(error);
    this.#drop();
    if (this.#reconnects >= MAX_RECONNECTS) {
      return this.#fail({ code: 'lost', message: `not reached in ${MAX_RECONNECTS} tries` });
    }
    this.#reconnects++;
    this.#set({ phase: 'reconnecting' });
    this.#timer = setTimeout(() => this.#connect(), RECONNECT_MS);
  }

  #fail(error: CallFailure): void {
    this.#drop();
    this.#forget();
    this.#set({ phase: 'failed', error });
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#keepLive);
    this.#listeners?.abort();
    this.#socket?.close();
    this.#socket = undefined;
    this.#open = false;
    this.#resuming = false;
    this.#kicked = undefined;
  }

  #set(state: CallState): void {
    if (state.phase === this.#state.phase && state.error === this.#state.error) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
