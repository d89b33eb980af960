import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RtspFramer } from '../../src/rtsp/framer.ts';
import { parseAuthorization } from '../../src/rtsp/headers/authorization.ts';
import type { RtspRequest } from '../../src/rtsp/message.ts';

export const H264_PCMA = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=camera',
  't=0 0',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1; profile-level-id=42C028; sprop-parameter-sets=Z0LAKA==,aMuD',
  'a=control:trackID=0',
  'm=audio 0 RTP/AVP 8',
  'a=control:trackID=1',
  '',
].join('\r\n');

/** What a server does, and what it does wrong. */
export interface RtspServerBehaviour {
  sdp?: string;
  account?: { username: string; password: string };
  scheme?: 'basic' | 'md5' | 'md5-qop' | 'sha-256' | 'all';
  /** Each request is challenged with a nonce of its own. */
  newNonces?: boolean;
  transports?: ('tcp' | 'udp')[];
  /** Methods that are never answered. */
  silentOn?: string[];
  /** Wait before each answer. */
  delayMs?: number;
  /** Answers arrive in pieces of so many bytes. */
  pieceBytes?: number;
  /** Status of a method instead of the usual answer. */
  statusOf?: Record<string, number>;
  /** Location of a 302 to DESCRIBE. */
  redirect?: string;
  /** More or other headers. */
  headersOf?: Record<string, Record<string, string | undefined>>;
  /** Channels of a SETUP instead of those asked for. */
  channels?: (track: number) => string;
  /** Closes when asked with this method. */
  closeOn?: string;
  /** Raw bytes instead of an answer. */
  rawOn?: Record<string, string>;
  /** As pms: a session from DESCRIBE on, UDP with one port for RTP and RTCP, no word to a SETUP without client_port. */
  pms?: boolean;
}

export interface SeenRequest extends RtspRequest {
  readonly status: number;
}

/** As pms tells a publication of Chromium. */
const VP8_OF_PMS = [
  'v=0',
  'o=- - 2 IN IP4 0.0.0.0',
  's=cam',
  'c=IN IP4 0.0.0.0',
  't=0 0',
  'a=sdplang:en',
  'a=msid-semantic: WMS *',
  'a=group:BUNDLE 0 1',
  'm=audio 9 RTP/AVP 100',
  'c=IN IP4 0.0.0.0',
  'a=rtpmap:100 opus/48000/2',
  'a=fmtp:100 minptime=10;useinbandfec=1',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=control:trackID=0',
  'a=mid:0',
  'a=sendonly',
  'a=ssrc:994535925 cname:x',
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'm=video 9 RTP/AVP 101 102',
  'c=IN IP4 0.0.0.0',
  'a=rtpmap:101 VP8/90000',
  'a=fmtp:101 ',
  'a=rtcp-fb:101 nack pli',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=control:trackID=1',
  'a=mid:1',
  'a=sendonly',
  'a=ssrc:509921783 cname:x',
  'a=rtcp-mux',
  'a=rtcp-rsize',
  '',
].join('\r\n');

const PMS_SERVER = 'PingOS 0.9.1';
const PMS_SESSION = 'sid12';
const SESSION = '1234567890abcdef';
const NONCE = 'b81a1f2d';
/** No status: no answer at all. */
const SILENCE = 0;

