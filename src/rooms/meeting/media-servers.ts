import { MeetingError } from './errors.ts';
import type { MediaNodes } from './media-nodes.ts';
import { MEDIA_PROTOCOLS, type MediaAddresses, type MeetingOptions } from './types.ts';

/** RFC 9110 §7.2: name or address, with or without port. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]{1,253})(?::\d{1,5})?$/i;

/** What `media_server` says: a node's addresses, or our own under the name by which the client has reached us. */
export class MediaServers {
  readonly #options: Pick<MeetingOptions, 'media' | 'host'>;
  readonly #nodes: MediaNodes;

  constructor(options: Pick<MeetingOptions, 'media' | 'host'>, nodes: MediaNodes) {
    this.#options = options;
    this.#nodes = nodes;
  }

  /** Of a room, which keeps its node. The token is for our own ports: a node has rights of its own. */
  addresses(room: { nodeId: string | undefined }, host: string | undefined, token: string | undefined): MediaAddresses {
    // Who meets here already goes on here, whatever nodes appear.
    const node = room.nodeId === '' ? undefined : this.#nodes.choose(room.nodeId);
    room.nodeId = node?.id ?? '';
    return node?.addresses ?? this.#own(host, token);
  }

  /** Who has its media at this gateway keeps its room here, whatever nodes there are. @throws MeetingError `room_elsewhere` */
  keepHere(room: { nodeId: string | undefined }): void {
    const { nodeId = '' } = room;
    if (nodeId !== '' && this.#nodes.isAlive(nodeId)) {
      throw new MeetingError('room_elsewhere', `the room meets at media node ${nodeId}, not at this gateway`);
    }
    room.nodeId = '';
  }

  #own(host: string | undefined, token: string | undefined): MediaAddresses {
    const name = HOST.exec(host ?? '')?.[1] ?? this.#options.host;
    const query = token === undefined ? '' : `?token=${token}`;
    const url = (protocol: keyof MediaAddresses): string => {
      const port = this.#options.media[protocol];
      return port === undefined ? '' : `${protocol}://${name}:${port.port}${port.path}${query}`;
    };
    return Object.fromEntries(
      MEDIA_PROTOCOLS.map((protocol) => [protocol, url(protocol)]),
    ) as unknown as MediaAddresses;
  }
}
