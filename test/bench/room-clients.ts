// A process with the clients of many rooms. Started by fork(); takes `RoomOrder`s, answers each with a `RoomReport`.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { percentiles } from './percentiles.ts';

export type RoomProtocol = 'call' | 'meeting';

export type RoomOrder =
  | {
      readonly kind: 'join';
      readonly protocol: RoomProtocol;
      readonly url: string;
      readonly rooms: number;
      readonly members: number;
    }
  /** As fast as answers come, one message under way in each room. */
  | { readonly kind: 'relay'; readonly seconds: number }
  /** So many a second, whatever comes back. */
  | { readonly kind: 'latency'; readonly perSecond: number; readonly seconds: number }
  /** One broadcast of one member after the other; from sending to the arrival at the last one. */
  | { readonly kind: 'broadcast'; readonly times: number };

export interface RoomReport {
  /** Of `join`: until the last one was in. */
  readonly seconds: number;
  /** Messages that reached another member. */
  readonly relayed: number;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
}

/** Connections that are opened at the same time. */
const OPENING = 64;
const TICK_MS = 10;
/** About as long as a candidate in real life. */
const CANDIDATE =
  'candidate:3789381465 1 udp 2122260223 192.168.154.1 53202 typ host generation 0 ufrag oNUL network-id 3';

interface Message {
  readonly cmd?: string;
  readonly result?: number;
  readonly msg?: { readonly at: number; readonly by?: number };
  readonly event?: string;
  readonly err?: number;
  readonly method?: string;
  readonly session?: string;
  readonly data?: { readonly session?: string; readonly payload?: { readonly at: number; readonly by: number } };
}

class Member {
  readonly room: Room;
  readonly index: number;
  readonly #socket: WebSocket;
  #session = '';
  #joined: ((error?: Error) => void) | undefined;

  constructor(room: Room, index: number, url: string) {
    this.room = room;
    this.index = index;
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on('message', (data: Buffer) => this.#handle(data.toString()));
    this.#socket.on('close', () => {
      if (!closing) throw new Error(`member ${this.index} of ${room.name} was cut off`);
    });
  }

  async join(): Promise<void> {
    await once(this.#socket, 'open');
    const joined = new Promise<void>((resolve, reject) => {
      this.#joined = (error) => (error === undefined ? resolve() : reject(error));
    });
    const { name, protocol } = this.room;
    const endpoint = `${name}-${this.index}`;
    this.#socket.send(
      JSON.stringify(
        protocol === 'call'
          ? { cmd: 'join', appId: 'bench', roomId: name, uid: endpoint, uname: endpoint, userType: 0, talkType: 1 }
          : {
              version: 0,
              cseq: 1,
              method: 'channel.join',
              session: '',
              data: { app: 'bench', channel: name, endpoint, role: 'normal', device: '' },
            },
      ),
    );
    await joined;
  }

  /** To the next member, or to all of the room. */
  speak(at: number): void {
    const { name, protocol, members } = this.room;
    const message =
      protocol === 'call'
        ? {
            cmd: 'candidate',
            appId: 'bench',
            roomId: name,
            uid: `${name}-${this.index}`,
            remoteUid: `${name}-${(this.index + 1) % members.length}`,
            msg: { at, candidate: CANDIDATE },
          }
        : {
            version: 0,
            cseq: 2,
            method: 'broadcast',
            session: this.#session,
            data: { at, by: this.index, text: CANDIDATE },
          };
    this.#socket.send(JSON.stringify(message));
  }

  /** From now on what arrives is counted and not read: as light as a client can be, so that the server is measured. */
  onlyCount(): void {
    const { _socket: socket } = this.#socket as unknown as { readonly _socket: Socket };
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('"event":"broadcast"')) onHeard(this, 0, undefined);
    });
  }

  close(): void {
    this.#socket.close();
  }

  #handle(text: string): void {
    const message = JSON.parse(text) as Message;
    const heard = message.cmd === 'relayCandidate' ? message.msg : message.data?.payload;
    if (heard !== undefined) onHeard(this, heard.at, heard.by);
    else if (message.cmd === 'respJoin') this.#settle(message.result);
    else if (message.method === 'channel.join') {
      this.#session = message.session ?? message.data?.session ?? '';
      this.#settle(message.err);
    } else if ((message.result ?? message.err ?? 0) !== 0) throw new Error(text);
  }

  #settle(result: number | undefined): void {
    this.#joined?.(result === 0 ? undefined : new Error(`join failed with ${result}`));
  }
}

