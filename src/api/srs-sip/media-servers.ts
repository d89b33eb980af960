import type { Request } from 'express';
import { ApiError } from '../errors.ts';
import type { PublicAddress } from '../public-address.ts';
import type { MediaServer, MediaServerStore, NewMediaServer } from '../types.ts';
import { mediaServerView } from './views.ts';

/** Id of the row that is the gateway itself. */
export const OWN_ID = 1;

/** `2025-10-15T16:04:35Z`, as the original's database driver writes it. */
export const formatCreatedAt = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z');

/** Rows 13 to 16: ourselves first, then what clients added. */
export class MediaServers {
  readonly #store: MediaServerStore;
  readonly #publicAddress: PublicAddress;
  readonly #createdAt = formatCreatedAt(new Date());

  constructor(store: MediaServerStore, publicAddress: PublicAddress) {
    this.#store = store;
    this.#publicAddress = publicAddress;
  }

  list(req: Request): unknown[] {
    const others = this.#store.list();
    const own: MediaServer = {
      id: OWN_ID,
      name: 'Default',
      type: 'SRS',
      ip: this.#publicAddress.host(req),
      port: this.#publicAddress.rtcPort(req),
      username: '',
      password: '',
      secret: '',
      isDefault: !others.some(({ isDefault }) => isDefault),
      createdAt: this.#createdAt,
    };
    return [own, ...others].map(mediaServerView);
  }

  /** @throws ApiError where a mandatory member is empty */
  add(server: NewMediaServer): void {
    if (server.name === '' || server.ip === '' || server.port === 0 || server.type === '') {
      throw new ApiError('invalid_request', 'name, ip, port and type are required');
    }
    this.#store.add(server);
  }

  /** An unknown id is no error in the original; our own row stays. @throws ApiError */
  remove(idText: string): void {
    const id = parseId(idText);
    if (id === OWN_ID) throw new ApiError('media_server_fixed', 'media server 1 is the gateway itself and stays');
    this.#store.remove(id);
  }

  setDefault(idText: string): void {
    const id = parseId(idText);
    this.#store.setDefault(id === OWN_ID ? undefined : id);
  }

  /**
   * We deliver every stream ourselves and speak SRS's protocol, so a row of that type changes nothing; a player
   * that the client picks for another type would fail without a reason. @throws ApiError
   */
  requirePlayable(id: number): void {
    const server = this.#store.list().find((row) => row.id === id);
    if (server === undefined || server.type.toUpperCase() === 'SRS') return;
    throw new ApiError(
      'media_server_fixed',
      `media server ${id} is of type ${server.type}: streams are delivered by the gateway itself, type SRS`,
    );
  }
}

function parseId(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new ApiError('invalid_request', 'invalid id');
  return Number(text);
}
