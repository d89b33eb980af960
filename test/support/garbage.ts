// A process that throws seeded garbage at a gateway from several loopback addresses, as fast as it can, for a bounded
// time. Started by fork(); receives `GarbageOrder`, tells `GarbageReport` at the end.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { seededRandom } from './random.ts';
import { throwFrames, type WebSocketTarget } from './web-socket-garbage.ts';

export interface GarbageOrder {
  readonly seconds: number;
  readonly seed: number;
  readonly udpPorts: readonly number[];
  readonly tcpPorts: readonly number[];
  /** Upgraded first: the garbage is in the frames. */
  readonly webSockets: readonly WebSocketTarget[];
  /** Loopback addresses to send from. */
  readonly sources: readonly string[];
}

export interface GarbageReport {
  readonly datagrams: number;
  readonly connections: number;
  readonly upgrades: number;
  readonly bytes: number;
}

/** A whole number from 0 to below its argument. */
type Random = (below: number) => number;

const TARGET = '127.0.0.1';
/** Beginnings that lead deep into a parser before the nonsense starts. */
const BEGINNINGS = [
  'REGISTER sip:34020000002000000001@3402000000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK',
  'INVITE sip:x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n',
  'SIP/2.0 200 OK\r\nCSeq: 1 ',
  'MESSAGE sip:a@b SIP/2.0\r\nContent-Type: Application/MANSCDP+xml\r\n\r\n<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "',
  'GET /api/v1/devices?page=%ZZ HTTP/1.1\r\nHost: ',
  'POST /srs-sip/v1/invite HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"device_id":',
  'GET /api/v1/events HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ',
  'GET /meeting HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: ',
  'POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"version":"1.0","method":"stream.play",',
  'ANNOUNCE rtsp://127.0.0.1/live/x RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 300\r\n\r\nv=0\r\n',
  'SETUP rtsp://127.0.0.1/live/x/0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=',
  '\u0080\u0060\u0000\u0001', // RTP
  '\u0080\u00c8\u0000\u0006', // RTCP sender report
  '\u0000\u0001\u0000\u0000\u0021\u0012\u00a4\u0042', // STUN
  '\u0016\u00fe\u00ff\u0000', // DTLS
  '\u0005\u0078\u0080\u0060', // RFC 4571
  '$\u0000\u0005\u0078',
  '',
].map((text) => Buffer.from(text, 'latin1'));

function fill(buffer: Buffer, random: Random): Buffer {
  const beginning = BEGINNINGS[random(BEGINNINGS.length)] ?? Buffer.alloc(0);
  const length = Math.min(buffer.length, beginning.length + random(1_400));
  for (let at = 0; at < length; at += 4) buffer.writeUInt32LE(random(0x1_0000_0000), Math.min(at, buffer.length - 4));
  beginning.copy(buffer);
  return buffer.subarray(0, length);
}

class Thrower {
  readonly #order: GarbageOrder;
  readonly #random: Random;
  readonly #end: number;
  datagrams = 0;
  connections = 0;
  upgrades = 0;
  bytes = 0;

  constructor(order: GarbageOrder) {
    this.#order = order;
    this.#random = seededRandom(order.seed);
    this.#end = Date.now() + order.seconds * 1_000;
  }

  async run(): Promise<GarbageReport> {
    const { sources } = this.#order;
    await Promise.all(
      sources.flatMap((source) => [this.#floodUdp(source), this.#floodTcp(source), this.#floodWebSockets(source)]),
    );
    const { datagrams, connections, upgrades, bytes } = this;
    return { datagrams, connections, upgrades, bytes };
  }

  async #floodUdp(source: string): Promise<void> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, source, resolve));
    socket.on('error', () => {});
    const buffer = Buffer.alloc(1_600);
    while (Date.now() < this.#end) {
      for (const port of this.#order.udpPorts) await this.#sendUdp(socket, fill(buffer, this.#random), port);
      // The connections of the same process want their turn.
      await nextTurn();
    }
    socket.close();
  }

  async #sendUdp(socket: UdpSocket, bytes: Buffer, port: number): Promise<void> {
    await new Promise<void>((resolve) => socket.send(bytes, port, TARGET, () => resolve()));
    this.datagrams++;
    this.bytes += bytes.length;
  }

  async #floodTcp(source: string): Promise<void> {
    while (Date.now() < this.#end) {
      for (const port of this.#order.tcpPorts) await this.#throwTcp(source, port);
    }
  }

  async #floodWebSockets(source: string): Promise<void> {
    while (Date.now() < this.#end) {
      for (const target of this.#order.webSockets) {
        if (await throwFrames(source, target, this.#random)) this.upgrades++;
      }
    }
  }

  /** One connection with some garbage; ended by us or by the other side, at the latest after 200 ms. */
  async #throwTcp(source: string, port: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const socket = connect({ host: TARGET, port, localAddress: source });
      const timer = setTimeout(() => socket.destroy(), 200);
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.on('connect', () => {
        this.connections++;
        const pieces = 1 + this.#random(20);
        for (let piece = 0; piece < pieces; piece++) {
          const bytes = Buffer.from(fill(Buffer.alloc(1_600), this.#random));
          this.bytes += bytes.length;
          socket.write(bytes);
        }
        if (this.#random(2) === 0) socket.end();
      });
      socket.resume();
    });
  }
}

process.on('message', (order: GarbageOrder) => {
  void new Thrower(order).run().then((report) => {
    process.send?.(report);
    process.disconnect();
  });
});
