import { pino } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
type Fields = Readonly<Record<string, unknown>>;

/** What parts log through: ids as fields, a short constant message. */
export interface Logger {
  trace(fields: Fields, message: string): void;
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  child(fields: Fields): Logger;
}

const SECRET_KEYS = ['password', 'token', 'secret', 'authorization', 'cookie', 'signingKey'];

export interface LoggerOptions {
  level: LogLevel;
  /** File to write to; standard output where absent. */
  file?: string;
}

/** JSON lines by pino; keys that name a secret are redacted at the top two levels. */
export function createLogger({ level, file }: LoggerOptions): Logger {
  const redact = { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' };
  const base = { level, redact, timestamp: pino.stdTimeFunctions.isoTime, base: null };
  return file === undefined
    ? pino(base)
    : pino(base, pino.destination({ dest: file, mkdir: true, append: true, sync: false }));
}

/** For tests and library use. */
export const silentLogger: Logger = createLogger({ level: 'silent' });
