import { isIPv4, isIPv6 } from 'node:net';
import type { Config } from './schema.ts';

export interface ConfigProblem {
  /** Dotted key, e.g. `media.port-min`. */
  readonly path: string;
  readonly message: string;
}

interface TcpListener {
  readonly path: string;
  readonly port: number;
}

const wildcard = (address: string): boolean => address === '0.0.0.0' || address === '::' || address === '';

function loopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

function tcpListeners(config: Config): TcpListener[] {
  const all = [
    { path: 'gb28181.port', port: config.gb28181.port },
    { path: 'http.listen', port: config.http.listen },
    { path: 'http.srs-listen', port: config.http['srs-listen'] },
    { path: 'http.ssl-listen', port: config.http['ssl-listen'] },
    { path: 'webrtc.port', port: config.webrtc.port },
    { path: 'pms.port', port: config.pms.port },
    { path: 'pms.sslPort', port: config.pms.sslPort },
    { path: 'pms.httpPort', port: config.pms.httpPort },
    { path: 'pms.httpSslPort', port: config.pms.httpSslPort },
    { path: 'rtsp.port', port: config.rtsp.port },
    { path: 'rooms.port', port: config.rooms.port },
    { path: 'rooms.ssl-port', port: config.rooms['ssl-port'] },
    { path: 'record.cmdPort', port: config.record.cmdPort },
  ];
  if (config.media.ingest.mode === 'single') all.push({ path: 'media.ingest.port', port: config.media.ingest.port });
  return all.filter(({ port }) => port !== 0);
}

function missingTlsFiles(config: Config): ConfigProblem[] {
  return [...missingPmsFiles(config), ...missingPemFiles(config)];
}

function missingPemFiles({ rooms, http }: Config): ConfigProblem[] {
  const ports = [
    { section: 'rooms', key: 'ssl-port', port: rooms['ssl-port'], files: rooms },
    { section: 'http', key: 'ssl-listen', port: http['ssl-listen'], files: http },
  ];
  return ports
    .filter(({ port }) => port !== 0)
    .flatMap(({ section, key, files }) =>
      (['key-file', 'cert-file'] as const)
        .filter((file) => files[file] === '')
        .map((file) => ({ path: `${section}.${file}`, message: `${section}.${key} needs it` })),
    );
}

function missingPmsFiles({ pms }: Config): ConfigProblem[] {
  const wanted = pms.ssl ? 'ssl' : (['sslPort', 'httpSslPort'] as const).find((key) => pms[key] !== 0);
  if (wanted === undefined) return [];
  const message = `pms.${wanted} needs it`;
  const missing = (['keyFile', 'certFile'] as const).filter((key) => pms[key] === '');
  return missing.map((key) => ({ path: `pms.${key}`, message }));
}

/** Whoever shall get mails gets them from somewhere. */
function mailsWithoutServer({ mail, report, alerts }: Config): ConfigProblem[] {
  if (mail.host !== '') return [];
  const lists = { report, alerts };
  return (['report', 'alerts'] as const)
    .filter((name) => lists[name]['mail-to'].length > 0)
    .map((name) => ({ path: `${name}.mail-to`, message: 'needs mail.host' }));
}

/** A camera that is told an IPv6 address finds nobody there where RTP listens on IPv4 alone. */
function mediaWithoutIpv6({ media, gb28181 }: Config): ConfigProblem[] {
  if (!isIPv4(media.listen)) return [];
  const found = wildcard(media.address) && isIPv6(gb28181.host);
  if (!found && !isIPv6(media.address)) return [];
  const why = found
    ? `cameras that register by IPv6 (gb28181.host ${gb28181.host}) are told an IPv6 address`
    : `media.address ${media.address} is an IPv6 address`;
  return [{ path: 'media.listen', message: `${media.listen} is IPv4 alone, but ${why}; :: listens on both` }];
}

/** Values that are each allowed but cannot be used together. */
export function findConflicts(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = mailsWithoutServer(config);
  const { media, gb28181, webrtc } = config;
  if (media['port-max'] - media['port-min'] < 1) {
    problems.push({
      path: 'media.port-max',
      message: `must be greater than media.port-min (${media['port-min']}), not ${media['port-max']}`,
    });
  }
  const seen = new Map<number, string>();
  for (const { path, port } of tcpListeners(config)) {
    const other = seen.get(port);
    if (other === undefined) seen.set(port, path);
    else problems.push({ path, message: `port ${port} is used by ${other} too` });
    if (media.ingest.mode === 'ports' && port >= media['port-min'] && port <= media['port-max']) {
      problems.push({
        path,
        message: `port ${port} lies in the media ports ${media['port-min']}-${media['port-max']}`,
      });
    }
  }
  // Cameras elsewhere cannot send to a loopback address; only a loopback-only SIP makes sense of it (quirks P1).
  if (loopback(media.address) && (wildcard(gb28181.host) || !loopback(gb28181.host))) {
    problems.push({
      path: 'media.address',
      message: `${media.address} is a loopback address that no camera can send to; leave it empty or give this machine's address`,
    });
  }
  problems.push(...mediaWithoutIpv6(config), ...missingTlsFiles(config));
  for (const candidate of webrtc.candidate) {
    if (wildcard(candidate))
      problems.push({ path: 'webrtc.candidate', message: `${candidate} is no address to announce` });
  }
  return problems;
}
