// What rooms cost: joins, relayed messages and their delay, of both protocols, over real WebSockets.
import { fork } from 'node:child_process';
import { freePort, startGatewayProcess } from '../support/gateway-process.ts';
import { treeCpuMs, treeResidentBytes } from '../support/process-tree.ts';
import { ask, ended } from './child.ts';
import type { RoomOrder, RoomProtocol, RoomReport } from './room-clients.ts';

const CLIENTS = new URL('room-clients.ts', import.meta.url).pathname;
const PATHS = { call: '/ws', meeting: '/meeting' } as const;

export interface RoomsResult {
  readonly joinSeconds: number;
  readonly joinCpuSeconds: number;
  readonly residentMb: number;
  readonly relayedPerCpuSecond: number;
  /** At 5,000 messages per second. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Share of the messages that arrived. */
  readonly arrived: number;
}

type Order = (order: RoomOrder) => Promise<RoomReport>;

async function withClients<T>(
  protocol: RoomProtocol,
  work: (order: Order, gateway: { readonly pid: number }, url: string) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const config = { rooms: { host: '127.0.0.1', port, 'message-rate': 10_000 } };
  const gateway = await startGatewayProcess({ config });
  const clients = fork(CLIENTS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const order: Order = (what) => ask<RoomReport>(clients, what);
    return await work(order, gateway, `ws://127.0.0.1:${port}${PATHS[protocol]}`);
  } finally {
    await ended(clients);
    await gateway.stop();
  }
}

/** @param seconds for each of the two phases after the joins */
export function measureRooms(
  protocol: RoomProtocol,
  { rooms, members, seconds }: { readonly rooms: number; readonly members: number; readonly seconds: number },
): Promise<RoomsResult> {
  return withClients(protocol, async (order, { pid }, url) => {
    let cpu = treeCpuMs(pid);
    const cpuSeconds = (): number => {
      const before = cpu;
      cpu = treeCpuMs(pid);
      return (cpu - before) / 1000;
    };
    const joined = await order({ kind: 'join', protocol, url, rooms, members });
    const joinCpuSeconds = cpuSeconds();
    const residentMb = treeResidentBytes(pid) / 1e6;
    // Warms up the compiler.
    await order({ kind: 'relay', seconds: 2 });
    cpuSeconds();
    const { relayed } = await order({ kind: 'relay', seconds });
    const relayedPerCpuSecond = relayed / cpuSeconds();
    const perSecond = 5000;
    const { p50, p99, relayed: heard } = await order({ kind: 'latency', perSecond, seconds });
    return {
      joinSeconds: joined.seconds,
      joinCpuSeconds,
      residentMb: Math.max(residentMb, treeResidentBytes(pid) / 1e6),
      relayedPerCpuSecond,
      latencyMs: { p50, p99 },
      arrived: heard / (perSecond * seconds),
    };
  });
}

/** From a broadcast's sending to its arrival at the last member, in ms. */
export function measureRoomBroadcast(members: number): Promise<{ readonly p50: number; readonly p99: number }> {
  return withClients('meeting', async (order, _gateway, url) => {
    await order({ kind: 'join', protocol: 'meeting', url, rooms: 1, members });
    await order({ kind: 'broadcast', times: 10 });
    return order({ kind: 'broadcast', times: 40 });
  });
}
