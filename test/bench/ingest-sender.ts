import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { frameForTcp, SyntheticPs } from '../support/synthetic-ps.ts';

/** What the parent sends to start. */
export interface SenderOrder {
  readonly transport: 'tcp' | 'udp';
  readonly ports: readonly number[];
  readonly ssrc: number;
}

const FRAME_MS = 40;
const TICK_MS = 2;
const HOST = '127.0.0.1';

/** 4 Mbit/s: 2 s of 50 frames, the first of 120 kB. */
function run({ transport, ports, ssrc }: SenderOrder): void {
  const source = new SyntheticPs({ ssrc, keyFrameBytes: 120_000, frameBytes: 17_500 });
  const send = transport === 'udp' ? udpSender(ports) : tcpSender(ports);
  const startedAt = performance.now();
  let sent = 0;
  let packets: Buffer[] = [];
  setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / FRAME_MS) * ports.length);
    for (; sent < due; sent += 1) {
      if (sent % ports.length === 0) packets = source.nextFrame();
      send(sent % ports.length, packets);
    }
  }, TICK_MS);
}

type Send = (index: number, packets: Buffer[]) => void;

function udpSender(ports: readonly number[]): Send {
  const sockets = ports.map((port) => {
    const socket = createSocket({ type: 'udp4', sendBufferSize: 4_194_304 });
    const state = { socket, ready: false };
    socket.connect(port, HOST, () => {
      state.ready = true;
    });
    return state;
  });
  return (index, packets) => {
    const state = sockets[index];
    if (state?.ready === true) for (const packet of packets) state.socket.send(packet);
  };
}

function tcpSender(ports: readonly number[]): Send {
  const sockets: Socket[] = ports.map((port) => connect({ host: HOST, port, noDelay: true }));
  let framed: { of: Buffer[]; bytes: Buffer } | undefined;
  return (index, packets) => {
    if (framed?.of !== packets) framed = { of: packets, bytes: frameForTcp(packets) };
    sockets[index]?.write(framed.bytes);
  };
}

/** Where outputs are sent to; read here, so that the parent's CPU time is that of the gateway alone. */
const drain = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
drain.bind(0, HOST, () => process.send?.(drain.address().port));
process.once('message', (order: SenderOrder) => run(order));
process.on('disconnect', () => process.exit(0));
