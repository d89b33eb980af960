import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { ConfigError, loadConfig, parseConfig } from './load.ts';
import { readPmsConf } from './pms-conf.ts';
import type { Config } from './schema.ts';

const FIXTURE = new URL('../../test/fixtures/config/pms.conf', import.meta.url).pathname;
const SHIPPED = new URL('../../conf/config.yaml', import.meta.url).pathname;

function load(pmsConf: string, yaml = '', env = {}): Config {
  return parseConfig(yaml, 'config.yaml', env, { ...readPmsConf(pmsConf), name: 'pms.conf' });
}

function problemsOf(pmsConf: string, yaml = '', env = {}): string[] {
  try {
    load(pmsConf, yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

test("the documents' pms.conf as it stands, over the shipped configuration", () => {
  const { config, notes } = loadConfig({ config: SHIPPED, pmsConf: FIXTURE }, {});
  expect(config.common).toMatchObject({ 'log-file': './logs/pms.log', 'log-level': 'debug' });
  expect(config.pms).toMatchObject({
    port: 8889,
    ssl: true,
    keyFile: './certs/privkey.pem',
    certFile: './certs/full_chain.pem',
    location: '/',
  });
  expect(config.webrtc).toEqual({
    workers: 0,
    listen: '172.17.0.17',
    port: 20_000,
    candidate: ['122.51.177.240'],
    'first-packet-timeout': 30_000,
    'silence-timeout': 0,
  });
  expect(config.rtsp).toMatchObject({ port: 8554, host: '0.0.0.0' });
  expect(config.pull).toMatchObject([
    { ip: 'xxx', port: 8554 },
    { ip: 'xxx', port: 8554 },
  ]);
  expect(config.record).toMatchObject({ recordPath: './record/', execRecordDone: [], cmdPort: 8888 });
  expect(notes).toEqual([
    `${FIXTURE} is read; what it says comes before the other configuration`,
    "  not used: log.workerLevel: mediasoup's workers report their errors only, in our log",
    '  not used: log.consoleLevel: the log goes to log.file, with log.fileLevel',
    "  not used: log.workerTags: mediasoup's workers report their errors only, in our log",
    "  not used: master.execPath: mediasoup's own worker is used, from its package",
    "  not used: master.workerName: mediasoup's own worker is used, from its package",
    '  not used: master.unixSocketPath: pms itself does not use it any more',
    '  not used: webrtc.maxPort: all players of a worker share one port: webrtc.minPort, and the next ones for further workers',
    '  not used: webrtc.dtlsCertificateFile: each worker makes its certificate, and the SDP carries its fingerprint',
    '  not used: webrtc.dtlsPrivateKeyFile: each worker makes its certificate, and the SDP carries its fingerprint',
    '  not used: record.targetHost: a recording takes the stream inside the gateway',
    '  not used: record.targetPort: a recording takes the stream inside the gateway',
    '  other than in pms, clients need a token: http.auth.enable, rtsp.auth.enable',
  ]);
});

describe('keys', () => {
  const cases = [
    {
      name: 'workers, as the program spells it',
      conf: { master: { numOfWorkerProcess: 3 } },
      ours: { webrtc: { workers: 3 } },
    },
    {
      name: 'workers, as the documents spell it',
      conf: { master: { numOfWorkProcess: 2 } },
      ours: { webrtc: { workers: 2 } },
    },
    {
      name: 'console level, as the program spells it',
      conf: { log: { consolLevel: 'warning' } },
      ours: { common: { 'log-level': 'warn' } },
    },
    {
      name: 'console level, as the documents spell it',
      conf: { log: { consoleLevel: 'error' } },
      ours: { common: { 'log-level': 'error' } },
    },
    {
      name: 'level of the file where there is one',
      conf: { log: { file: 'x.log', fileLevel: 'critical', consolLevel: 'debug' } },
      ours: { common: { 'log-file': 'x.log', 'log-level': 'error' } },
    },
    {
      name: 'wss on a port of its own, the certificate as the documents spell it',
      conf: { websocket: { sslPort: 8883, keyFile: 'k', cerFile: 'c', passPhrase: 'p' } },
      ours: { pms: { sslPort: 8883, keyFile: 'k', certFile: 'c', passPhrase: 'p' } },
    },
    {
      name: 'TLS port without certificate, as the original',
      conf: { websocket: { sslPort: 8883 } },
      ours: { pms: { sslPort: 0 } },
    },
    {
      name: 'limits of the WebSocket',
      conf: { websocket: { idleTimeout: 20, maxBackpressure: 0, maxPayloadLength: 16_000_000 } },
      ours: { pms: { idleTimeout: 20_000, maxBackpressure: 1_048_576, maxPayloadLength: 16_000_000 } },
    },
    { name: 'HTTP', conf: { http: { port: 8080, listenIp: '127.0.0.1' } }, ours: { pms: { httpPort: 8080 } } },
    {
      name: 'recording, its program split as a shell would',
      conf: { record: { recordPath: '/srv/r', cmdPort: 7888, execRecordDone: `/usr/bin/mv "$file" '/new place/'` } },
      ours: {
        record: { recordPath: '/srv/r', cmdPort: 7888, execRecordDone: ['/usr/bin/mv', '$file', '/new place/'] },
      },
    },
    {
      name: 'announced address that is none',
      conf: { webrtc: { announcedIp: '0.0.0.0' } },
      ours: { webrtc: { candidate: [] } },
    },
  ];
  test.each(cases)('$name', ({ conf, ours }) => {
    expect(load(JSON.stringify(conf))).toMatchObject(ours);
  });

  test('what has no place is told', () => {
    const conf = {
      websocket: { listenIp: '0.0.0.0', certFile: 'a', cerFile: 'b', colour: 1, idleTimeout: 0 },
      http: { listenIp: '0.0.0.0', location: '/x' },
      toString: {},
      pull: [{ ip: 'a', port: 1, name: 'north' }],
    };
    expect(readPmsConf(JSON.stringify(conf)).ignored).toEqual([
      { path: 'websocket.cerFile', reason: 'websocket.certFile says the same' },
      { path: 'websocket.colour', reason: 'unknown' },
      { path: 'websocket.idleTimeout', reason: 'there is always an idle timeout' },
      { path: 'http.location', reason: 'websocket.location is used for HTTP, too' },
      { path: 'toString', reason: 'unknown' },
      { path: 'pull.0.name', reason: 'unknown' },
    ]);
  });
});

describe('which value counts', () => {
  test('pms.conf before the configuration, the environment before both', () => {
    const config = load('{"websocket": {"port": 1001}, "rtsp": {"port": 1002}}', 'pms: {port: 2001, location: /x}', {
      GBRTC_RTSP_PORT: '3002',
    });
    expect(config.pms).toMatchObject({ port: 1001, location: '/x' });
    expect(config.rtsp.port).toBe(3002);
  });
});

test('all that is wrong is told at once, with the path of the file that it is in', () => {
  const conf = `{"websocket": {"port": "8889", "location": "pms", "idleTimeout": 0.5}, "rtsp": 8554,
    "pull": [{"ip": "a b", "port": 0}, 5], "webrtc": {"minPort": 70000, "announcedIp": 5}, "master": {"numOfWorkProcess": -1}, "log": {"consolLevel": "loud"}}`;
  expect(problemsOf(conf, 'http: {listen: x, colour: red}', { GBRTC_WEBRTC_PORT: 'none' }).toSorted()).toEqual([
    'http.colour: unknown key',
    'http.listen: expected number, received string',
    'pms.conf: log.consolLevel: Invalid option: expected one of "trace"|"debug"|"info"|"warn"|"error"',
    'pms.conf: master.numOfWorkProcess: Too small: expected number to be >=0',
    'pms.conf: pull.0.ip: must be an IP address or a host name',
    'pms.conf: pull.0.port: Too small: expected number to be >=1',
    'pms.conf: pull.1: expected object, received number',
    'pms.conf: rtsp: must be an object',
    'pms.conf: webrtc.announcedIp.0: expected string, received number',
    'pms.conf: websocket.idleTimeout: must be between 1s and 1h, not 0.5s',
    'pms.conf: websocket.location: must be a path such as /',
    'pms.conf: websocket.port: expected number, received string',
    'webrtc.port: expected number, received string',
  ]);
});

test('ports of both files that collide', () => {
  expect(problemsOf('{"websocket": {"port": 8025}}')).toEqual([
    'pms.conf: websocket.port: port 8025 is used by http.listen too',
  ]);
});

test('ssl without certificate is refused, not served in the clear', () => {
  expect(problemsOf('{"websocket": {"ssl": true, "certFile": "c"}}')).toEqual(['pms.keyFile: pms.ssl needs it']);
});

describe('files that are none', () => {
  const cases = [
    { name: 'no JSON', conf: 'log = 1', problems: ['pms.conf: line 1: expected a value, not "log"'] },
    { name: 'no object', conf: '[1]', problems: ['pms.conf: must be an object of sections'] },
    { name: 'empty', conf: '', problems: ['pms.conf: line 1: the text ends where a value is expected'] },
  ];
  test.each(cases)('$name', ({ conf, problems }) => {
    expect(problemsOf(conf)).toEqual(problems);
  });
});

describe('other spellings in config.yaml', () => {
  const cases = [
    { yaml: 'pms: {cerFile: c.pem}', ours: { pms: { certFile: 'c.pem' } } },
    { yaml: 'pms: {numOfWorkerProcess: 0}', ours: { webrtc: { workers: 0 } } },
    { yaml: 'pms: {numOfWorkProcess: 4}', ours: { webrtc: { workers: 4 } } },
    { yaml: 'webrtc: {numOfWorkerProcess: 3}', ours: { webrtc: { workers: 3 } } },
    {
      yaml: 'webrtc: {listenIp: 127.0.0.1, announcedIp: 198.51.100.1, minPort: 20000}',
      ours: { webrtc: { listen: '127.0.0.1', candidate: ['198.51.100.1'], port: 20_000 } },
    },
    { yaml: 'rtsp: {listenIp: 127.0.0.1}', ours: { rtsp: { host: '127.0.0.1' } } },
    { yaml: 'common: {consolLevel: warn}', ours: { common: { 'log-level': 'warn' } } },
  ];
  test.each(cases)('$yaml', ({ yaml, ours }) => {
    expect(parseConfig(yaml, 'x')).toMatchObject(ours);
  });

  test('wrong values and keys in two spellings are told as written', () => {
    expect(problemsOf('{}', 'pms: {cerFile: 5, numOfWorkProcess: 1}\nwebrtc: {workers: 2}')).toEqual([
      'pms.numOfWorkProcess: webrtc.workers is there, too; leave one of them',
      'pms.cerFile: expected string, received number',
    ]);
  });
});

test('fuzz: 100,000 broken files end in a configuration or in a ConfigError', () => {
  const text = readFileSync(FIXTURE, 'utf8');
  const defaults = parse(readFileSync(SHIPPED, 'utf8')) as Record<string, unknown>;
  const random = seededRandom(8889);
  let configurations = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const { tree, problems, ignored } = readPmsConf(mutateText(text, random));
    for (const section of Object.keys(tree)) if (!(section in defaults)) expect.fail(section);
    if (ignored.some(({ reason }) => reason === '')) expect.fail('ignored without a reason');
    if (problems.length === 0) configurations += 1;
  }
  expect(configurations).toBeGreaterThan(5_000);
  for (let round = 0; round < 500; round += 1) problemsOf(mutateText(text, random));
});
