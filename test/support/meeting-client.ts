import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface MeetingReply {
  readonly version: number;
  readonly cseq: number;
  readonly err: number;
  readonly err_msg: string;
  readonly session: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface MeetingEvent {
  readonly event: string;
  readonly session: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface MediaServer {
  readonly wss: string;
  readonly ws: string;
  readonly https: string;
  readonly http: string;
  readonly rtsp: string;
}

/** A client of the MeetingServer, written from its document alone. */
export class MeetingClient {
  readonly socket: WebSocket;
  /** That came so far and were not looked at. */
  readonly events: MeetingEvent[] = [];
  readonly #waiting = new Map<number, (reply: MeetingReply) => void>();
  #cseq = 0;
  session = '';
  mediaServer: MediaServer = { wss: '', ws: '', https: '', http: '', rtsp: '' };

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (text: Buffer) => {
      const message = JSON.parse(text.toString()) as MeetingReply | MeetingEvent;
      if ('event' in message) this.events.push(message);
      else this.#waiting.get(message.cseq)?.(message);
    });
  }

  static async connect(url: string): Promise<MeetingClient> {
    const socket = new WebSocket(url);
    const client = new MeetingClient(socket);
    await once(socket, 'open');
    return client;
  }

  async ask(method: string, data: Readonly<Record<string, unknown>> = {}): Promise<MeetingReply> {
    this.#cseq += 1;
    const cseq = this.#cseq;
    const { promise, resolve } = Promise.withResolvers<MeetingReply>();
    this.#waiting.set(cseq, resolve);
    this.socket.send(JSON.stringify({ version: 0, cseq, method, session: this.session, data }));
    const reply = await promise;
    this.#waiting.delete(cseq);
    return reply;
  }

  async join(data: Readonly<Record<string, unknown>>): Promise<MeetingReply> {
    const reply = await this.ask('channel.join', data);
    if (reply.err === 0) {
      const joined = reply.data as { session: string; media_server: MediaServer };
      this.session = joined.session;
      this.mediaServer = joined.media_server;
    }
    return reply;
  }

  /** The data of the events so far, which are forgotten. */
  take(): ReadonlyArray<Readonly<Record<string, unknown>>> {
    return this.events.splice(0).map(({ event, data }) => ({ event, ...data }));
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