/** A small RTSP server that can misbehave. */
export class FakeRtspServer {
  readonly behaviour: RtspServerBehaviour;
  readonly requests: SeenRequest[] = [];
  /** Interleaved packets of clients. */
  readonly packets: { channel: number; packet: Buffer }[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  #nonces = 0;

  private constructor(server: Server, behaviour: RtspServerBehaviour) {
    this.#server = server;
    this.behaviour = behaviour;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async open(behaviour: RtspServerBehaviour = {}): Promise<FakeRtspServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeRtspServer(server, behaviour);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}/cam`;
  }

  /** Methods with their status, in order. */
  get log(): string[] {
    return this.requests.map(({ method, status }) => `${method} ${status}`);
  }

  seen(method: string): SeenRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Bytes to every client. */
  send(bytes: Uint8Array | string): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    const framer = new RtspFramer();
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk) => {
      framer.push(chunk, (item) => {
        if (item.kind === 'request') this.#answer(socket, item.request);
        else this.packets.push({ channel: item.channel, packet: Buffer.from(item.packet) });
      });
    });
  }

  #answer(socket: Socket, request: RtspRequest): void {
    const { behaviour } = this;
    const [status, headers, body] = this.#reply(request);
    this.requests.push({ ...request, status });
    if (behaviour.silentOn?.includes(request.method) === true || status === SILENCE) return;
    if (behaviour.closeOn === request.method) {
      socket.destroy();
      return;
    }
    const raw = behaviour.rawOn?.[request.method];
    const all = { CSeq: request.headers.get('cseq'), ...headers, ...behaviour.headersOf?.[request.method] };
    const lines = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}\r\n`],
    );
    const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const text = raw ?? `RTSP/1.0 ${status} Text\r\n${lines.join('')}${length}\r\n${body}`;
    if (behaviour.delayMs === undefined) this.#write(socket, text);
    else setTimeout(() => this.#write(socket, text), behaviour.delayMs);
  }

  #write(socket: Socket, text: string): void {
    const { pieceBytes = text.length } = this.behaviour;
    for (let at = 0; at < text.length; at += Math.max(1, pieceBytes)) socket.write(text.slice(at, at + pieceBytes));
  }

  #reply(request: RtspRequest): [number, Record<string, string | undefined>, string] {
    const { behaviour } = this;
    const forced = behaviour.statusOf?.[request.method];
    if (forced !== undefined) return [forced, {}, ''];
    if (!this.#allows(request)) return [401, { 'WWW-Authenticate': this.#challenge() }, ''];
    if (behaviour.pms === true) return replyAsPms(request);
    switch (request.method) {
      case 'OPTIONS':
        return [200, { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' }, ''];
      case 'DESCRIBE':
        if (behaviour.redirect !== undefined) return [302, { Location: behaviour.redirect }, ''];
        return [200, { 'Content-Base': `${request.uri}/` }, behaviour.sdp ?? H264_PCMA];
      case 'SETUP':
        return this.#setup(request);
      default:
        return [200, { Session: SESSION }, ''];
    }
  }

  #setup(request: RtspRequest): [number, Record<string, string | undefined>, string] {
    const transport = request.headers.get('transport') ?? '';
    const lower = transport.includes('TCP') ? 'tcp' : 'udp';
    const { transports = ['tcp', 'udp'], channels } = this.behaviour;
    if (!transports.includes(lower)) return [461, {}, ''];
    const track = Number(/trackID=(\d)/.exec(request.uri)?.[1] ?? 0);
    const given = channels?.(track);
    const answered =
      lower === 'udp'
        ? `${transport};server_port=${40_000 + 2 * track}-${40_001 + 2 * track}`
        : given === undefined
          ? transport
          : `RTP/AVP/TCP;unicast;interleaved=${given}`;
    return [200, { Session: `${SESSION};timeout=60`, Transport: answered }, ''];
  }

  #challenge(): string {
    if (this.behaviour.newNonces === true) this.#nonces += 1;
    const nonce = `${NONCE}${this.#nonces}`;
    const digest = `Digest realm="cam, of \\"Digest realm=x\\"", nonce="${nonce}"`;
    switch (this.behaviour.scheme ?? 'md5') {
      case 'basic':
        return 'Basic realm="cam"';
      case 'md5':
        return digest;
      case 'md5-qop':
        return `${digest}, qop="auth,auth-int", opaque="5ccc"`;
      case 'sha-256':
        return `${digest}, algorithm=SHA-256`;
      case 'all':
        return `Basic realm="cam", ${digest}, algorithm="MD5", ${digest}, algorithm=SHA-256, qop="auth"`;
    }
  }

  #allows(request: RtspRequest): boolean {
    const { account, scheme = 'md5' } = this.behaviour;
    if (account === undefined) return true;
    const given = parseAuthorization(request.headers.get('authorization') ?? '');
    if (given?.username !== account.username) return false;
    if (scheme === 'basic' || given.scheme === 'basic') {
      return given.scheme === scheme && given.password === account.password;
    }
    const expected = EXPECTED[scheme];
    if (given.nonce !== `${NONCE}${this.#nonces}` || given.uri !== request.uri) return false;
    if (given.algorithm !== expected.algorithm || given.qop !== expected.qop) return false;
    const digest = (text: string): string => hash(expected.algorithm === undefined ? 'md5' : 'sha256', text);
    const secret = digest(`${account.username}:${given.realm}:${account.password}`);
    const middle = given.qop === undefined ? given.nonce : `${given.nonce}:${given.nc}:${given.cnonce}:${given.qop}`;
    return given.response === digest(`${secret}:${middle}:${digest(`${request.method}:${request.uri}`)}`);
  }
}

function replyAsPms({ method, uri, headers }: RtspRequest): [number, Record<string, string | undefined>, string] {
  switch (method) {
    case 'OPTIONS':
      return [
        200,
        { Public: 'OPTIONS, ANNOUNCE, DESCRIBE, SETUP, TEARDOWN, PLAY, RECORD, PAUSE', Server: PMS_SERVER },
        '',
      ];
    case 'DESCRIBE':
      return [200, { 'Content-Base': uri, Session: `${PMS_SESSION};timeout=20`, Server: PMS_SERVER }, VP8_OF_PMS];
    case 'SETUP': {
      const clientPorts = /client_port=[\d-]+/.exec(headers.get('transport') ?? '')?.[0];
      const track = Number(/trackID=(\d)/i.exec(uri)?.[1] ?? Number.NaN);
      if (clientPorts === undefined || Number.isNaN(track)) return [SILENCE, {}, ''];
      const port = 20_000 + 2 * track;
      const Transport = `RTP/AVP/UDP;unicast;${clientPorts};source=127.0.0.1;server_port=${port}-${port};ssrc=3735928559`;
      return [200, { Transport, Session: PMS_SESSION, Server: PMS_SERVER }, ''];
    }
    default:
      return [200, { Session: PMS_SESSION, Server: PMS_SERVER }, ''];
  }
}

/** What a client is to answer. */
const EXPECTED: Record<'md5' | 'md5-qop' | 'sha-256' | 'all', { algorithm?: string; qop?: string }> = {
  md5: {},
  'md5-qop': { qop: 'auth' },
  'sha-256': { algorithm: 'SHA-256' },
  all: { algorithm: 'SHA-256', qop: 'auth' },
};
