import { Connection } from './connection.ts';
import { LocalHandle } from './local-member.ts';
import { MediaNodes } from './media-nodes.ts';
import { MediaServers } from './media-servers.ts';
import { Rooms } from './rooms.ts';
import type {
  LocalMember,
  LocalMemberRequest,
  MediaNode,
  MediaNodeView,
  MeetingCounters,
  MeetingOptions,
  MeetingParts,
  Meetings,
  RoomSummary,
  RoomView,
} from './types.ts';
import type { WebSocketProtocol } from '../../websocket/index.ts';

class MeetingServer implements Meetings {
  readonly protocol: WebSocketProtocol;
  readonly #rooms: Rooms;
  readonly #nodes: MediaNodes;
  readonly #parts: MeetingParts;
  readonly #counted = { requests: 0, failures: 0 };

  constructor(options: MeetingOptions, parts: MeetingParts) {
    this.#parts = parts;
    this.#nodes = new MediaNodes(options.nodeTimeoutMs);
    const { rights, log } = parts;
    const servers = new MediaServers(options, this.#nodes);
    this.#rooms = new Rooms(options, { ...parts, servers });
    const shared = { rooms: this.#rooms, servers, rights, counted: this.#counted, log };
    this.protocol = {
      location: options.location,
      limits: options.limits,
      connect: (peer) => new Connection(peer, shared),
    };
  }

  get counters(): MeetingCounters {
    const { all, memberCount, events } = this.#rooms;
    return { rooms: all.length, members: memberCount, ...this.#counted, events };
  }

  list(): RoomSummary[] {
    return this.#rooms.all
      .map(({ summary }) => summary)
      .toSorted((a, b) => compare(a.app, b.app) || compare(a.channel, b.channel));
  }

  get(app: string, channel: string): RoomView | undefined {
    return this.#rooms.room(app, channel)?.view;
  }

  kick(app: string, channel: string, endpoint: string): boolean {
    const member = this.#rooms.room(app, channel)?.members.get(endpoint);
    if (member !== undefined) this.#rooms.kick(member);
    return member !== undefined;
  }

  mayUse(id: string, right: 'play' | 'publish', stream: string): boolean {
    const member = this.#rooms.byId(id);
    if (member === undefined) return false;
    const { owners } = this.#rooms;
    return right === 'play'
      ? owners.mayPlay(member, stream)
      : member.rights.publish && owners.mayPublish(member, stream);
  }

  joinLocal(request: LocalMemberRequest): LocalMember {
    return new LocalHandle(request, this.#rooms, this.#parts.log);
  }

  heartbeat(node: MediaNode): MediaNodeView {
    return this.#nodes.heartbeat(node);
  }

  nodes(): MediaNodeView[] {
    return this.#nodes.list();
  }

  removeNode(id: string): boolean {
    return this.#nodes.remove(id);
  }

  close(): void {
    this.#rooms.close();
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The MeetingServer; whoever opens the ports gives it its connections. */
export function createMeetings(options: MeetingOptions, parts: MeetingParts): Meetings {
  return new MeetingServer(options, parts);
}
