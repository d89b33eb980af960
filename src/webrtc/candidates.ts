import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** RFC 8445 §5.1.2.2: type preference of a host candidate. */
const HOST_PREFERENCE = 126;
const MAX_LOCAL_PREFERENCE = 65_535;
/** TCP after every UDP candidate (RFC 6544 §4.2). */
const TCP_HOST_PREFERENCE = 90;

/** RFC 8445 §5.1.2.1, component 1. */
function priority(typePreference: number, localPreference: number): number {
  return typePreference * 2 ** 24 + localPreference * 2 ** 8 + 255;
}

/** Values of a=candidate (RFC 8839 §5.1) for one UDP and TCP port behind each address, best address first, UDP before TCP. */
export function formatCandidates(addresses: readonly string[], ports: { udp: number; tcp: number }): string[] {
  const unique = [...new Set(addresses)];
  const udp = unique.map((address, index) => {
    const value = priority(HOST_PREFERENCE, MAX_LOCAL_PREFERENCE - index);
    return `udp${index} 1 udp ${value} ${address} ${ports.udp} typ host`;
  });
  const tcp = unique.map((address, index) => {
    const value = priority(TCP_HOST_PREFERENCE, MAX_LOCAL_PREFERENCE - index);
    return `tcp${index} 1 tcp ${value} ${address} ${ports.tcp} typ host tcptype passive`;
  });
  return [...udp, ...tcp];
}

/** Whether a text from a request may stand in a=candidate: an IP address or a host name (RFC 8839 §5.1, connection-address). */
export function isConnectionAddress(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= 253 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*$/i.test(text));
}

/** Addresses that browsers may reach a listening address at; loopback only where the machine has nothing else. */
export function localAddresses(listenAddress: string, interfaces = networkInterfaces()): string[] {
  const wildcard4 = listenAddress === '0.0.0.0';
  const wildcard6 = listenAddress === '::';
  if (!wildcard4 && !wildcard6) return [listenAddress];
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const external = all.filter((address) => !address.internal && !address.address.startsWith('fe80'));
  const found = external.map((address) => address.address).filter((address) => wildcard6 || !isIPv6(address));
  return found.length > 0 ? found : ['127.0.0.1'];
}
