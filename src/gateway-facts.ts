import type { Config, Secrets } from './config/index.ts';
import { ownAddresses } from './own-addresses.ts';

/** What a person needs to know of a running gateway. */
export interface GatewayFacts {
  readonly version: string;
  /** This machine's addresses as browsers and cameras may see them, most likely first. */
  readonly addresses: readonly string[];
  readonly httpPort: number;
  readonly authEnabled: boolean;
  readonly adminName: string;
  /** Only at the first start. */
  readonly newAdminPassword?: string;
  readonly serial: string;
  readonly realm: string;
  readonly sipPort: number;
  readonly sipAuthEnabled: boolean;
  readonly sipPassword: string;
  /** Set at the first start, when it may be shown. */
  readonly newSipPassword?: string;
}

/** Of all devices that have none of their own. */
export function sipPassword(config: Config, secrets: Secrets): string {
  return config.gb28181.auth.password === '' ? secrets.sipPassword : config.gb28181.auth.password;
}

export function factsOf(config: Config, version: string, secrets: Secrets): GatewayFacts {
  const { http, gb28181: sip, webrtc } = config;
  const first = secrets.newAdminPassword;
  return {
    version,
    addresses: ownAddresses(webrtc.candidate),
    httpPort: http.listen,
    authEnabled: http.auth.enable,
    adminName: http.auth.username,
    ...(first === undefined ? {} : { newAdminPassword: first, newSipPassword: sipPassword(config, secrets) }),
    serial: sip.serial,
    realm: sip.realm,
    sipPort: sip.port,
    sipAuthEnabled: sip.auth.enable,
    sipPassword: sipPassword(config, secrets),
  };
}
