import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { computeDigest, parseChallenge } from '../../src/sip/index.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { treeCpuMs } from '../support/process-tree.ts';

/**
 * What the running gateway does with SIP per CPU second of all its processes, over real UDP sockets: full rounds of
 * REGISTER, 401, REGISTER, 200, and keepalive MESSAGEs of a registered device. A child process sends.
 */
const PASSWORD = '12345678';
const REALM = '3402000000';
/** Requests in flight: enough to keep the receiver busy, few enough for socket buffers. */
const WINDOW = 256;

type Mode = 'message' | 'register';

export interface SipResult {
  readonly messagesPerCpuSecond: number;
  readonly registerRoundsPerCpuSecond: number;
  /** Rounds without an answer within a second. */
  readonly lost: number;
}

/** @param seconds for each of the two kinds */
export async function measureSip(seconds: number): Promise<SipResult> {
  const gateway = await startGatewayProcess();
  try {
    // Registers the device that the messages come from, too.
    const register = await measure('register', seconds, gateway);
    const message = await measure('message', seconds, gateway);
    return {
      messagesPerCpuSecond: message.perCpuSecond,
      registerRoundsPerCpuSecond: register.perCpuSecond,
      lost: message.lost + register.lost,
    };
  } finally {
    await gateway.stop();
  }
}

async function measure(
  mode: Mode,
  seconds: number,
  gateway: { readonly pid: number; readonly sipPort: number },
): Promise<{ perCpuSecond: number; lost: number }> {
  const args = [fileURLToPath(import.meta.url), 'send', mode, String(gateway.sipPort), String(seconds)];
  const sender = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(sender, 'exit');
  // The first second warms up the compiler and is not counted.
  await nextMessage(sender);
  const before = treeCpuMs(gateway.pid);
  const { rounds, lost } = await nextMessage(sender);
  const cpuSeconds = (treeCpuMs(gateway.pid) - before) / 1_000;
  await exited;
  return { perCpuSecond: Math.round(rounds / cpuSeconds), lost };
}

interface Report {
  readonly rounds: number;
  readonly lost: number;
}

async function nextMessage(child: ChildProcess): Promise<Report> {
  const [message] = (await once(child, 'message')) as [Report];
  return message;
}

const KEEPALIVE = [
  '<?xml version="1.0" encoding="GB2312"?>',
  '<Notify>',
  '<CmdType>Keepalive</CmdType>',
  '<SN>1</SN>',
  '<DeviceID>34020000001320000001</DeviceID>',
  '<Status>OK</Status>',
  '</Notify>',
  '',
].join('\r\n');

/** Sends as fast as answers come; a round that is not answered within a second counts as lost and is started anew. */
function send(mode: Mode, port: number, seconds: number): void {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  let sequence = 0;
  let rounds = 0;
  let lost = 0;
  const open = new Map<string, number>();
  const transmit = (method: Mode, id: number, authorization: string): void => {
    socket.send(format(method, { id, port: socket.address().port, authorization }), port, '127.0.0.1', () => undefined);
  };
  const begin = (): void => {
    sequence += 1;
    open.set(String(sequence), performance.now());
    transmit(mode, sequence, '');
  };
  socket.on('message', (bytes) => {
    const text = bytes.toString('latin1');
    const id = text.slice(text.indexOf('Call-ID: ') + 9, text.indexOf('@bench'));
    if (!open.has(id)) return;
    if (text.startsWith('SIP/2.0 401')) {
      transmit(mode, Number(id), authorize(text));
      return;
    }
    if (!text.startsWith('SIP/2.0 200')) throw new Error(text);
    open.delete(id);
    rounds += 1;
    begin();
  });
  socket.bind(0, '127.0.0.1', () => {
    for (let slot = 0; slot < WINDOW; slot += 1) begin();
  });
  const sweep = setInterval(() => {
    for (const [id, at] of open) {
      if (performance.now() - at < 1_000) continue;
      open.delete(id);
      lost += 1;
      begin();
    }
  }, 200);
  setTimeout(() => {
    rounds = 0;
    process.send?.({ rounds, lost });
  }, 1_000);
  setTimeout(
    () => {
      clearInterval(sweep);
      process.send?.({ rounds, lost });
      socket.close();
      process.disconnect?.();
    },
    1_000 + seconds * 1_000,
  );
}

function authorize(text: string): string {
  const start = text.indexOf('WWW-Authenticate: ') + 18;
  const params = parseChallenge(text.slice(start, text.indexOf('\r\n', start)))?.params;
  const nonce = params?.get('nonce') ?? '';
  const uri = 'sip:34020000002000000001@3402000000';
  const username = '34020000001320000001';
  const response = computeDigest({
    username,
    realm: REALM,
    password: PASSWORD,
    method: 'REGISTER',
    uri,
    nonce,
    algorithm: 'MD5',
  });
  return `Authorization: Digest username="${username}", realm="${REALM}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5\r\n`;
}

function format(mode: Mode, parts: { id: number; port: number; authorization: string }): string {
  const method = mode === 'message' ? 'MESSAGE' : 'REGISTER';
  const sequence = parts.authorization === '' ? 1 : 2;
  const body = mode === 'message' ? KEEPALIVE : '';
  const own =
    mode === 'message'
      ? 'Content-Type: Application/MANSCDP+xml\r\n'
      : `Contact: <sip:34020000001320000001@127.0.0.1:${parts.port}>\r\nExpires: 3600\r\n${parts.authorization}`;
  return (
    `${method} sip:34020000002000000001@3402000000 SIP/2.0\r\n` +
    `Via: SIP/2.0/UDP 127.0.0.1:${parts.port};rport;branch=z9hG4bK${parts.id}x${sequence}\r\n` +
    `From: <sip:34020000001320000001@3402000000>;tag=${parts.id}\r\n` +
    `To: <sip:34020000002000000001@3402000000>\r\n` +
    `Call-ID: ${parts.id}@bench\r\nCSeq: ${sequence} ${method}\r\nMax-Forwards: 70\r\nUser-Agent: bench\r\n` +
    `${own}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

if (process.argv[2] === 'send') send(process.argv[3] as Mode, Number(process.argv[4]), Number(process.argv[5]));
