import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { GatewayError, errorMessage } from '../util/index.ts';

const secretsSchema = z.strictObject({
  /** scrypt, base64: salt and derived key. */
  adminPassword: z.strictObject({ salt: z.string(), hash: z.string() }),
  sipPassword: z.string().min(1),
  signingKey: z.string().min(40),
});

/** What the first start made, or a later one found. */
export interface Secrets {
  /** Password that devices register with, unless the configuration or the device has its own. */
  readonly sipPassword: string;
  readonly signingKey: Uint8Array;
  /** Only at the first start: to be shown once. */
  readonly newAdminPassword?: string;
  verifyAdminPassword(password: string): Promise<boolean>;
}

/** The secrets' file exists but cannot be used. */
export class SecretsError extends GatewayError {
  readonly code = 'secrets_unreadable';
}

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
/** Without characters that look alike, so that it can be typed from a screen into a camera. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const readable = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

async function hashPassword(password: string): Promise<{ salt: string; hash: string }> {
  const salt = randomBytes(16);
  return { salt: salt.toString('base64'), hash: (await derive(password, salt, 32)).toString('base64') };
}

function readSecrets(file: string): z.infer<typeof secretsSchema> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SecretsError(`${file} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new SecretsError(`${file} is damaged; restore it, or delete it to get new passwords`, { cause: error });
  }
}

/**
 * Reads `secrets.json` of the data folder, or makes it (mode 0600) with a new administrator password,
 * SIP password and signing key. @throws SecretsError
 */
export async function openSecrets(dataDir: string): Promise<Secrets> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'secrets.json');
  let stored = readSecrets(file);
  let newAdminPassword: string | undefined;
  if (!stored) {
    newAdminPassword = readable(12);
    stored = {
      adminPassword: await hashPassword(newAdminPassword),
      // Some cameras accept no more than twelve characters here.
      sipPassword: readable(10),
      signingKey: randomBytes(32).toString('base64'),
    };
    writeFileSync(`${file}.new`, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  const { adminPassword, sipPassword, signingKey } = stored;
  return {
    sipPassword,
    signingKey: Buffer.from(signingKey, 'base64'),
    ...(newAdminPassword === undefined ? {} : { newAdminPassword }),
    async verifyAdminPassword(password) {
      const expected = Buffer.from(adminPassword.hash, 'base64');
      const given = await derive(password, Buffer.from(adminPassword.salt, 'base64'), expected.length);
      return timingSafeEqual(expected, given);
    },
  };
}
