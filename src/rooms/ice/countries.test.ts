import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { countryDatabase } from '../../../test/support/mmdb.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { silentLogger } from '../../util/index.ts';
import { openCountries, type Countries } from './countries.ts';
import { createIce } from './index.ts';
import type { IceServer } from './types.ts';

const folder = mkdtempSync(join(tmpdir(), 'gbrtc-geo-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DATABASE = countryDatabase({
  '198.51.100.0/24': 'CN',
  '203.0.113.0/24': 'US',
  '192.0.2.0/25': 'DE',
  '2001:db8:1::/48': 'CN',
});

let files = 0;
function fileOf(bytes: Buffer): string {
  const file = join(folder, `${files++}.mmdb`);
  writeFileSync(file, bytes);
  return file;
}

const opened: Array<{ close(): void }> = [];
function closing<T extends { close(): void }>(part: T): T {
  opened.push(part);
  return part;
}
afterEach(() => {
  for (const part of opened.splice(0)) part.close();
});

const countriesOf = async (bytes: Buffer): Promise<Countries> =>
  closing(await openCountries(fileOf(bytes), silentLogger, 20));

describe('openCountries', () => {
  test.each([
    ['198.51.100.1', 'CN'],
    ['203.0.113.255', 'US'],
    ['192.0.2.127', 'DE'],
    ['192.0.2.128', ''],
    ['2001:db8:1::9', 'CN'],
    ['2001:db8:2::9', ''],
    ['::ffff:198.51.100.1', 'CN'],
    ['127.0.0.1', ''],
    ['turn.example.org', ''],
    ['', ''],
    ['1'.repeat(10_000), ''],
  ])('%s: %s', async (address, country) => {
    const countries = await countriesOf(DATABASE);
    expect(countries.countryOf(address)).toBe(country);
  });

  test('a file that is missing', async () => {
    const file = join(folder, 'missing.mmdb');
    await expect(openCountries(file, silentLogger)).rejects.toMatchObject({
      code: 'geo_database',
      message: expect.stringContaining(file) as string,
    });
  });

  test.each([
    ['is empty', Buffer.alloc(0)],
    ['is no database', Buffer.from('GeoLite2-Country_20261128.tar')],
    ['is compressed', Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(100)])],
    ['has no metadata', DATABASE.subarray(0, -150)],
    ['is metadata only', DATABASE.subarray(DATABASE.lastIndexOf(Buffer.from('MaxMind.com')) - 3)],
  ])('a file that %s', async (_name, bytes) => {
    await expect(openCountries(fileOf(bytes), silentLogger)).rejects.toMatchObject({ code: 'geo_database' });
  });

  test('damaged records give no country and never throw', async () => {
    const random = seededRandom(44);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(DATABASE);
      for (let change = 0; change < 8; change++) bytes[random(bytes.length)] = random(256);
      const countries = await countriesOf(bytes).catch(() => undefined);
      if (countries === undefined) refused += 1;
      for (const address of ['198.51.100.1', '203.0.113.1', '192.0.2.1', '2001:db8:1::1', '8.8.8.8']) {
        expect(typeof countries?.countryOf(address)).toBe(countries === undefined ? 'undefined' : 'string');
      }
      opened.pop()?.close();
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(200);
  });

  test('is read again when the file changes; a bad one leaves the old', async () => {
    const file = fileOf(DATABASE);
    const errors: string[] = [];
    const log = {
      ...silentLogger,
      info() {},
      error: (fields: Readonly<Record<string, unknown>>) => errors.push(String(fields.error)),
    };
    const countries = closing(await openCountries(file, log, 20));
    writeFileSync(file, 'half a downl');
    await expect.poll(() => errors.length).toBe(1);
    expect(errors[0]).toContain(file);
    expect(countries.countryOf('198.51.100.1')).toBe('CN');
    renameSync(fileOf(countryDatabase({ '198.51.100.0/24': 'HK' })), file);
    await expect.poll(() => countries.countryOf('198.51.100.1')).toBe('HK');
  });
});

describe('choice by country', () => {
  const server = (ip: string, country = ''): IceServer => ({
    ip,
    iceType: '',
    bundlePolicy: 'max-bundle',
    rtcpMuxPolicy: 'require',
    iceTransportPolicy: 'all',
    turnPort: 3478,
    stunPort: 3478,
    maxBandwidth: 10_000,
    username: 'u',
    credential: 'p',
    country,
  });

  test.each([
    ['both in one', ['198.51.100.1', '198.51.100.2'], '198.51.100.200'],
    ['both in another, whose server says so itself', ['192.0.2.1', '192.0.2.2'], 'turn.example.org'],
    ['in two: by load, between those two', ['198.51.100.1', '203.0.113.1'], '203.0.113.200'],
    ['one unknown', ['198.51.100.1', '127.0.0.1'], '198.51.100.200'],
    ['both unknown: by subnet', ['10.1.1.1', '10.1.1.2'], '10.1.1.200'],
    ['a country without a server: by load', ['2001:db8:9::1', '2001:db8:9::2'], '10.9.9.200'],
  ])('%s', async (_name, addresses, expected) => {
    const geoDatabase = fileOf(
      countryDatabase({
        '198.51.100.0/24': 'CN',
        '203.0.113.0/24': 'US',
        '192.0.2.0/25': 'DE',
        '2001:db8:9::/48': 'FR',
      }),
    );
    const ice = closing(
      await createIce(
        {
          servers: [server('198.51.100.200'), server('turn.example.org', 'de'), server('10.1.1.200')],
          keepLiveTimeoutMs: 30_000,
          sharedSecret: '',
          credentialLifetimeMs: 3_600_000,
          geoDatabase,
          transportPolicy: 'all',
          registrationToken: '',
          open: true,
          maxMessageBytes: 10_000,
          messageRate: 200,
        },
        silentLogger,
      ),
    );
    // Registered ones get their country from the file, too.
    for (const ip of ['203.0.113.200', '10.9.9.200']) {
      expect(ice.handle({ cmd: 'iceRegister', ...server(ip) }, { address: '', token: undefined })).toBe('successful');
    }
    const rates = { '198.51.100.200': 3000, 'turn.example.org': 4000, '10.1.1.200': 5000, '203.0.113.200': 2000 };
    for (const [ip, txRate] of Object.entries(rates)) {
      ice.handle({ cmd: 'iceReportRxTxRate', ip, rxRate: 0, txRate }, { address: '', token: undefined });
    }
    const { iceIp } = ice.rtcConfigFor({
      addresses: addresses as [string, string],
      talkTypes: [1, 1],
      user: 'x',
    });
    expect(iceIp).toBe(expected);
  });
});
