import { stat } from 'node:fs/promises';
import { open, type CityResponse, type Reader } from 'maxmind';
import { errorMessage, GatewayError, plainAddress, type Logger } from '../../util/index.ts';

/** The MaxMind database file cannot be used. */
export class GeoDatabaseError extends GatewayError {
  override readonly code = 'geo_database';
}

/** What the databases of countries and of cities have in common. */
type CountryReader = Reader<Pick<CityResponse, 'country' | 'registered_country'>>;

/** Countries of addresses, by a database file that may be replaced at any time. */
export interface Countries {
  /** ISO 3166 code; empty = unknown. Never throws. */
  countryOf(address: string): string;
  /** Idempotent. */
  close(): void;
}

const WATCH_INTERVAL_MS = 5000;

/** Opens the file; a new version is read when it changes, a bad one leaves the old in place. @throws GeoDatabaseError */
export async function openCountries(
  file: string,
  log: Logger,
  watchIntervalMs = WATCH_INTERVAL_MS,
): Promise<Countries> {
  // Before it is read: what changes meanwhile is read again.
  let known = await stampOf(file);
  let reader = await read(file);
  let closed = false;
  let looking = false;
  const reload = async (): Promise<void> => {
    try {
      const next = await read(file);
      if (!closed) reader = next;
      log.info({ file, builtAt: next.metadata.buildEpoch }, 'geo database read again');
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'new geo database cannot be read, the old one stays');
    }
  };
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const stamp = await stampOf(file);
    // One that is just being replaced may be away for a moment.
    if (!closed && stamp !== undefined && stamp !== known) {
      known = stamp;
      await reload();
    }
    looking = false;
  };
  const timer = setInterval(() => void look(), watchIntervalMs);
  timer.unref();
  return {
    countryOf(address) {
      try {
        // Of an IPv4 peer at a port for both families.
        const found = reader.get(plainAddress(address));
        const code: unknown = found?.country?.iso_code ?? found?.registered_country?.iso_code;
        return typeof code === 'string' ? code : '';
      } catch {
        // Not an address, or a damaged record: nothing is known.
        return '';
      }
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** What is another one for another version of a file; undefined where there is none. */
async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return undefined;
  }
}

async function read(file: string): Promise<CountryReader> {
  try {
    const reader: CountryReader = await open(file);
    // Metadata may be whole where the rest is cut off.
    reader.get('192.0.2.1');
    return reader;
  } catch (cause) {
    throw new GeoDatabaseError(`geo database ${file} cannot be read: ${errorMessage(cause)}`, { cause });
  }
}
