import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ApiFixture, openApi } from '../../test/support/api-fixture.ts';
import { makeCertificate } from '../../test/support/certificate.ts';
import { fakeDevice } from '../../test/support/fake-platform.ts';
import { NO_STATS, fakeStream, fakeReader, fakeViewer } from '../../test/support/fake-streams.ts';
import { consoleFolder, ListenError } from './index.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi({ headersTimeoutMs: 200 });
});
afterEach(() => api.close());

/** Sends bytes as they are; gives all that came back until the other side closed. */
async function raw(fixture: ApiFixture, bytes: string | Buffer, whileOpen?: (socket: Socket) => void): Promise<string> {
  const socket = connect(Number(new URL(fixture.base).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  whileOpen?.(socket);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

describe('GET /healthz', () => {
  test('ok', async () => {
    const response = await api.get('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  test('ill: 503 with the problems', async () => {
    api.health.report = { ok: false, problems: ['SIP is not listening', 'no worker'] };
    const response = await api.get('/healthz');
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'unavailable', problems: ['SIP is not listening', 'no worker'] },
    ]);
  });
});

describe('GET /metrics', () => {
  const value = (text: string, name: string): number | undefined => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  };

  test('every figure', async () => {
    api.platform.addDevice(fakeDevice()).addDevice(fakeDevice({ id: 'b', online: false }));
    api.platform.counters = {
      requestsIn: { 'REGISTER 401': 3, 'REGISTER 200': 2 },
      requestsOut: { 'INVITE 200': 1 },
      malformed: { bad_start_line: 5 },
      transactions: 6,
      dialogs: 7,
      connections: 8,
      refusedConnections: { too_many_of_source: 10 },
      pending: 9,
    };
    const stats = { ...NO_STATS, packets: 100, lost: 3, reordered: 2, wrongSource: 5, errors: { lost_sync: 4 } };
    api.streams.addStream(
      fakeStream({ stats, viewers: [fakeViewer(), fakeViewer({ id: 'v2' })], readers: [fakeReader()] }),
    );
    const { id } = await api.streams.publish('desk', { offer: 'v=0', remoteAddress: '192.0.2.7', userAgent: 'page' });
    api.streams.endPublication(id, 'no_media');
    const range = { deviceId: 'a', channelId: 'b', fromMs: 0, toMs: 1 };
    await api.streams.playbacks.start(range);
    await api.streams.playbacks.stop((await api.streams.playbacks.start(range)).id);
    const response = await api.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    const expected: Record<string, number> = {
      gbrtc_devices: 2,
      gbrtc_devices_online: 1,
      gbrtc_streams: 1,
      gbrtc_viewers: 2,
      gbrtc_rtsp_players: 1,
      gbrtc_sip_transactions: 6,
      gbrtc_sip_dialogs: 7,
      gbrtc_sip_connections: 8,
      gbrtc_pending_responses: 9,
      gbrtc_event_listeners: 0,
      gbrtc_rtp_packets_total: 100,
      gbrtc_rtp_lost_total: 3,
      gbrtc_rtp_reordered_total: 2,
      gbrtc_rtp_wrong_source_total: 5,
      'gbrtc_publications_ended_total{reason="no_media"}': 1,
      'gbrtc_ps_errors_total{reason="lost_sync"}': 4,
      'gbrtc_sip_requests_total{direction="in",method="REGISTER",status="401"}': 3,
      'gbrtc_sip_requests_total{direction="out",method="INVITE",status="200"}': 1,
      'gbrtc_sip_malformed_total{reason="bad_start_line"}': 5,
      'gbrtc_sip_connections_refused_total{reason="too_many_of_source"}': 10,
      'gbrtc_http_connections_refused_total{reason="too_many_of_source"}': 0,
      'gbrtc_websocket_connections_refused_total{reason="held_bytes"}': 11,
      gbrtc_pms_connections: 3,
      gbrtc_pms_sessions: 5,
      gbrtc_playbacks: 1,
      'gbrtc_playbacks_ended_total{reason="stopped"}': 1,
      gbrtc_downloads: 0,
      'gbrtc_downloads_ended_total{outcome="failed"}': 0,
      'gbrtc_worker_cpu_seconds_total{kind="worker",id="4711"}': 1.5,
      'gbrtc_worker_cpu_seconds_total{kind="media_thread",id="0"}': 0.5,
      'gbrtc_worker_resident_bytes{kind="worker",id="4711"}': 1024,
      'gbrtc_media_thread_ingests{id="0"}': 2,
      'gbrtc_worker_deaths_total{kind="worker"}': 3,
      'gbrtc_worker_deaths_total{kind="record_thread"}': 0,
      'gbrtc_workers_missing{kind="worker"}': 1,
      'gbrtc_workers_missing{kind="record_thread"}': 0,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, value(text, name)]))).toEqual(expected);
    expect(value(text, 'gbrtc_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
    expect(value(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  test('counters do not fall when a stream ends, and do not double', async () => {
    const stats = { ...NO_STATS, packets: 100, errors: { lost_sync: 4 } };
    api.streams.addStream(fakeStream({ stats }));
    await api.streams.close(fakeStream().name);
    api.streams.addStream(fakeStream({ stats: { ...stats, packets: 11 } }));
    for (let i = 0; i < 2; i += 1) {
      const text = await (await api.get('/metrics')).text();
      expect(value(text, 'gbrtc_rtp_packets_total')).toBe(111);
      expect(value(text, 'gbrtc_ps_errors_total{reason="lost_sync"}')).toBe(8);
    }
  });

  test('behind a proxy a token is needed', async () => {
    const locked = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    expect((await locked.get('/metrics')).status).toBe(200);
    expect((await locked.get('/metrics', { 'X-Forwarded-For': '127.0.0.1' })).status).toBe(401);
    const token = await locked.login();
    expect((await locked.get(`/metrics?token=${token}`, { Forwarded: 'for=1.2.3.4' })).status).toBe(200);
    await locked.close();
  });

  test('a worker that cannot be read costs only its own figures', async () => {
    const broken = await openApi({}, { metrics: () => Promise.reject(new Error('worker died')) });
    const response = await broken.get('/metrics');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('gbrtc_streams 0');
    await broken.close();
  });
});

describe('console', () => {
  let webRoot: string;
  let web: ApiFixture;
  beforeEach(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gbrtc-web-'));
    webRoot = join(folder, 'dist');
    mkdirSync(join(webRoot, 'assets'), { recursive: true });
    writeFileSync(join(webRoot, 'index.html'), '<!doctype html>console');
    writeFileSync(join(webRoot, 'assets', 'app-abc123.js'), 'export {};');
    writeFileSync(join(webRoot, '.env'), 'SECRET=1');
    writeFileSync(join(folder, 'secrets.json'), '{}');
    web = await openApi({ webRoot });
  });
  afterEach(async () => {
    await web.close();
    rmSync(join(webRoot, '..'), { recursive: true });
  });

  test.each([
    ['/', 200, 'no-cache', '<!doctype html>console'],
    ['/index.html', 200, 'no-cache', '<!doctype html>console'],
    ['/live', 200, 'no-cache', '<!doctype html>console'],
    ['/devices/34020000001320000001', 200, 'no-cache', '<!doctype html>console'],
    ['/assets/app-abc123.js', 200, 'public, max-age=31536000, immutable', 'export {};'],
  ])('GET %s', async (path, status, cache, body) => {
    const response = await web.get(path);
    expect([response.status, response.headers.get('cache-control'), await response.text()]).toEqual([
      status,
      cache,
      body,
    ]);
  });

  test.each([
    '/assets/missing.js',
    '/missing.css',
    '/.env',
    '/..%2fsecrets.json',
    '/assets/..%2f..%2f..%2fsecrets.json',
    '/api/v2/x',
    '/rtc/v1/x',
  ])('GET %s is 404', async (path) => {
    const response = await web.get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toMatch(/SECRET|console|\{\}/);
  });

  test('paths with dots as they are on the wire', async () => {
    for (const path of ['/../secrets.json', '/assets/../../secrets.json', '//etc/passwd', '/\\..\\secrets.json']) {
      const reply = await raw(web, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(reply).not.toContain('root:');
      expect(reply.slice(0, 12)).toMatch(/^HTTP\/1\.1 (?:404|400|200)/);
      expect(reply.endsWith('{}')).toBe(false);
    }
  });

  test('POST to a page is 404', async () => {
    expect((await web.send('POST', '/live', {})).status).toBe(404);
  });

  test('without a built console the root says so', async () => {
    const empty = await openApi({ webRoot: join(webRoot, 'assets') });
    for (const fixture of [api, empty]) {
      const response = await fixture.get('/');
      expect([response.status, await response.text()]).toMatchObject([503, expect.stringContaining('not built')]);
    }
    await empty.close();
  });

  test('the bundled console stands in for a configured folder without one, e.g. that of an srs-sip file', async () => {
    const log = { warn: vi.fn() };
    const other = join(webRoot, '..', 'html');
    const served = await openApi({ webRoot: consoleFolder(other, webRoot, log) });
    expect(await (await served.get('/live')).text()).toBe('<!doctype html>console');
    expect(log.warn).toHaveBeenCalledExactlyOnceWith({ dir: other }, expect.stringContaining('no index.html'));
    await served.close();

    mkdirSync(other);
    writeFileSync(join(other, 'index.html'), 'own console');
    const own = await openApi({ webRoot: consoleFolder(other, webRoot, log) });
    expect(await (await own.get('/live')).text()).toBe('own console');
    await own.close();
  });

  test('security headers', async () => {
    for (const path of ['/', '/api/v1/session', '/srs-sip/v1/devices', '/nothing.js']) {
      const { headers } = await web.get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
      const policy = headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'self'", 'media-src', 'blob:', 'mediastream:', "object-src 'none'"]) {
        expect(policy).toContain(part);
      }
      expect(policy).not.toContain("script-src 'self' 'unsafe");
    }
  });
});

describe('broken HTTP', () => {
  test.each([
    ['bad percent-encoding', '/api/v1/devices/%zz'],
    ['overlong UTF-8', '/api/v1/devices/%c0%ae'],
    ['a NUL', '/api/v1/devices/%00'],
    ['a line feed', '/console/%0a'],
  ])('%s in the path: 400', async (_name, path) => {
    const response = await api.get(path);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid_request' } }]);
  });

  test.each([
    ['bad JSON', '{"deviceId":', 400, 'invalid_json'],
    ['no body', '', 400, 'invalid_json'],
    ['deep JSON', '['.repeat(30_000), 400, 'invalid_json'],
    ['deep and closed JSON', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400, 'invalid_request'],
    ['too large', JSON.stringify({ deviceId: 'x'.repeat(66_000) }), 413, 'body_too_large'],
    ['prototype pollution', '{"__proto__":{"deviceId":"x"},"channelId":"y"}', 400, 'invalid_request'],
  ])('%s', async (_name, body, status, code) => {
    const response = await api.send('POST', '/api/v1/plays', body);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  test.each([
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }],
    [{ 'Content-Type': '' }],
    [{ 'Content-Encoding': 'compress' }],
    [{ 'Content-Type': 'application/json; charset=klingon' }],
  ])('415: %j', async (headers) => {
    const response = await api.send('POST', '/api/v1/plays', '{}', headers as Record<string, string>);
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { error: { code: 'media_type_unsupported' } },
    ]);
  });

  test.each([
    ['not HTTP', 'hello\r\n\r\n', '400', 'invalid_request'],
    ['TLS', Buffer.from('16030100a5010000a1', 'hex'), '400', 'invalid_request'],
    ['header over 16 KiB', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431', 'headers_too_large'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      '400',
      'invalid_request',
    ],
  ])('%s', async (_name, bytes, status, code) => {
    const reply = await raw(api, bytes);
    expect(reply.slice(9, 12)).toBe(status);
    expect(JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4))).toMatchObject({ error: { code } });
  });

  test('slowloris: a header that never ends gets 408', async () => {
    const reply = await raw(api, 'GET / HTTP/1.1\r\nX-A: b\r\n');
    expect(reply).toMatch(/^HTTP\/1\.1 408 [^]*"request_timeout"/);
  });

  test('a body that never ends gets 408, too', async () => {
    const reply = await raw(
      api,
      'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
    );
    expect(reply.slice(9, 12)).toBe('408');
  });

  test('seeded garbage on the socket: answers or closes, and goes on serving', async () => {
    let seed = 42;
    const random = (max: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed % max;
    };
    const template = Buffer.from(
      'POST /srs-sip/v1/invite?token=a.b.c HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: gbrtc_token=x\r\n' +
        'Authorization: Bearer y\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"device_id":"1","a":[1]}',
    );
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(template);
      for (let i = 0; i <= random(8); i += 1) bytes[random(bytes.length)] = random(256);
      await raw(api, bytes.subarray(0, 1 + random(bytes.length)), (socket) => socket.end());
    }
    expect((await api.get('/healthz')).status).toBe(200);
  });
});

