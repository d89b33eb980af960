import type { SipListen } from '../sip/index.ts';
import type { PlatformOptions } from './types.ts';

/** UDP and TCP on one port (GB/T 28181 1.6), on one or both families. */
export function listenOf({ listenAddress, listenAddress6, port }: PlatformOptions): SipListen[] {
  const addresses = [listenAddress, ...(listenAddress6 === undefined ? [] : [listenAddress6])];
  return addresses.flatMap((address) => [
    { protocol: 'udp' as const, address, port },
    { protocol: 'tcp' as const, address, port },
  ]);
}
