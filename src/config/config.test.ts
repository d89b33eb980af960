import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { ConfigError, defaultInput, loadConfig, parseConfig } from './load.ts';
import { openSecrets } from './secrets.ts';

const SHIPPED = new URL('../../conf/config.yaml', import.meta.url).pathname;

function problemsOf(yaml: string, env = {}): string[] {
  try {
    parseConfig(yaml, 'test.yaml', env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('conf/config.yaml', () => {
  test('has every key of the schema with its default, and no other', () => {
    expect(parse(readFileSync(SHIPPED, 'utf8'))).toEqual(defaultInput());
  });

  test('has a comment above every key', () => {
    const lines = readFileSync(SHIPPED, 'utf8').split('\n');
    const bare = lines.filter((line, i) => /^\s+[\w-]+: \S/.test(line) && !lines[i - 1]?.trim().startsWith('#'));
    expect(bare).toEqual([]);
  });

  test('loads to the same as no file', () => {
    expect(loadConfig({ config: SHIPPED }, {})).toEqual(loadConfig({}, {}));
  });
});

test('a file of srs-sip works unchanged', () => {
  const config = parseConfig(
    `common:
  log-level: "info"
  log-file: "logs/srs-sip.log"
gb28181:
  serial: "34020000002000000009"
  realm: "3402000000"
  host: "0.0.0.0"
  port: 5060
  auth:
    enable: false
    password: "123456"
http:
  listen: 8025
  dir: ./html
`,
    'srs-sip.yaml',
    { CANDIDATE: '203.0.113.7' },
  );
  expect(config.gb28181.serial).toBe('34020000002000000009');
  expect(config.gb28181.auth).toMatchObject({ enable: false, password: '123456' });
  expect(config.webrtc.candidate).toEqual(['203.0.113.7']);
  expect(Object.isFrozen(config.gb28181.auth)).toBe(true);
});

describe('a wrong configuration tells all problems at once', () => {
  const cases = [
    {
      name: 'wrong type, unknown key and bad duration together',
      yaml: 'http: {listen: "x", colour: red}\nstream: {idle-timeout: soon}\nfoo: 1\n',
      problems: [
        'http.listen: expected number, received string',
        'http.colour: unknown key',
        'stream.idle-timeout: must be a duration such as 500ms, 10s, 2m or 1h, not "soon"',
        'foo: unknown key',
      ],
    },
    {
      name: 'keys that are mistyped',
      yaml: 'http: {lisen: 80}\nsteam: {idle-timeout: 1s}\n',
      problems: ['http.lisen: unknown key; is http.listen meant?', 'steam: unknown key; is stream meant?'],
    },
    {
      name: 'nodes to pull from',
      yaml: 'pull: [{ip: "10.0.0.2/x"}, {ip: a, port: 0, path: "b?c", colour: red}]',
      problems: [
        'pull.0.ip: must be an IP address or a host name',
        'pull.1.port: Too small: expected number to be >=1',
        'pull.1.path: must be a path such as /live',
        'pull.1.colour: unknown key',
      ],
    },
    {
      name: 'location of pms that is no path',
      yaml: 'pms: {location: pms}',
      problems: ['pms.location: must be a path such as /'],
    },
    {
      name: 'wss without key and certificate on the port of ws',
      yaml: 'pms: {sslPort: 8889}',
      problems: [
        'pms.sslPort: port 8889 is used by pms.port too',
        'pms.keyFile: pms.sslPort needs it',
        'pms.certFile: pms.sslPort needs it',
      ],
    },
    {
      name: 'a database of an unknown kind',
      yaml: 'database: {url: "oracle://user:s3cret@host/name"}',
      problems: ['database.url: must begin with mysql://, mariadb://, postgres:// or postgresql://'],
    },
    {
      name: 'addresses, a time, a zone and a URL that are none',
      yaml: 'mail: {from: nobody}\nreport: {time: "25:00", time-zone: Mars/Olympus, mail-to: ["a@b, c@d"]}\nalerts: {webhook: "ftp://x"}',
      problems: [
        'mail.from: must be name@example.org or Name <name@example.org>',
        'report.time: must be a time of day such as 00:30',
        'report.time-zone: must be a time zone such as Europe/Berlin',
        'report.mail-to.0: must be an e-mail address such as name@example.org',
        'alerts.webhook: must be a URL that begins with http:// or https://',
      ],
    },
    {
      name: 'mails without a server',
      yaml: 'report: {mail-to: [a@example.org]}\nalerts: {mail-to: [a@example.org]}',
      problems: ['report.mail-to: needs mail.host', 'alerts.mail-to: needs mail.host'],
    },
    {
      name: 'a program with an open quote',
      yaml: `record: {execRecordDone: "a 'b"}`,
      problems: ['record.execRecordDone: has a quote that is not closed'],
    },
    {
      name: 'a program that is no text, no place for recordings',
      yaml: 'record: {execRecordDone: 5, recordPath: "", retentionDays: -1}',
      problems: [
        'record.recordPath: Too small: expected string to have >=1 characters',
        'record.execRecordDone: must be a command, as a text or as a list',
        'record.retentionDays: Too small: expected number to be >=0',
      ],
    },
    {
      name: 'serial that is not 20 digits',
      yaml: 'gb28181: {serial: "3402"}',
      problems: ['gb28181.serial: must be 20 digits'],
    },
    {
      name: 'duration over its bound',
      yaml: 'gb28181: {invite-timeout: 2h}',
      problems: ['gb28181.invite-timeout: must be between 500ms and 60s, not 2h'],
    },
    {
      name: 'ports in conflict',
      yaml: 'http: {listen: 5060}\nmedia: {port-min: 40000, port-max: 40000}',
      problems: [
        'media.port-max: must be greater than media.port-min (40000), not 40000',
        'http.listen: port 5060 is used by gb28181.port too',
      ],
    },
    {
      name: 'loopback as the media address',
      yaml: 'media: {address: 127.0.0.1}',
      problems: [
        "media.address: 127.0.0.1 is a loopback address that no camera can send to; leave it empty or give this machine's address",
      ],
    },
    {
      name: 'SIP over IPv6, RTP over IPv4 alone',
      yaml: "gb28181: { host: '::' }",
      problems: [
        'media.listen: 0.0.0.0 is IPv4 alone, but cameras that register by IPv6 (gb28181.host ::) are told an IPv6 address; :: listens on both',
      ],
    },
    {
      name: 'an IPv6 media address, RTP over IPv4 alone',
      yaml: "media: { address: '2001:db8::7' }",
      problems: [
        'media.listen: 0.0.0.0 is IPv4 alone, but media.address 2001:db8::7 is an IPv6 address; :: listens on both',
      ],
    },
    { name: 'no mapping', yaml: '- a\n- b', problems: ['(file): must be a mapping of sections'] },
  ];
  test.each(cases)('$name', ({ yaml, problems }) => {
    expect(problemsOf(yaml).map((line) => line.replace(/^: /, '(file): '))).toEqual(problems);
  });

  test('text that is not YAML', () => {
    expect(problemsOf('a: [1,\nb: {')).not.toEqual([]);
  });

  test('a file that is not there', () => {
    expect(() => loadConfig({ config: '/nonexistent/gbrtc.yaml' }, {})).toThrow(/cannot be read: ENOENT/);
  });
});

test.each([
  ['text', `execRecordDone: /bin/mv "$file" '/a b'`, ['/bin/mv', '$file', '/a b']],
  ['list', `execRecordDone: [/bin/mv, $file, "it's"]`, ['/bin/mv', '$file', "it's"]],
])('a program as %s', (_name, yaml, words) => {
  expect(parseConfig(`record:\n  ${yaml}`, 'x').record.execRecordDone).toEqual(words);
});

test('environment sets keys and is checked like the file', () => {
  const config = parseConfig('http: {listen: 80}', 'x', {
    GBRTC_HTTP_LISTEN: '8080',
    GBRTC_GB28181_AUTH_ENABLE: 'false',
    GBRTC_MEDIA_INGEST_MODE: 'single',
    GBRTC_GB28181_SERIAL: '34020000002000000002',
    GBRTC_WEBRTC_CANDIDATE: '198.51.100.1, 203.0.113.7',
    GBRTC_RECORD_RETENTIONDAYS: '0.5',
  });
  expect(config.http.listen).toBe(8080);
  expect(config.gb28181.auth.enable).toBe(false);
  expect(config.media.ingest.mode).toBe('single');
  expect(config.gb28181.serial).toBe('34020000002000000002');
  expect(config.webrtc.candidate).toEqual(['198.51.100.1', '203.0.113.7']);
  expect(config.record.retentionDays).toBe(0.5);
  expect(problemsOf('', { GBRTC_HTTP_LISTEN: 'eighty' })).toEqual(['http.listen: expected number, received string']);
});

describe('secrets', () => {
  test('are made once, readable only by the owner, and verify', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gbrtc-secrets-'));
    try {
      const first = await openSecrets(dir);
      const again = await openSecrets(dir);
      expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
      expect(first.newAdminPassword).toMatch(/^[a-z2-9]{12}$/);
      expect(again.newAdminPassword).toBeUndefined();
      expect(again.sipPassword).toBe(first.sipPassword);
      expect(Buffer.from(again.signingKey)).toEqual(Buffer.from(first.signingKey));
      expect(await again.verifyAdminPassword(first.newAdminPassword ?? '')).toBe(true);
      expect(await again.verifyAdminPassword('wrong')).toBe(false);
      expect(readFileSync(join(dir, 'secrets.json'), 'utf8')).not.toContain(first.newAdminPassword);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('a damaged file is told and not replaced', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gbrtc-secrets-'));
    try {
      writeFileSync(join(dir, 'secrets.json'), '{"adminPassword":');
      await expect(openSecrets(dir)).rejects.toThrow(/is damaged; restore it/);
      expect(readFileSync(join(dir, 'secrets.json'), 'utf8')).toBe('{"adminPassword":');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
