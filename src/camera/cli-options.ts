import { parseArgs } from 'node:util';
import { CameraOptionError } from './errors.ts';
import type { Place } from './place.ts';
import type { CameraOptions, CameraTransport } from './types.ts';

/** What the command line asks for. */
export type CliRequest =
  | { readonly kind: 'help' }
  | { readonly kind: 'quirks' }
  | { readonly kind: 'run'; readonly camera: CameraOptions; readonly durationSec: number; readonly frameLog: boolean };

const OPTIONS = {
  server: { type: 'string', default: '127.0.0.1:5060' },
  'server-id': { type: 'string', default: '34020000002000000001' },
  domain: { type: 'string' },
  id: { type: 'string', default: '34020000001320000001' },
  username: { type: 'string' },
  password: { type: 'string' },
  name: { type: 'string' },
  channels: { type: 'string', default: '1' },
  devices: { type: 'string', default: '1' },
  'sip-transport': { type: 'string', default: 'udp' },
  'local-address': { type: 'string' },
  'local-port': { type: 'string', default: '0' },
  keepalive: { type: 'string', default: '60' },
  expires: { type: 'string', default: '3600' },
  loss: { type: 'string', default: '0' },
  reorder: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  quirk: { type: 'string', multiple: true },
  clip: { type: 'string' },
  fps: { type: 'string', default: '25' },
  bitrate: { type: 'string' },
  'no-audio': { type: 'boolean', default: false },
  only: { type: 'string' },
  'only-mode': { type: 'string', default: 'refuse' },
  'max-sessions': { type: 'string', default: '32' },
  'catalog-batch': { type: 'string', default: '4' },
  'record-batch': { type: 'string', default: '4' },
  'record-minutes': { type: 'string', default: '60' },
  at: { type: 'string' },
  moving: { type: 'boolean', default: false },
  'alarm-every': { type: 'string', default: '0' },
  flapping: { type: 'string', default: '0' },
  duration: { type: 'string', default: '0' },
  'frame-log': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const USAGE = `usage: gbrtc camera --password PASSWORD [options]

A virtual GB/T 28181 camera: registers, answers, streams a test picture.

  --server HOST:PORT      the platform's SIP address (127.0.0.1:5060)
  --server-id ID          the platform's 20-digit ID (34020000002000000001)
  --domain DOMAIN         SIP domain (first ten digits of --server-id)
  --id ID                 this device's ID (34020000001320000001)
  --username NAME         account of the digest (the device's ID)
  --password PASSWORD     or the environment's GBRTC_CAMERA_PASSWORD
  --name NAME             device and channel name (a Chinese one)
  --channels N            more than one makes a recorder (1)
  --devices N             a crowd with IDs counted up, in this process (1)
  --sip-transport udp|tcp (udp)
  --local-address IP      address that SIP and media leave from (by route)
  --local-port PORT       SIP port (any)
  --keepalive SEC         (60)
  --expires SEC           of the registration (3600)
  --only TRANSPORT        udp, tcp, tcp-passive or tcp-active, as the platform names them
  --only-mode MODE        what becomes of other INVITEs: refuse (488) or silent (no media)
  --max-sessions N        per device, more get 486 (32)
  --catalog-batch N       catalogue items in one message (4)
  --record-batch N        recorded files in one message (4)
  --record-minutes N      length of a recorded file, a divisor of 60 (60)
  --clip FILE             Annex B, .h264 or .h265 (the clip of this project)
  --fps N                 frames per second of the clip (25)
  --bitrate KBPS          pads the clip up to this rate
  --no-audio
  --loss PERCENT          of UDP media packets
  --reorder PERCENT       of UDP media packets
  --seed N                of loss, reordering and SSRCs (1)
  --quirk NAME[=N]        a fault of real cameras, repeatable; "--quirk list" shows all
  --at LON,LAT            where the first channel is; the others stand around it (nowhere)
  --moving                drives round that place, and tells it to who has subscribed
  --alarm-every SEC       an alarm of any channel (0 = never)
  --flapping SEC          the last channel goes off, and on again (0 = never)
  --duration SEC          ends then (0 = never)
  --frame-log             one JSON line for each frame sent
  -h, --help
`;

/** Reads the arguments behind `camera`. @throws CameraOptionError that names the option */
export function parseCameraArgs(args: readonly string[], environmentPassword?: string): CliRequest {
  const values = read(args);
  if (values.help) return { kind: 'help' };
  const quirks = values.quirk ?? [];
  if (quirks.includes('list')) return { kind: 'quirks' };
  const password = values.password ?? environmentPassword;
  if (password === undefined) throw new CameraOptionError('--password is missing');
  const number = (name: NumericOption, min: number, max: number): number => toNumber(name, values[name], { min, max });
  const camera: CameraOptions = {
    server: values.server,
    serverId: values['server-id'],
    id: values.id,
    password,
    channels: number('channels', 1, 10_000),
    devices: number('devices', 1, 100_000),
    sipTransport: oneOf('sip-transport', values['sip-transport'], ['udp', 'tcp'] as const),
    localPort: number('local-port', 0, 65_535),
    keepaliveSec: number('keepalive', 1, 86_400),
    expiresSec: number('expires', 1, 864_000),
    lossPercent: number('loss', 0, 100),
    reorderPercent: number('reorder', 0, 100),
    seed: number('seed', 0, 0xffff_ffff),
    quirks,
    fps: number('fps', 1, 120),
    audio: !values['no-audio'],
    onlyMode: oneOf('only-mode', values['only-mode'], ['refuse', 'silent'] as const),
    maxSessions: number('max-sessions', 0, 100_000),
    catalogBatch: number('catalog-batch', 1, 10_000),
    recordBatch: number('record-batch', 1, 10_000),
    recordMinutes: number('record-minutes', 1, 60),
    moving: values.moving,
    alarmEverySec: number('alarm-every', 0, 86_400),
    flappingSec: number('flapping', 0, 86_400),
    ...(values.at !== undefined && { place: placeOf(values.at) }),
    ...optional('domain', values.domain),
    ...optional('username', values.username),
    ...optional('name', values.name),
    ...optional('localAddress', values['local-address']),
    ...optional('clip', values.clip),
    ...(values.bitrate !== undefined && { bitrateKbps: toNumber('bitrate', values.bitrate, { min: 1, max: 200_000 }) }),
    ...(values.only !== undefined && { only: transports(values.only) }),
  };
  return { kind: 'run', camera, durationSec: number('duration', 0, 1e9), frameLog: values['frame-log'] };
}

function read(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (cause) {
    // The first sentence names the option; the rest explains `--`.
    const [message = ''] = cause instanceof Error ? cause.message.split('. ') : [];
    throw new CameraOptionError(message, { cause });
  }
}

/** Its type follows from the options. */
const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;

type NumericOption = {
  [K in keyof typeof OPTIONS]: (typeof OPTIONS)[K] extends { readonly type: 'string'; readonly default: string }
    ? K
    : never;
}[keyof typeof OPTIONS];

function toNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new CameraOptionError(`--${name} must be ${min} to ${max}, got ${text}`);
  return value;
}

function oneOf<const T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new CameraOptionError(`--${name} must be ${allowed.join(' or ')}, got ${text}`);
  return found;
}

function placeOf(text: string): Place {
  const [longitude, latitude, ...more] = text
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const usable = Math.abs(longitude ?? Number.NaN) <= 180 && Math.abs(latitude ?? Number.NaN) <= 90;
  if (longitude === undefined || latitude === undefined || !usable || more.length > 0) {
    throw new CameraOptionError(`--at must be LON,LAT in degrees, such as 118.38,31.33, got ${text}`);
  }
  return { longitude, latitude };
}

function transports(text: string): CameraTransport[] {
  const only = oneOf('only', text, ['udp', 'tcp', 'tcp-passive', 'tcp-active'] as const);
  return only === 'tcp' ? ['tcp-passive', 'tcp-active'] : [only];
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: string });
}
