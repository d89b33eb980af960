import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { RawSipPeer } from '../../test/support/raw-sip-peer.ts';
import { testEngine } from '../../test/support/sip-engine.ts';
import { formatManscdp, parseManscdp, type Manscdp, type ManscdpParts } from '../gb28181/manscdp/message.ts';
import { encodePtz, ptzOfMove } from '../gb28181/ptz.ts';
import type { Dialog, Flow, SipEngine, SipRequest } from '../sip/index.ts';
import { createCamera } from './camera.ts';
import type { Camera, CameraOptions } from './types.ts';

const SERVER_ID = '34020000002000000001';
const DEVICE_ID = '34020000001320000001';
const CHANNEL_ID = '34020000001310000001';

const open: Array<() => Promise<unknown> | void> = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** The platform's side: a SIP engine that answers 200, and what it was sent. */
class TestPlatform {
  readonly requests: SipRequest[] = [];
  readonly flows: Flow[] = [];
  /** Status of the answers to MESSAGE. */
  messageStatus = 200;
  readonly #engine: SipEngine;

  constructor(engine: SipEngine) {
    this.#engine = engine;
  }

  static async open(protocol: 'udp' | 'tcp' = 'udp'): Promise<TestPlatform> {
    let platform: TestPlatform | undefined;
    const engine = await testEngine(
      (incoming) => {
        platform?.requests.push(incoming.request);
        platform?.flows.push(incoming.flow);
        const status = incoming.request.method === 'MESSAGE' ? (platform?.messageStatus ?? 200) : 200;
        incoming.reply(status, { headers: [['Expires', '3600']] });
      },
      { listen: [{ protocol, address: '127.0.0.1', port: 0 }] },
    );
    open.push(() => engine.close());
    platform = new TestPlatform(engine);
    return platform;
  }

  async camera(options: Partial<CameraOptions> = {}): Promise<Camera> {
    const listening = this.#engine.listening[0]!;
    const camera = await createCamera({
      server: `127.0.0.1:${listening.port}`,
      serverId: SERVER_ID,
      id: DEVICE_ID,
      password: 'secret',
      sipTransport: listening.protocol,
      localAddress: '127.0.0.1',
      ...options,
    });
    open.push(() => camera.close());
    await camera.ready();
    return camera;
  }

  /** MANSCDP commands of the camera. */
  commands(cmdType: string): Manscdp[] {
    return this.requests
      .filter(({ method }) => method === 'MESSAGE')
      .flatMap(({ body }) => {
        const command = parseManscdp(body);
        return typeof command === 'string' || command.cmdType !== cmdType ? [] : [command];
      });
  }

  get target(): Flow {
    return this.flows.at(-1)!;
  }

  async send(parts: ManscdpParts, to = DEVICE_ID): Promise<number> {
    const { status } = await this.#engine.request({
      method: 'MESSAGE',
      uri: `sip:${to}@127.0.0.1`,
      from: `sip:${SERVER_ID}@3402000000`,
      to: `sip:${to}@3402000000`,
      target: this.target,
      contentType: 'Application/MANSCDP+xml',
      body: formatManscdp(parts, 'gb18030'),
    });
    return status;
  }

  invite(options: {
    port: number;
    media?: string;
    setup?: string;
    channel?: string;
    y?: string;
    subject?: string;
  }): Promise<Dialog> {
    const { port, media = 'RTP/AVP', setup, channel = CHANNEL_ID, y = '0200000001', subject } = options;
    const lines = ['v=0', `o=${channel} 0 0 IN IP4 127.0.0.1`, 's=Play', 'c=IN IP4 127.0.0.1', 't=0 0'];
    lines.push(`m=video ${port} ${media} 96 97 98`, 'a=recvonly', 'a=rtpmap:96 PS/90000');
    if (setup !== undefined) lines.push(`a=setup:${setup}`, 'a=connection:new');
    lines.push(`y=${y}`, '');
    return this.#engine.invite({
      uri: `sip:${channel}@127.0.0.1`,
      from: `sip:${SERVER_ID}@3402000000`,
      to: `sip:${channel}@3402000000`,
      target: this.target,
      contentType: 'Application/SDP',
      contactUser: SERVER_ID,
      body: Buffer.from(lines.join('\r\n')),
      headers: [['Subject', subject ?? `${channel}:${y},${SERVER_ID}:0`]],
    });
  }
}

interface Receiver {
  readonly port: number;
  readonly packets: Buffer[];
}

async function udpReceiver(): Promise<Receiver> {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  open.push(() => void socket.close());
  return { port: socket.address().port, packets };
}

