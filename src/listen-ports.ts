import { readFileSync } from 'node:fs';
import type { WebSocketListen } from './websocket/index.ts';

interface TlsFiles {
  readonly address: string;
  readonly keyFile: string;
  readonly certFile: string;
  readonly passPhrase: string;
}

/** Where to listen, of those ports that are not 0. Key and certificate are read once, at the start. */
export function webSocketListen(
  ports: ReadonlyArray<{ readonly port: number; readonly secure: boolean }>,
  { address, keyFile, certFile, passPhrase }: TlsFiles,
): WebSocketListen[] {
  const tls = (): NonNullable<WebSocketListen['tls']> => ({
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certFile, 'utf8'),
    passPhrase,
  });
  return ports
    .filter(({ port }) => port !== 0)
    .map(({ port, secure }) => ({ address, port, ...(secure ? { tls: tls() } : {}) }));
}
