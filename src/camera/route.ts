import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { CameraOptionError } from './errors.ts';

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

const DEFAULT_SIP_PORT = 5060;

/** Reads `host`, `host:port` or `[v6]:port` and resolves the name. @throws CameraOptionError */
export async function resolveServer(text: string): Promise<ServerAddress> {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? (isIP(text) === 6 ? [text, text] : undefined);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? DEFAULT_SIP_PORT);
  if (host === '' || port === 0 || port > 65_535) throw new CameraOptionError(`server must be host:port, got ${text}`);
  if (isIP(host) !== 0) return { address: host, port };
  const found = await lookup(host).catch((cause: unknown) => {
    throw new CameraOptionError(`no address for server ${host}`, { cause });
  });
  return { address: found.address, port };
}

/** Address of this machine that packets to the server leave from. */
export async function localAddressTowards({ address, port }: ServerAddress): Promise<string> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
    return socket.address().address;
  } finally {
    socket.close();
  }
}