function readFramed(socket: Socket, packets: Buffer[]): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      packets.push(pending.subarray(2, 2 + pending.readUInt16BE(0)));
      pending = pending.subarray(2 + pending.readUInt16BE(0));
    }
  });
}

async function tcpReceiver(): Promise<Receiver> {
  const packets: Buffer[] = [];
  const server = createServer((socket) => {
    open.push(() => void socket.destroy());
    readFramed(socket, packets);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => void server.close());
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, packets };
}

function answerOf(dialog: Dialog): string {
  return dialog.established?.body.toString() ?? '';
}

function ssrcsOf(packets: readonly Buffer[]): Set<number> {
  return new Set(packets.map((packet) => packet.readUInt32BE(8)));
}

const until = (check: () => boolean): Promise<void> => expect.poll(check, { timeout: 5_000, interval: 5 }).toBe(true);

describe('signalling', () => {
  test.each(['udp', 'tcp'] as const)('registers over %s, keeps alive and says goodbye', async (protocol) => {
    const platform = await TestPlatform.open(protocol);
    const camera = await platform.camera({ keepaliveSec: 0.2 });
    const [register] = platform.requests;
    expect(register?.uri).toBe(`sip:${SERVER_ID}@3402000000`);
    expect(register?.headers.get('X-GB-ver')).toBe('3.0');
    expect(register?.headers.get('Expires')).toBe('3600');
    expect(register?.headers.get('From')).toContain(`sip:${DEVICE_ID}@3402000000`);
    await until(() => platform.commands('Keepalive').length > 0);
    await camera.close();
    expect(platform.requests.at(-1)?.headers.get('Expires')).toBe('0');
    expect(camera.registered).toBe(0);
  });

  test('queries: info, status, configuration, catalogue in parts with Chinese names', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ channels: 5, catalogBatch: 2 });
    for (const cmdType of ['DeviceInfo', 'DeviceStatus', 'Catalog']) {
      expect(await platform.send({ root: 'Query', cmdType, sn: 7, deviceId: DEVICE_ID })).toBe(200);
    }
    const rest = [{ name: 'ConfigType', content: 'BasicParam/NoSuchParam' }];
    await platform.send({ root: 'Query', cmdType: 'ConfigDownload', sn: 8, deviceId: DEVICE_ID, rest });
    await until(() => platform.commands('Catalog').length === 3 && platform.commands('ConfigDownload').length === 2);
    const [info] = platform.commands('DeviceInfo');
    expect([info?.sn, info?.body.field('DeviceName'), info?.body.field('Channel')]).toEqual([7, '虚拟录像机', '5']);
    expect(platform.commands('DeviceStatus')[0]?.body.field('Online')).toBe('ONLINE');
    const items = platform
      .commands('Catalog')
      .flatMap(({ body }) => body.child('DeviceList')?.childrenNamed('Item') ?? []);
    expect(items.map((item) => item.field('Name'))).toEqual([1, 2, 3, 4, 5].map((n) => `虚拟录像机 通道 ${n}`));
    expect(new Set(items.map((item) => item.field('DeviceID'))).size).toBe(5);
    expect(platform.commands('Catalog').map(({ body }) => body.field('SumNum'))).toEqual(['5', '5', '5']);
    expect(platform.commands('ConfigDownload').map(({ body }) => body.field('Result'))).toEqual(['OK', 'ERROR']);
  });

  test.each([
    { quirks: [], declared: 'GB2312', bytes: 'd0e9' },
    { quirks: ['utf8-names'], declared: 'UTF-8', bytes: 'e8999a' },
  ])('quirk: charset with $quirks', async ({ quirks, declared, bytes }) => {
    const platform = await TestPlatform.open();
    await platform.camera({ quirks });
    await platform.send({ root: 'Query', cmdType: 'DeviceInfo', sn: 1, deviceId: DEVICE_ID });
    await until(() => platform.commands('DeviceInfo').length === 1);
    const body = platform.requests.at(-1)!.body;
    expect(body.toString('latin1')).toContain(`encoding="${declared}"`);
    expect(body.toString('hex')).toContain(bytes);
  });

  test('PTZ is decoded and told, also for the channel of a recorder', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera({ channels: 3 });
    const channel = camera.channelIds()[2]!;
    const told = once(camera, 'ptz');
    const hex = encodePtz(ptzOfMove({ direction: 'upleft', speed: 100 }));
    const rest = [{ name: 'PTZCmd', content: hex }];
    await platform.send({ root: 'Control', cmdType: 'DeviceControl', sn: 1, deviceId: channel, rest });
    expect(await told).toEqual([channel, expect.objectContaining({ kind: 'move', pan: -1, tilt: 1, panSpeed: 100 })]);
  });

  test('a forgotten device registers again after a keepalive is refused', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ keepaliveSec: 0.2 });
    platform.messageStatus = 403;
    await until(() => platform.requests.filter(({ method }) => method === 'REGISTER').length >= 2);
  });

  test('a crowd: every device registers with an ID of its own', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera({ devices: 250, keepaliveSec: 86_400 });
    const ids = new Set(platform.requests.map(({ headers }) => /sip:(\d+)@/.exec(headers.get('From') ?? '')?.[1]));
    expect([camera.registered, ids.size, camera.channelIds().length]).toEqual([250, 250, 250]);
    expect(camera.deviceIds.at(-1)).toBe('34020000001320000250');
  });

  test.each([
    { name: 'unknown device', to: '34020000001320009999', status: 404 },
    { name: 'unknown command', to: DEVICE_ID, status: 200 },
  ])('$name: $status', async ({ to, status }) => {
    const platform = await TestPlatform.open();
    await platform.camera();
    expect(await platform.send({ root: 'Query', cmdType: 'Nonsense', sn: 1, deviceId: to }, to)).toBe(status);
  });

  test('quirk: rotate-port registers from another port each time', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ quirks: ['rotate-port'], expiresSec: 60, keepaliveSec: 0.2 });
    platform.messageStatus = 403;
    await until(() => platform.requests.filter(({ method }) => method === 'REGISTER').length >= 3);
    const ports = platform.requests.flatMap(({ method }, n) =>
      method === 'REGISTER' ? [platform.flows[n]?.remotePort] : [],
    );
    expect(new Set(ports).size).toBe(ports.length);
  });

  test.each(['udp', 'tcp'] as const)('quirk: hik-wrong-content-length leaves over %s', async (protocol) => {
    const received: string[] = [];
    const port = await rawListener(protocol, (text) => received.push(text));
    const camera = await createCamera({
      server: `127.0.0.1:${port}`,
      serverId: SERVER_ID,
      id: DEVICE_ID,
      password: 'x',
      sipTransport: protocol,
      quirks: ['hik-wrong-content-length', 'no-expires'],
    });
    open.push(() => camera.powerOff());
    await until(() => received.some((text) => text.startsWith('REGISTER ')));
    expect(received[0]).not.toContain('Expires');
    expect(received[0]).toContain('Content-Length: 0');
  });
});

