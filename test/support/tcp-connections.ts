import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

/** Open connections that a server of 127.0.0.1 has on a port. */
export function connectionsOf(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => {
    const [, from, , state] = line.trim().split(/\s+/);
    return from === local && state === ESTABLISHED;
  }).length;
}
