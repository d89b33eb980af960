import { turnAccount, type Logger } from '../../util/index.ts';
import { hasRoom, nearest, type CountryOf } from './choice.ts';
import { IceCommands } from './commands.ts';
import { openCountries } from './countries.ts';
import { formatRtcConfig, iceServersOf, NO_SERVER, serverAddress, type TurnAccount } from './rtc-config.ts';
import { neededBandwidth } from './server-load.ts';
import { ServerList, type ListedServer } from './server-list.ts';
import type { Ice, IceOptions, IceServer, RtcConfigChoice, RtcConfigRequest } from './types.ts';

/** Opens the list of ICE servers. @throws GeoDatabaseError */
export async function createIce(options: IceOptions, log: Logger): Promise<Ice> {
  const countries = options.geoDatabase === '' ? undefined : await openCountries(options.geoDatabase, log);
  const countryOf: CountryOf = (address) => countries?.countryOf(address) ?? '';
  const configured = options.servers.map((server) => ({
    ...server,
    country: server.country === '' ? countryOf(server.ip) : server.country.toUpperCase(),
  }));
  const list = new ServerList(configured, options.keepLiveTimeoutMs, log);
  const commands = new IceCommands(list, { ...options, countryOf });
  const choice = new Choice(list, options, countryOf);
  return {
    rtcConfigFor: (request) => choice.rtcConfigFor(request),
    serverFor: (address) => choice.serverFor(address),
    handle: (message, caller) => commands.handle(message, caller),
    route: commands.route,
    servers: () => list.states(),
    on: (event, listener) => list.on(event, listener as never),
    close() {
      list.close();
      countries?.close();
    },
  };
}

class Choice {
  readonly #list: ServerList;
  readonly #options: IceOptions;
  readonly #countryOf: CountryOf;

  constructor(list: ServerList, options: IceOptions, countryOf: CountryOf) {
    this.#list = list;
    this.#options = options;
    this.#countryOf = countryOf;
  }

  rtcConfigFor({ addresses, talkTypes, user }: RtcConfigRequest): RtcConfigChoice {
    const need = neededBandwidth(talkTypes);
    const now = Date.now();
    const relay = this.#nearest((listed) => this.#relays(listed) && hasRoom(listed, need, now), addresses);
    if (relay !== undefined) {
      relay.load.reserve(need, now);
      relay.handedOut += 1;
      return this.#choiceOf(relay.server, this.#account(relay.server, user));
    }
    const stun = this.#nearest(({ server }) => server.stunPort !== 0, addresses);
    if (stun === undefined) {
      return { config: formatRtcConfig(this.#policies(NO_SERVER), []), iceIp: '', relays: false };
    }
    stun.handedOut += 1;
    return this.#choiceOf(stun.server, undefined);
  }

  serverFor(address: string): string {
    const found = this.#nearest(() => true, [address]);
    return found === undefined ? '' : serverAddress(found.server);
  }

  #choiceOf(server: IceServer, account: TurnAccount | undefined): RtcConfigChoice {
    return {
      config: formatRtcConfig(this.#policies(server), iceServersOf(server, account)),
      iceIp: server.ip,
      relays: account !== undefined,
    };
  }

  #nearest(fits: (listed: ListedServer) => boolean, addresses: readonly string[]): ListedServer | undefined {
    return nearest(this.#list.all.filter(fits), addresses, this.#countryOf);
  }

  #relays({ server }: ListedServer): boolean {
    return server.turnPort !== 0 && (server.username !== '' || this.#options.sharedSecret !== '');
  }

  #account({ username, credential }: IceServer, user: string): TurnAccount {
    if (username !== '') return { username, credential };
    const { sharedSecret, credentialLifetimeMs } = this.#options;
    return turnAccount(sharedSecret, user, Date.now() + credentialLifetimeMs);
  }

  #policies<T extends { readonly iceTransportPolicy: string }>(policies: T): T {
    return this.#options.transportPolicy === 'relay' ? { ...policies, iceTransportPolicy: 'relay' } : policies;
  }
}
