import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { IceAgentOptionError } from './errors.ts';
import type { AgentAccount, IceAgentOptions } from './types.ts';

/** What the command line asks for. */
export type CliRequest = { readonly kind: 'help' } | { readonly kind: 'run'; readonly agent: IceAgentOptions };

/** A server that is silent for `ice.keep-live-timeout`, 30 s, is no longer handed out. */
const MAX_INTERVAL_MS = 10_000;

const OPTIONS = {
  server: { type: 'string' },
  token: { type: 'string' },
  ip: { type: 'string' },
  'turn-port': { type: 'string', default: '3478' },
  'stun-port': { type: 'string' },
  'turn-address': { type: 'string' },
  interface: { type: 'string' },
  'max-bandwidth': { type: 'string', default: '100000' },
  secret: { type: 'string' },
  username: { type: 'string' },
  credential: { type: 'string' },
  relay: { type: 'boolean', default: false },
  interval: { type: 'string', default: '5s' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const USAGE = `usage: gbrtc ice-agent --server URL --ip PUBLIC_IP [options]

Registers this host's coturn at a gateway, reports the host's network load, and takes coturn out when it does not answer.

  --server URL           of the gateway: http://HOST:8890 (path /icebandwidthload) or ws://HOST:8890 (path /ws)
  --token TOKEN          the gateway's ice.registration-token; or the environment's GBRTC_ICE_TOKEN
  --ip ADDRESS           public address of coturn, IP or host name
  --turn-port PORT       of coturn, UDP and TCP; 0 = STUN only (3478)
  --stun-port PORT       0 = none (the TURN port)
  --turn-address ADDRESS where the agent asks coturn, for hosts that do not reach their public address (--ip)
  --interface NAME       whose load counts (that of the default route)
  --max-bandwidth KBPS   that the host can send (100000)
  --secret SECRET        coturn's static-auth-secret: accounts of two hours, renewed each hour; or GBRTC_ICE_SECRET
  --username NAME        a fixed account of coturn, with
  --credential PASSWORD  its password; or GBRTC_ICE_CREDENTIAL
                         (with neither, the gateway's ice.shared-secret makes accounts)
  --relay                calls with this server use no direct connections
  --interval TIME        between reports, e.g. 5s (5s)
  -h, --help
`;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the arguments behind `ice-agent`. @throws IceAgentOptionError that names the option */
export function parseIceAgentArgs(args: readonly string[], environment: Environment = {}): CliRequest {
  const values = read(args);
  if (values.help) return { kind: 'help' };
  const ip = addressOf('ip', required('ip', values.ip));
  const turnPort = toNumber('turn-port', values['turn-port'], { min: 0, max: 65_535 });
  const stunPort =
    values['stun-port'] === undefined ? turnPort : toNumber('stun-port', values['stun-port'], { min: 0, max: 65_535 });
  if (turnPort === 0 && stunPort === 0) throw new IceAgentOptionError('--turn-port and --stun-port are both 0');
  return {
    kind: 'run',
    agent: {
      server: serverOf(required('server', values.server)),
      token: tokenOf(values.token ?? environment.GBRTC_ICE_TOKEN ?? ''),
      ip,
      turnPort,
      stunPort,
      turnAddress: addressOf('turn-address', values['turn-address'] ?? ip),
      interfaceName: values.interface,
      maxBandwidth: toNumber('max-bandwidth', values['max-bandwidth'], { min: 1, max: 1e9 }),
      account: accountOf(values, environment),
      relayOnly: values.relay,
      intervalMs: duration('interval', values.interval, { min: 100, max: MAX_INTERVAL_MS }),
    },
  };
}

function accountOf(values: ReturnType<typeof parse>, environment: Environment): AgentAccount {
  const secret = values.secret ?? environment.GBRTC_ICE_SECRET ?? '';
  const { username = '' } = values;
  const credential = values.credential ?? environment.GBRTC_ICE_CREDENTIAL ?? '';
  if (secret !== '' && username !== '') throw new IceAgentOptionError('--secret and --username exclude one another');
  if (username !== '' && credential === '') throw new IceAgentOptionError('--credential is missing');
  return secret === '' ? { username, credential } : { secret };
}

function read(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (cause) {
    // The first sentence names the option; the rest explains `--`.
    const [message = ''] = cause instanceof Error ? cause.message.split('. ') : [];
    throw new IceAgentOptionError(message, { cause });
  }
}

/** Its type follows from the options. */
const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new IceAgentOptionError(`--${name} is missing`);
  return value;
}

const DEFAULT_PATHS: Readonly<Record<string, string>> = {
  'http:': '/icebandwidthload',
  'https:': '/icebandwidthload',
  'ws:': '/ws',
  'wss:': '/ws',
};

function serverOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const path = DEFAULT_PATHS[url?.protocol ?? ''];
  if (url === undefined || path === undefined) {
    throw new IceAgentOptionError(`--server must be an http, https, ws or wss URL, got ${text}`);
  }
  if (url.pathname === '/') url.pathname = path;
  return url;
}

/** RFC 6750 §2.1: what an Authorization header can carry. */
function tokenOf(text: string): string {
  if (/^[\w.~+/-]*=*$/.test(text)) return text;
  throw new IceAgentOptionError('--token must be letters, digits, - . _ ~ + / and = at the end');
}

function addressOf(name: string, text: string): string {
  if (isIP(text) !== 0 || /^(?=.*[a-z])[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/i.test(text)) return text.toLowerCase();
  throw new IceAgentOptionError(`--${name} must be an IP address or a host name, got ${text}`);
}

function toNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new IceAgentOptionError(`--${name} must be ${min} to ${max}, got ${text}`);
  return value;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function duration(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const value = amount === '' ? Number.NaN : Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  if (!(value >= min && value <= max)) {
    throw new IceAgentOptionError(`--${name} must be a time of ${min}ms to ${max / 1000}s such as 5s, got ${text}`);
  }
  return value;
}