async function rawListener(protocol: 'udp' | 'tcp', onText: (text: string) => void): Promise<number> {
  if (protocol === 'udp') {
    const socket = createSocket('udp4', (bytes) => onText(bytes.toString('latin1')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    open.push(() => void socket.close());
    return socket.address().port;
  }
  const server = createServer((socket) => {
    open.push(() => void socket.destroy());
    socket.on('error', () => undefined).on('data', (bytes) => onText(bytes.toString('latin1')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('live sessions', () => {
  test('UDP: echoes y=, sends from the answered port, starts with a key frame, stops at BYE', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera();
    const { port, packets } = await udpReceiver();
    const dialog = await platform.invite({ port });
    expect(answerOf(dialog)).toMatch(
      /m=video \d+ RTP\/AVP 96\r\na=sendonly\r\na=rtpmap:96 PS\/90000\r\ny=0200000001\r\n/,
    );
    await until(() => packets.length > 30);
    expect(ssrcsOf(packets)).toEqual(new Set([200_000_001]));
    // Pack header, then a system header: a key frame.
    expect(packets[0]!.subarray(12, 16).toString('hex')).toBe('000001ba');
    expect(packets[0]!.subarray(26, 30).toString('hex')).toBe('000001bb');
    const sequence = packets.map((packet) => packet.readUInt16BE(2));
    expect(sequence.every((each, n) => n === 0 || each === ((sequence[n - 1]! + 1) & 0xffff))).toBe(true);
    expect(camera.sessions).toMatchObject([{ channelId: CHANNEL_ID, transport: 'udp', ssrc: 200_000_001 }]);
    expect(Math.abs(Date.now() - camera.frameSentAt(0)!)).toBeLessThan(5_000);
    expect(camera.frameSentAt(0, { channelId: 'other' })).toBeUndefined();
    const ended = once(camera, 'sessionEnded');
    await dialog.bye();
    expect((await ended)[1]).toBe('remote_bye');
    expect(camera.sessions).toEqual([]);
  });

  test('TCP passive platform: the camera connects', async () => {
    const platform = await TestPlatform.open();
    await platform.camera();
    const { port, packets } = await tcpReceiver();
    const dialog = await platform.invite({ port, media: 'TCP/RTP/AVP', setup: 'passive' });
    expect(answerOf(dialog)).toContain('m=video 9 TCP/RTP/AVP 96\r\n');
    expect(answerOf(dialog)).toContain('a=setup:active\r\na=connection:new\r\n');
    await until(() => packets.length > 30);
    expect(ssrcsOf(packets)).toEqual(new Set([200_000_001]));
  });

  test('TCP active platform: the camera listens', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera();
    const dialog = await platform.invite({ port: 9, media: 'TCP/RTP/AVP', setup: 'active' });
    expect(answerOf(dialog)).toContain('a=setup:passive\r\n');
    const socket = connect(Number(/m=video (\d+)/.exec(answerOf(dialog))?.[1]), '127.0.0.1');
    const packets: Buffer[] = [];
    readFramed(socket, packets);
    await until(() => packets.length > 30);
    const ended = once(camera, 'sessionEnded');
    socket.destroy();
    expect((await ended)[1]).toBe('media_lost');
  });

  test('IDR on request: the next frame is a key frame, the counter jumps, sequence numbers do not', async () => {
    const platform = await TestPlatform.open();
    const frames: number[] = [];
    const camera = await platform.camera({ onFrame: (_channel, index) => frames.push(index) });
    const { port, packets } = await udpReceiver();
    await platform.invite({ port });
    await until(() => frames.length >= 5);
    const told = once(camera, 'keyFrameRequested');
    const rest = [{ name: 'IFameCmd', content: 'Send' }];
    await platform.send({ root: 'Control', cmdType: 'DeviceControl', sn: 1, deviceId: CHANNEL_ID, rest });
    await told;
    const before = frames.length;
    await until(() => frames.length >= before + 3);
    expect(frames.slice(before, before + 3)).toEqual([50, 51, 52]);
    const sequence = packets.map((packet) => packet.readUInt16BE(2));
    expect(sequence.every((each, n) => n === 0 || each === ((sequence[n - 1]! + 1) & 0xffff))).toBe(true);
  });

  test('quirk: no-idr-request', async () => {
    const platform = await TestPlatform.open();
    const frames: number[] = [];
    const camera = await platform.camera({
      quirks: ['no-idr-request'],
      onFrame: (_channel, index) => frames.push(index),
    });
    const { port } = await udpReceiver();
    await platform.invite({ port });
    await until(() => frames.length >= 2);
    const told = once(camera, 'keyFrameRequested');
    const rest = [{ name: 'IFrameCmd', content: 'Send' }];
    await platform.send({ root: 'Control', cmdType: 'DeviceControl', sn: 1, deviceId: CHANNEL_ID, rest });
    await told;
    await until(() => frames.length >= 10);
    expect(frames.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('several at once; the same Subject replaces; more than the limit get 486', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera({ maxSessions: 2 });
    const { port } = await udpReceiver();
    const first = await platform.invite({ port, y: '0200000001' });
    await platform.invite({ port, y: '0200000002' });
    expect(camera.sessions).toHaveLength(2);
    await expect(platform.invite({ port, y: '0200000003' })).rejects.toMatchObject({ response: { status: 486 } });
    const replaced = once(camera, 'sessionEnded');
    await platform.invite({ port, y: '0200000001' });
    expect(await replaced).toEqual([expect.objectContaining({ callId: first.callId }), 'replaced']);
    expect(first.ended).toBe(true);
    expect(camera.sessions).toHaveLength(2);
  });

  test.each([
    { name: 'unknown channel', invite: { channel: '34020000001319999999' }, status: 404 },
    {
      name: 'TCP with --only udp',
      only: ['udp'] as const,
      invite: { media: 'TCP/RTP/AVP', setup: 'passive' },
      status: 488,
    },
    { name: 'UDP with --only tcp', only: ['tcp-passive', 'tcp-active'] as const, invite: {}, status: 488 },
    { name: 'nowhere to send to', invite: { port: 0 }, status: 488 },
  ])('refuses $name with $status', async ({ only, invite, status }) => {
    const platform = await TestPlatform.open();
    await platform.camera(only === undefined ? {} : { only });
    await expect(platform.invite({ port: 9_000, ...invite })).rejects.toMatchObject({ response: { status } });
  });

  test('only-mode silent: accepts and sends nothing', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera({ only: ['udp'], onlyMode: 'silent' });
    const { port, packets } = await tcpReceiver();
    await platform.invite({ port, media: 'TCP/RTP/AVP', setup: 'passive' });
    const udp = await udpReceiver();
    await platform.invite({ port: udp.port, y: '0200000002' });
    await until(() => udp.packets.length > 30);
    expect([packets.length, camera.sessions.length]).toEqual([0, 2]);
  });

  test('quirk: bye-after', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ quirks: ['bye-after=0.05'] });
    const { port } = await udpReceiver();
    const dialog = await platform.invite({ port });
    const [reason] = (await once(dialog, 'ended')) as [string];
    expect(reason).toBe('remote_bye');
  });

  test('quirk: wrong-setup connects and says that it listens', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ quirks: ['wrong-setup'] });
    const { port, packets } = await tcpReceiver();
    const dialog = await platform.invite({ port, media: 'TCP/RTP/AVP', setup: 'passive' });
    expect(answerOf(dialog)).toContain('a=setup:passive');
    await until(() => packets.length > 30);
  });

  test('quirk: early-connect sends before the ACK', async () => {
    const camera = await (await TestPlatform.open()).camera({ quirks: ['early-connect'] });
    const { port, packets } = await tcpReceiver();
    const peer = await RawSipPeer.open();
    open.push(() => peer.close());
    const sdp = `v=0\r\nc=IN IP4 127.0.0.1\r\nm=video ${port} TCP/RTP/AVP 96\r\na=rtpmap:96 PS/90000\r\na=setup:passive\r\ny=0200000001\r\n`;
    const head = [
      `INVITE sip:${CHANNEL_ID}@127.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};rport;branch=z9hG4bKearly`,
      `From: <sip:${SERVER_ID}@3402000000>;tag=1`,
      `To: <sip:${CHANNEL_ID}@3402000000>`,
      'Call-ID: early',
      'CSeq: 1 INVITE',
      `Contact: <sip:${SERVER_ID}@127.0.0.1:${peer.port}>`,
      'Content-Type: Application/SDP',
      `Content-Length: ${sdp.length}`,
    ];
    peer.send(Buffer.from(`${head.join('\r\n')}\r\n\r\n${sdp}`), { address: '127.0.0.1', port: camera.sipPort });
    await until(() => peer.received.some((message) => message.startsWith('SIP/2.0 200')));
    await until(() => packets.length > 30);
  });

  test('quirk: rtcp-mux sends a report before any RTP', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ quirks: ['rtcp-mux'] });
    const { port, packets } = await udpReceiver();
    await platform.invite({ port });
    await until(() => packets.length > 3);
    expect([packets[0]![1], packets[0]!.length, packets[0]!.readUInt32BE(4)]).toEqual([200, 28, 200_000_001]);
    expect(packets[1]![1]! & 0x7f).toBe(96);
  });

  test('loss drops about the share asked for, over UDP', async () => {
    const platform = await TestPlatform.open();
    await platform.camera({ lossPercent: 50 });
    const { port, packets } = await udpReceiver();
    await platform.invite({ port });
    await until(() => packets.length > 60);
    const span = (packets.at(-1)!.readUInt16BE(2) - packets[0]!.readUInt16BE(2)) & 0xffff;
    expect(packets.length / span).toBeGreaterThan(0.3);
    expect(packets.length / span).toBeLessThan(0.7);
  });

  test('sessions with a platform that forgot the device are over', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera({ keepaliveSec: 0.2 });
    const { port } = await udpReceiver();
    await platform.invite({ port });
    platform.messageStatus = 404;
    expect((await once(camera, 'sessionEnded'))[1]).toBe('platform_lost');
    expect(camera.sessions).toEqual([]);
  });

  test('powerOff tells nobody; close twice is one close', async () => {
    const platform = await TestPlatform.open();
    const camera = await platform.camera();
    const { port } = await udpReceiver();
    const dialog = await platform.invite({ port });
    const before = platform.requests.length;
    await camera.powerOff();
    await camera.close();
    expect([dialog.ended, platform.requests.length, camera.sessions.length]).toEqual([false, before, 0]);
  });
});

test('a TCP port that nobody listens on: retried, then BYE', async () => {
  const platform = await TestPlatform.open();
  const camera = await platform.camera();
  const unused = createServer();
  unused.listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port } = unused.address() as { port: number };
  unused.close();
  const dialog = await platform.invite({ port, media: 'TCP/RTP/AVP', setup: 'passive' });
  const started = performance.now();
  const ended = once(dialog, 'ended');
  expect((await once(camera, 'sessionEnded'))[1]).toBe('media_lost');
  await ended;
  expect(performance.now() - started).toBeGreaterThan(2_900);
});
