import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, headers and all. */
  readonly raw: string;
}

/** What a sink does with a message that it has read to its end. */
type Verdict = 'take' | 'refuse' | 'defer' | 'drop' | 'silent';

export interface SmtpSink {
  readonly port: number;
  /** What it has taken responsibility for. */
  readonly mails: ReceivedMail[];
  /** Messages that came to their end, taken or not. */
  readonly attempts: number;
  verdict: Verdict;
  /** Recipients that it does not know. */
  readonly unknown: Set<string>;
  close(): Promise<void>;
}

/** A real SMTP server on a free port of 127.0.0.1 that keeps what it is sent. */
export async function openSmtpSink(options: SMTPServerOptions = {}, port = 0): Promise<SmtpSink> {
  let attempts = 0;
  const state = { verdict: 'take' as Verdict };
  const mails: ReceivedMail[] = [];
  const unknown = new Set<string>();
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    onRcptTo({ address }, _session, callback) {
      callback(unknown.has(address) ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null);
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        attempts += 1;
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const mail = { from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString() };
        if (state.verdict === 'take') {
          mails.push(mail);
          callback();
        } else if (state.verdict === 'drop') {
          for (const connection of server.connections) connectionSocket(connection).destroy();
        } else if (state.verdict !== 'silent') {
          const responseCode = state.verdict === 'refuse' ? 554 : 451;
          callback(Object.assign(new Error('not now'), { responseCode }));
        }
      });
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    unknown,
    get attempts() {
      return attempts;
    },
    get verdict() {
      return state.verdict;
    },
    set verdict(verdict) {
      state.verdict = verdict;
    },
    close: () =>
      new Promise((resolve) => {
        for (const connection of server.connections) connectionSocket(connection).destroy();
        server.close(() => resolve());
      }),
  };
}

const connectionSocket = (connection: unknown): Socket => (connection as { _socket: Socket })._socket;

/** A TCP server that says what it is told to, and nothing else. */
export async function openRawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers like an SMTP server up to DATA; the rest is the test's. */
export function answerUntilData(socket: Socket, onData: () => void): void {
  socket.write('220 sink ESMTP\r\n');
  let inData = false;
  socket.on('data', (chunk) => {
    if (inData) return;
    const [line = ''] = chunk.toString().split('\r\n');
    if (/^DATA/i.test(line)) {
      inData = true;
      socket.write('354 go on\r\n');
      onData();
    } else {
      socket.write('250 OK\r\n');
    }
  });
}

/** Answers like an SMTP server up to the end of the message; the rest is the test's. */
export function answerUntilEnd(socket: Socket, onEnd: () => void): void {
  let tail = '';
  answerUntilData(socket, () => {
    socket.on('data', (chunk) => {
      tail = (tail + chunk.toString('latin1')).slice(-5);
      if (tail === '\r\n.\r\n') onEnd();
    });
  });
}

/** Body of the part with this type, decoded from quoted-printable or base64. */
export function partOf(raw: string, type: string): string {
  const parts = raw.split(/\r\n--[^\r\n]+(?:\r\n|$)/).map((part) => {
    const at = part.indexOf('\r\n\r\n');
    return { head: part.slice(0, at), body: part.slice(at + 4) };
  });
  const part = parts.find(({ head }) => head.toLowerCase().includes(`content-type: ${type}`));
  if (part === undefined) throw new Error(`no part ${type}`);
  if (/base64/i.test(part.head)) return Buffer.from(part.body, 'base64').toString();
  if (!/quoted-printable/i.test(part.head)) return part.body;
  const bytes = part.body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