interface Room {
  readonly name: string;
  readonly protocol: RoomProtocol;
  readonly members: Member[];
}

let closing = false;
let rooms: Room[] = [];
let onHeard: (member: Member, at: number, by: number | undefined) => void = () => undefined;

async function join({ protocol, url, rooms: count, members }: RoomOrder & { kind: 'join' }): Promise<RoomReport> {
  const started = performance.now();
  rooms = Array.from({ length: count }, (_, index) => ({ name: `room-${index}`, protocol, members: [] }));
  const places = rooms.flatMap((room) => Array.from({ length: members }, (_, index) => ({ room, index })));
  const work = async (): Promise<void> => {
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      const member = new Member(place.room, place.index, url);
      place.room.members[place.index] = member;
      await member.join();
    }
  };
  await Promise.all(Array.from({ length: OPENING }, work));
  return { seconds: (performance.now() - started) / 1000, relayed: 0, p50: 0, p99: 0 };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function relay({ seconds }: RoomOrder & { kind: 'relay' }): Promise<RoomReport> {
  let relayed = 0;
  let running = true;
  onHeard = (member, _at, by) => {
    relayed += 1;
    // After a broadcast only the next one speaks.
    if (running && (by === undefined || by === previousOf(member))) member.speak(0);
  };
  for (const { members } of rooms) members[0]?.speak(0);
  await wait(seconds * 1000);
  running = false;
  await wait(500);
  return { seconds, relayed, p50: 0, p99: 0 };
}

const previousOf = ({ index, room: { members } }: Member): number => (index + members.length - 1) % members.length;

async function latency({ perSecond, seconds }: RoomOrder & { kind: 'latency' }): Promise<RoomReport> {
  const delays: number[] = [];
  onHeard = (_member, at) => {
    delays.push(performance.now() - at);
  };
  const perMessage = rooms[0]?.protocol === 'meeting' ? rooms[0].members.length - 1 : 1;
  const started = performance.now();
  let spoken = 0;
  while (performance.now() - started < seconds * 1000) {
    const due = Math.floor(((performance.now() - started) / 1000) * (perSecond / perMessage));
    for (; spoken < due; spoken += 1) {
      const { members } = rooms[spoken % rooms.length] ?? { members: [] };
      members[Math.floor(spoken / rooms.length) % members.length]?.speak(performance.now());
    }
    await wait(TICK_MS);
  }
  await wait(500);
  const { p50, p99 } = percentiles(delays);
  return { seconds, relayed: delays.length, p50, p99 };
}

/**
 * Members of a real room are on other machines. Here a process that sleeps between two packets is woken by the sender,
 * on a virtual machine for more than the packet itself costs: this one polls instead.
 */
function keepAwake(): { stop(): void } {
  let stopped = false;
  const poll = (): void => {
    if (!stopped) setImmediate(poll);
  };
  poll();
  return {
    stop: () => {
      stopped = true;
    },
  };
}

async function broadcast({ times }: RoomOrder & { kind: 'broadcast' }): Promise<RoomReport> {
  const room = rooms[0];
  if (room === undefined) throw new Error('nobody has joined');
  const delays: number[] = [];
  for (const member of room.members) member.onlyCount();
  const polling = keepAwake();
  for (let time = 0; time < times; time += 1) {
    const heard = Promise.withResolvers<void>();
    let left = room.members.length - 1;
    onHeard = () => {
      left -= 1;
      if (left === 0) heard.resolve();
    };
    const at = performance.now();
    room.members[time % room.members.length]?.speak(at);
    await heard.promise;
    delays.push(performance.now() - at);
    await wait(50);
  }
  polling.stop();
  const { p50, p99 } = percentiles(delays);
  return { seconds: 0, relayed: times * (room.members.length - 1), p50, p99 };
}

function follow(order: RoomOrder): Promise<RoomReport> {
  switch (order.kind) {
    case 'join':
      return join(order);
    case 'relay':
      return relay(order);
    case 'latency':
      return latency(order);
    case 'broadcast':
      return broadcast(order);
  }
}

process.on('message', (order: RoomOrder) => {
  follow(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('SIGTERM', () => {
  closing = true;
  for (const { members } of rooms) for (const member of members) member.close();
  process.disconnect();
  setTimeout(() => process.exit(0), 500);
});
