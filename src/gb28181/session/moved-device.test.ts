import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { headerOf, respond } from '../../../test/support/raw-sip-peer.ts';
import { memoryReportStores } from '../../../test/support/report-stores.ts';
import { SHORT_TIMERS } from '../../../test/support/sip-engine.ts';
import { createSipEngine } from '../../sip/index.ts';
import { silentLogger } from '../../util/index.ts';
import { createPlatform, type LiveSession, type Platform } from '../index.ts';
import { CAMERA_ID, DEVICE_ID, MemoryStore, OPTIONS, SERIAL } from '../testing/harness.ts';

const SDP = [
  'v=0',
  `o=${CAMERA_ID} 0 0 IN IP4 127.0.0.1`,
  's=Play',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=video 15060 RTP/AVP 96',
  'a=sendonly',
  'a=rtpmap:96 PS/90000',
  'y=0200001001',
  '',
].join('\n');

/** A way from the camera to the platform: it notes the requests that come by it, and answers each. */
interface Way {
  readonly requests: string[];
  send(text: string): void;
  close(): void;
}

let platform: Platform;
let ways: Way[];

beforeEach(async () => {
  ways = [];
  platform = await createPlatform(
    { ...OPTIONS, auth: { ...OPTIONS.auth, enable: false } },
    {
      store: new MemoryStore(),
      reportStores: memoryReportStores(),
      log: silentLogger,
      createEngine: (options) => createSipEngine({ ...options, timers: SHORT_TIMERS }),
    },
  );
});
afterEach(async () => {
  await platform.close();
  for (const way of ways) way.close();
});

function portOf(protocol: 'udp' | 'tcp'): number {
  const listening = platform.listening.find((each) => each.protocol === protocol);
  if (listening === undefined) throw new RangeError(protocol);
  return listening.port;
}

const onWire = (text: string): string => text.replaceAll('\n', '\r\n');

function answerOf(request: string): string {
  const plain = respond(request, '200 OK');
  if (!request.startsWith('INVITE ')) return onWire(plain);
  const body = onWire(SDP);
  return `${onWire(plain.replace('Content-Length: 0\n\n', ''))}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function take(way: Way, text: string): void {
  if (text.startsWith('SIP/2.0')) return;
  way.requests.push(text);
  if (!text.startsWith('ACK ')) way.send(answerOf(text));
}

async function udpWay(): Promise<Way> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const way: Way = {
    requests: [],
    send: (text) => socket.send(text, portOf('udp'), '127.0.0.1'),
    close: () => socket.close(),
  };
  socket.on('message', (bytes) => take(way, bytes.toString('latin1')));
  return way;
}

async function tcpWay(): Promise<Way> {
  const socket = connect(portOf('tcp'), '127.0.0.1');
  await once(socket, 'connect');
  const way: Way = { requests: [], send: (text) => void socket.write(text), close: () => socket.destroy() };
  let rest = '';
  socket.on('data', (bytes) => {
    rest += bytes.toString('latin1');
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const length = end + 4 + Number(headerOf(rest.slice(0, end), 'Content-Length'));
      if (rest.length < length) return;
      const message = rest.slice(0, length);
      rest = rest.slice(length);
      take(way, message);
    }
  });
  return way;
}

const open = { udp: udpWay, tcp: tcpWay };

/** Registers by a new way. */
async function register(protocol: 'udp' | 'tcp'): Promise<Way> {
  const way = await open[protocol]();
  ways.push(way);
  const identity = `<sip:${DEVICE_ID}@3402000000>`;
  const lines = [
    `REGISTER sip:${SERIAL}@3402000000 SIP/2.0`,
    `Via: SIP/2.0/${protocol.toUpperCase()} 127.0.0.1:5060;rport;branch=z9hG4bKr${ways.length}`,
    `From: ${identity};tag=r`,
    `To: ${identity}`,
    'Call-ID: registration',
    `CSeq: ${ways.length} REGISTER`,
    `Contact: <sip:${DEVICE_ID}@127.0.0.1:5060>`,
    'Expires: 3600',
    'Content-Length: 0',
    '\n',
  ];
  const before = platform.device(DEVICE_ID)?.sourcePort;
  way.send(onWire(lines.join('\n')));
  await vi.waitUntil(() => {
    const device = platform.device(DEVICE_ID);
    return device?.online === true && device.sourcePort !== before;
  });
  return way;
}

function invite(): Promise<LiveSession> {
  return platform.invite({
    deviceId: DEVICE_ID,
    channelId: CAMERA_ID,
    subStream: 0,
    ssrc: { value: 200_001_001, text: '0200001001', release: () => undefined },
    transport: 'udp',
    mediaAddress: '127.0.0.1',
    mediaPort: 30_000,
  });
}

const inDialog = ({ requests }: Way): string[] =>
  requests.map((text) => text.split(' ')[0] ?? '').filter((method) => method === 'INFO' || method === 'BYE');

test.each(['udp', 'tcp'] as const)(
  'quirk: INFO and BYE follow a camera that registers by a new way over %s',
  async (protocol) => {
    const first = await register(protocol);
    const sessions = [await invite(), await invite()];
    expect(first.requests.filter((text) => text.startsWith('INVITE '))).toHaveLength(2);
    const second = await register(protocol);
    await sessions[0]?.control({ method: 'pause' });
    if (protocol === 'tcp') {
      first.close();
      await vi.waitUntil(() => platform.counters.connections === 1);
    }
    await sessions[0]?.bye();
    await sessions[1]?.bye();
    expect([inDialog(first), inDialog(second)]).toEqual([[], ['INFO', 'BYE', 'BYE']]);
  },
);
