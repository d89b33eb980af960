import { z } from 'zod';
import { command } from './command.ts';
import { duration } from './duration.ts';
import { alerts, call, database, ice, mail, meeting, report, rooms } from './rooms-schema.ts';
import { port, section, text } from './schema-parts.ts';

/** An IP address or an address block such as `192.168.0.0/16`. */
const addressBlock = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const mediaTransport = z.enum(['tcp-passive', 'udp', 'tcp-active']);

const common = section({
  'log-level': z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  'log-file': text(''),
  'data-dir': text('data'),
});

const gb28181 = section({
  serial: z
    .string()
    .regex(/^\d{20}$/, 'must be 20 digits')
    .default('34020000002000000001'),
  realm: z.string().min(1).max(64).default('3402000000'),
  host: text('0.0.0.0'),
  port: port(5060),
  'advertised-host': text(''),
  auth: section({
    enable: z.boolean().default(true),
    password: text(''),
    algorithms: z
      .array(z.enum(['MD5', 'SHA-256']))
      .min(1)
      .default(['MD5']),
  }),
  admission: z.enum(['open', 'approve']).default('open'),
  allow: z.array(addressBlock).default([]),
  deny: z.array(addressBlock).default([]),
  'register-rate': z.int().min(0).max(1_000_000).default(600),
  'date-header': z.boolean().default(true),
  'keepalive-timeout': duration('180s', '5s', '1d'),
  'invite-timeout': duration('10s', '500ms', '60s'),
  'response-timeout': duration('10s', '500ms', '120s'),
  transports: z.array(mediaTransport).min(1).default(['tcp-passive', 'udp', 'tcp-active']),
  'trace-messages': z.int().min(0).max(1_000_000).default(10_000),
  'trace-messages-per-device': z.int().min(2).max(100_000).default(400),
  subscriptions: section({
    catalog: z.boolean().default(true),
    alarm: z.boolean().default(true),
    'mobile-position': z.boolean().default(false),
    'ptz-position': z.boolean().default(false),
    expires: duration('10m', '30s', '7d'),
    'position-interval': duration('5s', '1s', '1h'),
  }),
});

const http = section({
  listen: port(8025),
  host: text('0.0.0.0'),
  'srs-listen': z.int().min(0).max(65_535).default(1985),
  'ssl-listen': z.int().min(0).max(65_535).default(0),
  'key-file': text(''),
  'cert-file': text(''),
  'pass-phrase': text(''),
  dir: text(''),
  'trusted-proxies': z.array(addressBlock).default([]),
  auth: section({
    enable: z.boolean().default(true),
    username: z.string().min(1).default('admin'),
    'token-lifetime': duration('12h', '1m', '30d'),
    'play-token-lifetime': duration('10m', '10s', '1d'),
  }),
});

const media = section({
  address: text(''),
  listen: text('0.0.0.0'),
  'port-min': port(30_000),
  'port-max': port(35_000),
  'port-quarantine': duration('30s', '0s', '10m'),
  ingest: section({ mode: z.enum(['ports', 'single']).default('ports'), port: port(9000) }),
  threads: z.int().min(0).max(64).default(0),
  reorder: duration('100ms', '0ms', '2s'),
  'receive-buffer': z.int().min(65_536).max(268_435_456).default(4_194_304),
  'first-packet-timeout': duration('5s', '500ms', '60s'),
  'silence-timeout': duration('5s', '1s', '5m'),
});

const webrtc = section({
  workers: z.int().min(0).max(64).default(0),
  port: port(8000),
  listen: text('0.0.0.0'),
  candidate: z.array(z.string().min(1)).default([]),
  'first-packet-timeout': duration('30s', '0s', '1h'),
  'silence-timeout': duration('0s', '0s', '24h'),
});

const rtsp = section({
  port: z.int().min(0).max(65_535).default(8554),
  host: text('0.0.0.0'),
  auth: section({
    enable: z.boolean().default(true),
    username: text('gbrtc'),
    password: text(''),
    'publish-username': text('publisher'),
    'publish-password': text(''),
  }),
});

const pms = section({
  port: z.int().min(0).max(65_535).default(8889),
  sslPort: z.int().min(0).max(65_535).default(0),
  ssl: z.boolean().default(false),
  httpPort: z.int().min(0).max(65_535).default(0),
  httpSslPort: z.int().min(0).max(65_535).default(0),
  listenIp: text('0.0.0.0'),
  keyFile: text(''),
  certFile: text(''),
  passPhrase: text(''),
  location: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'must be a path such as /')
    .default('/'),
  idleTimeout: duration('100s', '1s', '1h'),
  heartbeatTimeout: duration('0s', '0s', '1h'),
  maxPayloadLength: z.int().min(1024).max(16_000_000).default(262_144),
  maxBackpressure: z.int().min(65_536).max(268_435_456).default(1_048_576),
  messageRate: z.int().min(1).max(1_000_000).default(200),
  republish: z.enum(['take-over', 'refuse']).default('take-over'),
});

const record = section({
  recordPath: z.string().min(1).default('./record/'),
  execRecordDone: command(),
  cmdPort: z.int().min(0).max(65_535).default(8888),
  listenIp: text('0.0.0.0'),
  targetHost: text('127.0.0.1'),
  targetPort: port(8554),
  segmentMinutes: z.int().min(0).max(1440).default(0),
  retentionDays: z.number().min(0).max(36_500).default(0),
  retentionBytes: z.int().min(0).default(0),
  minFreeBytes: z.int().min(0).default(1_073_741_824),
});

const snapshot = section({
  'upload-url': z
    .string()
    .regex(/^(?:https?:\/\/[^\s?#]+[^\s?#/])?$/, 'must be empty or a URL such as http://192.0.2.10:8025')
    .default(''),
  'retention-days': z.number().min(0).max(36_500).default(30),
  'max-bytes': z.int().min(0).default(1_073_741_824),
});

const stream = section({
  'idle-timeout': duration('30s', '0s', '1h'),
  'pull-timeout': duration('5s', '500ms', '60s'),
});

/** pms's names; what is behind `port` is ours. */
const pull = z
  .array(
    z.strictObject({
      ip: z.string().regex(/^[\w.:-]{1,253}$/, 'must be an IP address or a host name'),
      port: port(8554),
      path: z
        .string()
        .regex(/^[^?#\s]*$/, 'must be a path such as /live')
        .default(''),
      user: text(''),
      password: text(''),
    }),
  )
  .max(64)
  .default([]);

const alarms = section({
  retention: duration('30d', '0s', '3650d'),
  max: z.int().min(1).max(10_000_000).default(100_000),
  rate: z.int().min(0).max(1_000_000).default(600),
  snapshot: z.boolean().default(false),
  'max-snapshots': z.int().min(0).max(1_000_000).default(2_000),
  ffmpeg: z.string().min(1).default('ffmpeg'),
});

const positions = section({
  retention: duration('7d', '0s', '3650d'),
  max: z.int().min(0).max(100_000_000).default(1_000_000),
});

const map = section({
  'tile-url': z.union([z.literal(''), z.url({ protocol: /^https?$/ })]).default(''),
  attribution: text(''),
});

/** The whole configuration file; every key has a default, no other key is allowed. */
export const configSchema = z.strictObject({
  common,
  gb28181,
  http,
  media,
  webrtc,
  rtsp,
  pms,
  record,
  snapshot,
  stream,
  pull,
  rooms,
  meeting,
  call,
  ice,
  database,
  mail,
  report,
  alerts,
  alarms,
  positions,
  map,
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
export type Config = DeepReadonly<z.infer<typeof configSchema>>;
