import { EventEmitter } from 'node:events';
import type { z } from 'zod';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../test/support/api-fixture.ts';
import { apiCallStatistics, FakeCallHistory } from '../../test/support/call-records.ts';
import { FakePlatform, fakeChannel, fakeDevice } from '../../test/support/fake-platform.ts';
import { MemorySnapshotStore } from '../../test/support/memory-snapshots.ts';
import { openMeetings } from '../../test/support/meetings-fixture.ts';
import { FAKE_ICE, openCallFixture } from '../../test/support/room-server.ts';
import type { NewPull, PullListEvents } from './types.ts';
import { FakeStreams, fakePlay, fakeStream, fakeViewer } from '../../test/support/fake-streams.ts';
import { OpenApiCheck, type OpenApiDocument } from '../../test/support/openapi-check.ts';
import { openRecordings } from '../../test/support/recordings-fixture.ts';
import { createSnapshots } from '../gb28181/index.ts';
import { Refusals, silentLogger } from '../util/index.ts';
import { createApp } from './app.ts';
import { Gate } from './auth/gate.ts';
import { createOwnGroups } from '../gb28181/index.ts';
import { openDatabase } from '../store/database.ts';
import { createGroupStore } from '../store/groups.ts';
import { Tokens } from './auth/tokens.ts';
import { STATUS_OF_CODE } from './errors.ts';
import { PublicAddress } from './public-address.ts';
import { channelSchema } from './schemas/channel.ts';
import { pageOf } from './schemas/common.ts';
import { catalogResultSchema, deviceSchema, deviceStatusSchema } from './schemas/device.ts';
import { playSchema, playTicketSchema, streamSchema } from './schemas/play.ts';
import { traceEntrySchema } from './schemas/trace.ts';

interface Layer {
  readonly route?: { readonly path: string; readonly stack: Array<{ readonly method?: string }> };
  readonly handle?: { readonly stack?: Layer[] };
}

let api: ApiFixture;
let document: OpenApiDocument;
beforeEach(async () => {
  api = await openApi();
  document = (await (await api.get('/api/v1/openapi.json')).json()) as OpenApiDocument;
});
afterEach(() => api.close());

const operationsOf = ({ paths }: OpenApiDocument) => Object.values(paths).flatMap((each) => Object.values(each));

/** Every `method path` that Express knows, in OpenAPI's form. */
function routesOf(stack: readonly Layer[]): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle?.stack ?? []);
    const path = route.path.replace(/:(\w+)/g, '{$1}').replace(/(?<=.)\/$/, '');
    return route.stack.flatMap(({ method }) => (method === undefined ? [] : [`${method} ${path}`]));
  });
}

