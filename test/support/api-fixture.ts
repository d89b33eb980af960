import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, type Api, type ApiOptions, type ApiParts, type HealthReport } from '../../src/api/index.ts';
import { createSnapshots } from '../../src/gb28181/index.ts';
import { createDownloads, createRecordings } from '../../src/record/index.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createPulls, type Pulls } from '../../src/rtsp/index.ts';
import { createOwnGroups, type OwnGroups } from '../../src/gb28181/index.ts';
import { createDownloadStore } from '../../src/store/downloads.ts';
import { createGroupStore } from '../../src/store/groups.ts';
import { createMediaServerStore } from '../../src/store/media-servers.ts';
import { createPullStore } from '../../src/store/pulls.ts';
import { createRecordingStore } from '../../src/store/recordings.ts';
import { silentLogger } from '../../src/util/index.ts';
import { apiCallStatistics, FakeCallHistory } from './call-records.ts';
import { CHANNEL, DEVICE, FakePlatform } from './fake-platform.ts';
import { MemorySnapshotStore } from './memory-snapshots.ts';
import { FakeRecordThreads } from './fake-recorder.ts';
import { FAKE_ICE, openCallFixture } from './room-server.ts';
import { FakeStreams } from './fake-streams.ts';
import { openMeetings } from './meetings-fixture.ts';
import { OpenApiCheck, type OpenApiDocument } from './openapi-check.ts';

/** Of the device and the channel that `fakeDevice` and `fakeChannel` make. */
export const DEVICE_PATH = `/api/v1/devices/${DEVICE}`;
export const CHANNEL_PATH = `${DEVICE_PATH}/channels/${CHANNEL}`;

export const ADMIN = { username: 'admin', password: 'correct horse' };

export interface ApiFixture {
  readonly api: Api;
  readonly base: string;
  readonly platform: FakePlatform;
  readonly streams: FakeStreams;
  readonly groups: OwnGroups;
  readonly pulls: Pulls;
  /** Mutable: a test makes the gateway ill. */
  readonly health: { report: HealthReport };
  /** A token of the administrator. */
  login(): Promise<string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  send(method: string, path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

/** The same for all: it does not depend on options. */
let check: OpenApiCheck | undefined;

/** Asks the gateway; an answer that its OpenAPI document does not have fails the test. */
async function ask(base: string, path: string, init: RequestInit & { method: string }): Promise<Response> {
  if (check === undefined) {
    const document = await fetch(`${base}/api/v1/openapi.json`);
    check = new OpenApiCheck((await document.json()) as OpenApiDocument);
  }
  const response = await fetch(base + path, { ...init, redirect: 'manual' });
  await check.answer(init.method, base + path, response);
  return response;
}

/** The HTTP side on a free port of 127.0.0.1, over fakes; authentication off unless asked for. */
export async function openApi(options: Partial<ApiOptions> = {}, parts: Partial<ApiParts> = {}): Promise<ApiFixture> {
  const platform = new FakePlatform();
  const streams = new FakeStreams();
  const db = openDatabase(':memory:');
  const pulls = createPulls(
    { nodes: [], nodeTimeoutMs: 500, idleTimeoutMs: 1000, silenceMs: 5000, userAgent: 'gbrtc' },
    { streams, store: createPullStore(db), log: silentLogger },
  );
  const limits = { segmentMs: 0, maxAgeMs: 0, maxBytes: 0, minFreeBytes: 0 };
  const recordings = createRecordings(
    { path: join(tmpdir(), 'gbrtc-nothing-is-recorded-here'), execRecordDone: [], ...limits },
    { streams, threads: new FakeRecordThreads(), store: createRecordingStore(db), log: silentLogger },
  );
  const downloads = createDownloads({
    platform,
    streams,
    recordings,
    store: createDownloadStore(db),
    log: silentLogger,
  });
  const groups = createOwnGroups({ store: createGroupStore(db), platform, log: silentLogger });
  const meetings = openMeetings(streams);
  const health = { report: { ok: true, problems: [] } as HealthReport };
  const api = await createApi(
    {
      listen: [{ address: '127.0.0.1', port: 0, purpose: 'main' }],
      auth: { enable: false, tokenTtlMs: 3_600_000, playTokenTtlMs: 600_000 },
      version: '1.2.3',
      demo: false,
      roomPaths: { meeting: '/meeting', call: '/ws' },
      candidates: ['203.0.113.5'],
      sip: {
        serial: platform.serial,
        realm: platform.realm,
        hosts: ['192.168.1.2'],
        port: 5060,
        transports: ['UDP', 'TCP'],
        authRequired: true,
        password: 'sip-secret',
      },
      settings: { http: { listen: 8025 } },
      map: { tileUrl: '', attribution: '' },
      ...options,
    },
    {
      platform,
      snapshots: createSnapshots(platform, new MemorySnapshotStore()),
      streams,
      groups,
      mediaServers: createMediaServerStore(db),
      pulls,
      recordings,
      downloads,
      rooms: meetings,
      calls: openCallFixture().calls,
      iceServers: FAKE_ICE,
      callStatistics: apiCallStatistics(new FakeCallHistory()),
      credentials: {
        verify: async (username, password) => username === ADMIN.username && password === ADMIN.password,
        signingKey: new Uint8Array(32).fill(7),
      },
      health: () => health.report,
      metrics: async () => ({
        workers: [{ id: '4711', cpuSeconds: 1.5, residentBytes: 1024 }],
        refusedConnections: { held_bytes: 11 },
        mediaThreads: [{ id: '0', cpuSeconds: 0.5, ingests: 2 }],
        supervised: [
          { kind: 'worker', deaths: 3, missing: 1 },
          { kind: 'record_thread', deaths: 0, missing: 0 },
        ],
        pms: { connections: 3, sessions: 5 },
      }),
      log: silentLogger,
      ...parts,
    },
  );
  const base = `http://127.0.0.1:${api.addresses[0]?.port}`;
  const get: ApiFixture['get'] = (path, headers = {}) => ask(base, path, { method: 'GET', headers });
  const send: ApiFixture['send'] = (method, path, body, headers = {}) =>
    ask(base, path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    api,
    base,
    platform,
    streams,
    groups,
    pulls,
    health,
    get,
    send,
    async login() {
      const response = await send('POST', '/api/v1/login', ADMIN);
      const { token } = (await response.json()) as { token: string };
      return token;
    },
    async close() {
      await api.close();
      await pulls.close();
      downloads.close();
      await recordings.close();
      meetings.close();
      db.close();
    },
  };
}
