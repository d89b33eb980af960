import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../../src/util/index.ts';
import {
  DigestServer,
  computeDigest,
  createSipEngine,
  parseChallenge,
  type IncomingRequest,
} from '../../src/sip/index.ts';

/**
 * SIP throughput per CPU second of the receiving process, over real UDP sockets: one child sends, this process
 * answers. `node test/bench/sip.ts [seconds]` prints one JSON line.
 */
const PASSWORD = '12345678';
const REALM = '3402000000';
/** Requests in flight: enough to keep the receiver busy, few enough for socket buffers. */
const WINDOW = 256;

type Mode = 'message' | 'register';

interface Result {
  readonly mode: Mode;
  readonly rounds: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly perCpuSecond: number;
  readonly lost: number;
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 4);
  const results = [await measure('message', seconds), await measure('register', seconds)];
  const [message, register] = results;
  const line = {
    bench: 'sip',
    cpu: cpus()[0]?.model,
    node: process.version,
    messagesPerCpuSecond: message?.perCpuSecond,
    registerRoundsPerCpuSecond: register?.perCpuSecond,
    results,
  };
  console.log(JSON.stringify(line));
}

async function measure(mode: Mode, seconds: number): Promise<Result> {
  const digest = new DigestServer({ realm: REALM });
  const engine = await createSipEngine({
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
    userAgent: 'gbrtc',
    log: silentLogger,
    onRequest: (incoming) => answer(incoming, digest),
    onWire: () => undefined,
  });
  const port = engine.listening[0]?.port ?? 0;
  const sender = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), 'send', mode, String(port), String(seconds)],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  await nextMessage(sender);
  // The first second warms up the compiler and is not counted.
  const cpu = process.cpuUsage();
  const [startedAt] = [performance.now()];
  const told = await nextMessage(sender);
  const used = process.cpuUsage(cpu);
  const elapsed = (performance.now() - startedAt) / 1_000;
  await engine.close();
  const cpuSeconds = (used.user + used.system) / 1e6;
  return {
    mode,
    rounds: told.rounds,
    seconds: round(elapsed),
    cpuSeconds: round(cpuSeconds),
    perCpuSecond: Math.round(told.rounds / cpuSeconds),
    lost: told.lost,
  };
}

function answer(incoming: IncomingRequest, digest: DigestServer): void {
  const { request } = incoming;
  if (request.method !== 'REGISTER') {
    incoming.reply(200);
    return;
  }
  const verdict = digest.verify({
    method: 'REGISTER',
    authorization: request.headers.get('authorization'),
    passwordOf: () => PASSWORD,
  });
  if (verdict.result === 'ok') {
    incoming.reply(200, {
      headers: [
        ['Expires', '3600'],
        ['Date', '2026-11-21T00:00:00.000'],
      ],
    });
    return;
  }
  const challenges = digest.challenge(verdict.result === 'stale');
  incoming.reply(401, { headers: challenges.map((value) => ['WWW-Authenticate', value] as const) });
}

interface Report {
  readonly rounds: number;
  readonly lost: number;
}

async function nextMessage(child: ChildProcess): Promise<Report> {
  const [message] = (await once(child, 'message')) as [Report];
  return message;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
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
else await main();
