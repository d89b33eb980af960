import { z } from 'zod';
import { isMailAddress, parseMailSender } from '../util/index.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { duration } from './duration.ts';
import { port, section, text } from './schema-parts.ts';

const location = (value: string) =>
  z
    .string()
    .regex(/^\/[^?#\s]*$/, 'must be a path such as /ws')
    .default(value);

/** The ports of both room protocols. */
export const rooms = section({
  port: z.int().min(0).max(65_535).default(8890),
  'ssl-port': z.int().min(0).max(65_535).default(0),
  host: text('0.0.0.0'),
  'key-file': text(''),
  'cert-file': text(''),
  'pass-phrase': text(''),
  'idle-timeout': duration('60s', '1s', '1h'),
  'max-message': z.int().min(1024).max(16_000_000).default(131_072),
  'max-unread': z.int().min(65_536).max(268_435_456).default(1_048_576),
  'message-rate': z.int().min(1).max(1_000_000).default(200),
  'max-connections': z.int().min(1).max(1_000_000).default(10_000),
});

/** Seed 004. */
export const meeting = section({
  location: location('/meeting'),
  'grace-time': duration('10s', '0s', '5m'),
  'max-members': z.int().min(1).max(10_000).default(500),
  'node-timeout': duration('15s', '1s', '10m'),
  'node-token': text(''),
});

/** Seed 002. */
export const call = section({
  location: location('/ws'),
  'login-location': location('/login'),
  capacity: z.int().min(1).max(1000).default(16),
  'keep-live-timeout': duration('40s', '1s', '10m'),
  'report-stats-interval': duration('15s', '1s', '10m'),
  'token-warning': duration('60s', '1s', '1h'),
  /** Cents for each minute begun of a connected pair. */
  'cost-per-minute': z.number().min(0).max(1_000_000).default(0),
  apps: z
    .array(
      z.strictObject({
        'app-id': z.string().min(1).max(32),
        domains: z.array(z.string().min(1).max(253)).max(1000).default([]),
      }),
    )
    .max(10_000)
    .default([]),
});

export const ice = section({
  servers: z
    .array(
      z.strictObject({
        ip: z.string().min(1).max(253),
        'turn-port': port(3478),
        'stun-port': port(3478),
        username: text(''),
        credential: text(''),
        'max-bandwidth': z.int().min(1).default(1_000_000),
        country: text(''),
      }),
    )
    .max(1000)
    .default([]),
  'keep-live-timeout': duration('30s', '1s', '10m'),
  /** RFC 6750 §2.1. */
  'registration-token': z
    .string()
    .regex(/^[\w.~+/-]*=*$/, 'must be letters, digits, - . _ ~ + / and = at the end')
    .default(''),
  'shared-secret': text(''),
  'credential-lifetime': duration('1h', '1m', '7d'),
  'geo-database': text(''),
  'transport-policy': z.enum(['all', 'relay']).default('all'),
});

/** Where the records of calls are kept. */
export const database = section({
  url: z
    .string()
    .superRefine((url, context) => {
      const parsed = url === '' ? undefined : parseDatabaseUrl(url);
      if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
    })
    .default(''),
  'spool-bytes': z.int().min(1_048_576).default(268_435_456),
});

const addresses = z
  .array(z.string().refine(isMailAddress, 'must be an e-mail address such as name@example.org'))
  .max(100)
  .default([]);

function isTimeZone(text: string): boolean {
  try {
    return text === '' || new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const isWebUrl = (text: string): boolean => text === '' || (/^https?:\/\//i.test(text) && URL.canParse(text));

export const mail = section({
  host: text(''),
  port: port(587),
  secure: z.boolean().default(false),
  username: text(''),
  password: text(''),
  from: z
    .string()
    .refine((from) => parseMailSender(from) !== undefined, 'must be name@example.org or Name <name@example.org>')
    .default('gbrtc@localhost'),
});

export const report = section({
  time: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 00:30')
    .default('00:30'),
  'time-zone': z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin').default(''),
  'mail-to': addresses,
});

export const alerts = section({
  'mail-to': addresses,
  webhook: z.string().refine(isWebUrl, 'must be a URL that begins with http:// or https://').default(''),
});
