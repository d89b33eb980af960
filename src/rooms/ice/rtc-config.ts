import { isIP } from 'node:net';
import type { IceServer, RtcConfig, RtcIceServer } from './types.ts';

export interface TurnAccount {
  readonly username: string;
  readonly credential: string;
}

/** Without a server: only direct connections of hosts that see one another. */
export const NO_SERVER = { bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceTransportPolicy: 'all' } as const;

type Policies = Pick<IceServer, 'bundlePolicy' | 'rtcpMuxPolicy' | 'iceTransportPolicy'>;

export function formatRtcConfig(policies: Policies, iceServers: readonly RtcIceServer[]): RtcConfig {
  const { bundlePolicy, iceTransportPolicy, rtcpMuxPolicy } = policies;
  return { bundlePolicy, iceServers, iceTransportPolicy, rtcpMuxPolicy };
}

/** An address as URIs hold it, RFC 3986 §3.2.2. */
const host = (ip: string): string => (isIP(ip) === 6 ? `[${ip}]` : ip);

/** Host and TURN port, or STUN port where it does not relay. */
export const serverAddress = ({ ip, turnPort, stunPort }: IceServer): string =>
  `${host(ip)}:${turnPort === 0 ? stunPort : turnPort}`;

/** RFC 7065 and 7064 URIs. Browsers refuse `turn:` without an account (W3C WebRTC §4.4.1.1). */
export function iceServersOf(server: IceServer, account: TurnAccount | undefined): RtcIceServer[] {
  const turn = `turn:${host(server.ip)}:${server.turnPort}`;
  const relay =
    account === undefined || server.turnPort === 0
      ? []
      : [
          {
            credential: account.credential,
            urls: [`${turn}?transport=udp`, `${turn}?transport=tcp`],
            username: account.username,
          },
        ];
  const stun =
    server.stunPort === 0
      ? []
      : [
          {
            credential: '',
            urls: [`stun:${host(server.ip)}:${server.stunPort}`],
            username: '',
          },
        ];
  return [...relay, ...stun];
}