describe('the document', () => {
  test('is OpenAPI 3.1, every reference resolves, and every shared schema is used', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    const used = new Set(references.map(([, name]) => name ?? ''));
    expect([...used].toSorted()).toEqual(Object.keys(document.components.schemas).toSorted());
  });

  test('every schema is one of JSON Schema 2020-12', () => {
    const check = new OpenApiCheck(document);
    for (const schema of Object.values(document.components.schemas)) check.schema(schema);
    for (const { parameters = [], requestBody, responses } of operationsOf(document)) {
      for (const { schema } of parameters) check.schema(schema);
      for (const { content = {} } of [requestBody ?? {}, ...Object.values(responses)]) {
        for (const { schema } of Object.values(content)) check.schema(schema);
      }
    }
  });

  test('every pattern is one of JSON Schema: for Unicode, without flags', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '']) => JSON.parse(text) as string,
    );
    expect(patterns).toContain('^\\P{C}{1,128}$');
    for (const pattern of patterns) {
      expect(() => new RegExp(pattern, 'u')).not.toThrow();
      expect(pattern).not.toMatch(/\/[a-z]+$/);
    }
  });

  test('every operation has a name, a summary, a tag, an answer and all its path parameters', () => {
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, operations] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').toSorted();
      for (const [method, operation] of Object.entries(operations)) {
        const given = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
        expect([method, path, given.map(({ name }) => name).toSorted()]).toEqual([method, path, wanted]);
        expect(given.every(({ required }) => required === true)).toBe(true);
        // In a query nothing is null.
        expect(JSON.stringify(operation.parameters ?? [])).not.toContain('"null"');
        expect(operation.operationId).toMatch(/^[a-z]\w+$/);
        expect(operation.summary.length).toBeGreaterThan(3);
        expect(operation.tags).toHaveLength(1);
        const answers = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
        expect([method, path, answers.length > 0]).toEqual([method, path, true]);
        // A success without content is told by its status.
        for (const status of answers) {
          const { content } = operation.responses[status] ?? {};
          const empty = status === '204' || (method === 'delete' && content === undefined);
          expect([method, path, status, content !== undefined]).toEqual([method, path, status, !empty]);
        }
      }
    }
  });

  test('whatever needs a token says 401 and 403, and every error tells the codes of its status', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { security, responses }] of Object.entries(operations)) {
        const refused = ['401', '403'].filter((status) => status in responses);
        if (security.length > 0) expect([method, path, refused]).toEqual([method, path, ['401', '403']]);
      }
    }
    const names = Object.keys(document.components.schemas).filter((name) => /^Problem\d{3}$/.test(name));
    const check = new OpenApiCheck(document);
    for (const name of names) {
      const schema = check.schema({ $ref: `#/components/schemas/${name}` });
      const status = Number(name.slice(-3));
      const told = [...STATUS_OF_CODE].filter(([code]) =>
        status === 500 ? false : schema.safeParse({ error: { code, message: 'm' } }).success,
      );
      const wanted = [...STATUS_OF_CODE].filter(([, each]) => status !== 500 && each === status);
      expect([name, told]).toEqual([name, wanted]);
    }
    // 405, 408 and 431 are answered before any operation is known.
    const documented = new Set(names.map((name) => Number(name.slice(-3))));
    const statuses = new Set(STATUS_OF_CODE.values());
    expect([...statuses].filter((status) => !documented.has(status)).toSorted((one, other) => one - other)).toEqual([
      405, 408, 431,
    ]);
  });

  test('documents each route of the server, and no other', async () => {
    const tokens = new Tokens(new Uint8Array(32));
    const fixture = openRecordings();
    const app = createApp({
      options: {
        listen: [],
        auth: { enable: true, tokenTtlMs: 1, playTokenTtlMs: 1 },
        version: '1.2.3',
        demo: false,
        roomPaths: { meeting: '/meeting', call: '/ws' },
        candidates: [],
        sip: { serial: '', realm: '', hosts: [], port: 1, transports: [], authRequired: false },
        settings: {},
        map: { tileUrl: '', attribution: '' },
      },
      parts: {
        platform: new FakePlatform(),
        snapshots: createSnapshots(new FakePlatform(), new MemorySnapshotStore()),
        groups: createOwnGroups({
          store: createGroupStore(openDatabase(':memory:')),
          platform: new FakePlatform(),
          log: silentLogger,
        }),
        streams: new FakeStreams(),
        mediaServers: {
          list: () => [],
          add: (s) => ({ ...s, id: 2, createdAt: '' }),
          remove: () => false,
          setDefault: () => false,
        },
        pulls: Object.assign(new EventEmitter<PullListEvents>(), {
          list: () => [],
          get: () => undefined,
          add: (pull: NewPull) => pull,
          remove: () => false,
        }),
        recordings: fixture.recordings,
        downloads: {
          counters: { running: 0, ended: {} },
          start: () => Promise.reject(new Error('unused')),
          list: () => [],
          get: () => undefined,
          stop: async () => false,
          resume: () => Promise.reject(new Error('unused')),
        },
        rooms: openMeetings(new FakeStreams()),
        calls: openCallFixture().calls,
        iceServers: FAKE_ICE,
        callStatistics: apiCallStatistics(new FakeCallHistory()),
        credentials: { verify: async () => false, signingKey: new Uint8Array(32) },
        health: () => ({ ok: true, problems: [] }),
        metrics: async () => ({ workers: [], mediaThreads: [] }),
        log: silentLogger,
      },
      tokens,
      gate: new Gate(true, tokens),
      publicAddress: new PublicAddress([]),
      refused: new Refusals({ too_many_connections: 0, too_many_of_source: 0 }),
    });
    const { stack } = (app.express as unknown as { router: { stack: Layer[] } }).router;
    const served = new Set(routesOf(stack));
    app.close();
    await fixture.close();
    // The console's root is no interface.
    served.delete('get /');
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path.replace(/(?<=.)\/$/, '')}`),
    );
    expect([...served].toSorted()).toEqual(documented.toSorted());
    expect(served.size).toBeGreaterThan(50);
  });
});

describe('what the server sends is what the document says', () => {
  const DEVICE = '/api/v1/devices/34020000001320000001';
  const cases: Array<[string, string, z.ZodType, unknown?]> = [
    ['GET', '/api/v1/devices', pageOf(deviceSchema, 'DevicePage')],
    ['GET', DEVICE, deviceSchema],
    ['PATCH', DEVICE, deviceSchema, { name: 'x' }],
    ['GET', `${DEVICE}/status`, deviceStatusSchema],
    ['POST', `${DEVICE}/refresh-catalog`, catalogResultSchema],
    ['GET', `${DEVICE}/channels`, pageOf(channelSchema, 'ChannelPage')],
    ['GET', `${DEVICE}/channels/34020000001310000001`, channelSchema],
    ['GET', '/api/v1/plays/p1', playSchema],
    [
      'POST',
      '/api/v1/plays',
      playTicketSchema,
      { deviceId: '34020000001320000001', channelId: '34020000001310000001', subStream: 0 },
    ],
  ];

  test.each(cases)('%s %s', async (method, path, schema, body) => {
    api.platform.addDevice(
      fakeDevice({ offlineReason: 'expired', learnedTransport: 'udp', settings: { password: 'p', dateHeader: false } }),
      [fakeChannel()],
    );
    api.streams.addStream(fakeStream({ viewers: [fakeViewer({ firstFrameMs: 5 })] }));
    api.streams.addPlay(fakePlay({ endedAt: 1, failure: { code: 'no_rtp', message: 'm', sipStatus: 200 } }));
    const response = await api.send(method, path, body);
    const json: unknown = await response.json();
    // Parsing drops what the schema does not name, so equality shows both missing and unknown members.
    expect(schema.parse(json)).toEqual(json);
  });

  test('streams and traces', () => {
    const stream = fakeStream({ viewers: [fakeViewer()] });
    expect(streamSchema.parse(stream)).toEqual(stream);
    const entry = {
      at: 1,
      direction: 'in',
      protocol: 'udp',
      local: 'l',
      remote: 'r',
      deviceId: 'd',
      callId: 'c',
      summary: 's',
      text: 't',
    };
    expect(traceEntrySchema.parse(entry)).toEqual(entry);
  });
});
