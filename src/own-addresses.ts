import { networkInterfaces } from 'node:os';

/** IPv4 addresses of this machine, the given ones first; loopback only where there is no other. */
export function ownAddresses(preferred: readonly string[]): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const external = all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  const found = [...new Set([...preferred, ...external])];
  return found.length > 0 ? found : ['127.0.0.1'];
}