describe('ports', () => {
  test('a port in use: the message names port and key, nothing stays open', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as { port: number };
    for (const [purpose, key] of [
      ['main', 'http.listen'],
      ['srs', 'http.srs-listen'],
    ] as const) {
      const attempt = openApi({
        listen: [
          { address: '127.0.0.1', port: 0, purpose: 'main' },
          { address: '127.0.0.1', port, purpose },
        ],
      });
      await expect(attempt).rejects.toThrow(`${key}: TCP port ${port} on 127.0.0.1 is already in use`);
      await expect(attempt).rejects.toBeInstanceOf(ListenError);
      await expect(attempt).rejects.toMatchObject({ code: 'listen_failed' });
    }
    other.close();
  });

  test('HTTPS: pages may use camera and microphone, the cookie stays on it', async () => {
    const { keyFile, certFile, passPhrase, remove } = makeCertificate();
    const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), passPhrase };
    const secure = await openApi({
      listen: [
        { address: '127.0.0.1', port: 0, purpose: 'main' },
        { address: '127.0.0.1', port: 0, purpose: 'tls', tls },
      ],
    });
    const { port = 0 } = secure.api.addresses[1] ?? {};
    const ask = httpsRequest(`https://127.0.0.1:${port}/api/v1/logout`, {
      method: 'POST',
      ca: tls.cert,
      checkServerIdentity: () => undefined,
    });
    ask.end();
    const [response] = (await once(ask, 'response')) as [IncomingMessage];
    expect(response.headers['set-cookie']?.[0]).toContain('; Secure');
    response.resume();
    await secure.close();
    const wrong = openApi({
      listen: [{ address: '127.0.0.1', port: 0, purpose: 'tls', tls: { ...tls, passPhrase: 'wrong' } }],
    });
    await expect(wrong).rejects.toThrow('http.ssl-listen, http.key-file, http.cert-file: key or certificate cannot be');
    remove();
  });

  test('every interface on both ports', async () => {
    const two = await openApi({
      listen: [
        { address: '127.0.0.1', port: 0, purpose: 'main' },
        { address: '127.0.0.2', port: 0, purpose: 'srs' },
      ],
    });
    expect(two.api.addresses.map(({ purpose, address }) => [purpose, address])).toEqual([
      ['main', '127.0.0.1'],
      ['srs', '127.0.0.2'],
    ]);
    for (const { address, port } of two.api.addresses) {
      for (const path of ['/api/v1/versions', '/srs-sip/v1/devices', '/healthz']) {
        expect((await fetch(`http://${address}:${port}${path}`)).status).toBe(200);
      }
    }
    await two.close();
  });

  test('close twice, with a request and an idle connection open', async () => {
    const fixture = await openApi();
    fixture.platform.addDevice(fakeDevice());
    const { promise, resolve } = Promise.withResolvers<undefined>();
    fixture.streams.hold = promise;
    const opened = new Promise((done) => fixture.streams.once('opened', done));
    const running = fixture.send('POST', '/api/v1/plays', { deviceId: fakeDevice().id, channelId: 'c' });
    await expect.poll(() => fixture.streams.calls.length).toBe(1);
    const idle = connect(Number(new URL(fixture.base).port), '127.0.0.1');
    await new Promise((done) => idle.once('connect', done));
    const closing = Promise.all([fixture.api.close(), fixture.api.close()]);
    resolve(undefined);
    await opened;
    expect((await running).status).toBe(201);
    idle.destroy();
    await closing;
    await fixture.close();
  });
});
