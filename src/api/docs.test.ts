import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../test/support/api-fixture.ts';
import { documentedShapes, shapeOfSchema } from '../../test/support/documented-shapes.ts';
import { OpenApiCheck, type OpenApiDocument } from '../../test/support/openapi-check.ts';
import { STATUS_OF_CODE } from './errors.ts';
import type { ApiRoomActors } from './room-actors.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const read = (name: string): string => readFileSync(join(DOCS, name), 'utf8');
const REST = read('protocols/rest.md');
const OPERATIONS = read('operations.md');

const unused = (): never => {
  throw new Error('unused');
};
const ROOM_ACTORS: ApiRoomActors = {
  placeCamera: unused,
  cameras: () => [],
  removeCamera: unused,
  startRecorder: unused,
  startRelayer: unused,
  taker: unused,
  stopTaker: unused,
};

let api: ApiFixture;
let document: OpenApiDocument;
beforeAll(async () => {
  api = await openApi({}, { roomActors: ROOM_ACTORS });
  document = (await (await api.get('/api/v1/openapi.json')).json()) as OpenApiDocument;
});
afterAll(() => api.close());

/** Texts in backticks of one cell. */
const spans = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
const cellsOf = (line: string): string[] => line.split(/(?<!\\)\|/).slice(1, -1);
/** Rows of the tables of a page, without heads. */
const rowsOf = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => /^\| .*`/.test(line))
    .map(cellsOf);
const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].toSorted();

/** What stands for a device and a channel in the tables of rest.md. */
const SHORT: Readonly<Record<string, string>> = { D: '/devices/{}', C: '/devices/{}/channels/{}' };

/** `GET …` of a cell such as "`GET`, `POST C/a?b`, `…/c`", parameters as `{}`. */
function routesOfCell(cell: string): string[] {
  const routes: string[] = [];
  const waiting: string[] = [];
  let [method, path] = ['', ''];
  for (const span of spans(cell)) {
    const [, named, rest = ''] = /^(GET|POST|PATCH|DELETE)?\s*(.*)$/.exec(span) ?? [];
    if (named !== undefined) method = named;
    if (method === '') continue;
    if (rest === '') {
      waiting.push(method);
      continue;
    }
    const whole = rest.startsWith('…/') ? path.replace(/\/[^/]*$/, rest.slice(1)) : rest;
    path = whole
      .replace(/\?.*$/, '')
      .replaceAll(/\{[^}]*\}/g, '{}')
      .replace(/^[CD](?=\/)/, (letter) => SHORT[letter] ?? letter);
    routes.push(...[...waiting.splice(0), method].map((each) => `${each} ${path}`));
  }
  return routes;
}

describe('docs/protocols/rest.md', () => {
  /** Of the interfaces that other pages tell of. */
  const ELSEWHERE = new Set(['srs', 'srs-sip', 'whep', 'whip']);

  test('has every route of the OpenAPI document, and no other', () => {
    const own = new Set<string>();
    const others = new Set<string>();
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { tags }] of Object.entries(operations)) {
        const short = path
          .replace(/^\/api\/v1/, '')
          .replaceAll(/\{\w+\}/g, '{}')
          .replace(/\/config\/\w+$/, '/config/{}');
        const to = tags.some((tag) => ELSEWHERE.has(tag)) ? others : own;
        to.add(`${method.toUpperCase()} ${short}`);
      }
    }
    const told = rowsOf(REST).flatMap(([cell = '']) => routesOfCell(cell));
    expect(told.length).toBeGreaterThan(120);
    // In words: where devices bring their pictures to, and what is no part of /api/v1.
    const inTables = [...own].filter((route) => !/ \/(?:snapshot-uploads|healthz|metrics)(?:\/|$)/.test(route));
    expect(sorted(inTables).filter((route) => !told.includes(route))).toEqual([]);
    expect(sorted(told).filter((route) => !own.has(route) && !others.has(route))).toEqual([]);
  });

  test('names no type that OpenAPI does not have', () => {
    const answers = rowsOf(REST)
      .filter(([cell = '']) => routesOfCell(cell).length > 0)
      .flatMap((cells) => spans(cells.at(-1) ?? '').flatMap((span) => span.match(/\b[A-Z][a-z]\w+(?![\w:/-])/g) ?? []));
    expect(answers).toContain('RoomTaker');
    const known = new Set(['Page', ...Object.keys(document.components.schemas)]);
    expect(sorted(answers).filter((name) => !known.has(name))).toEqual([]);
  });

  test('has its shapes as OpenAPI has them', () => {
    const shapes = documentedShapes(REST);
    const { schemas } = document.components;
    const names = Object.keys(shapes).filter((name) => name in schemas);
    expect(names.length).toBeGreaterThan(10);
    const shown = (name: string): unknown => shapeOfSchema(schemas[name] ?? {}, schemas, [name]);
    for (const name of names) expect({ [name]: shapes[name] }).toEqual({ [name]: shown(name) });
    const { direction } = (schemas['PtzMove'] as { properties: Record<string, object> }).properties;
    expect(shapes['PtzDirection']).toEqual(shapeOfSchema(direction ?? {}, schemas));
  });

  test('tells the status of each code that it names', () => {
    const rows = REST.split('\n').filter((line) => /^\| \d{3} /.test(line));
    expect(rows.length).toBeGreaterThan(10);
    const told = rows.map(cellsOf).flatMap(([status = '', codes = '']) =>
      spans(codes)
        .filter((span) => /^[a-z_]+$/.test(span))
        .map((code) => [code, Number(status)]),
    );
    expect(told).toEqual(told.map(([code = '']) => [code, STATUS_OF_CODE.get(String(code))]));
  });

  test('has every event that is sent, and no other', () => {
    const folder = join(import.meta.dirname, 'events');
    const sources = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'));
    const sent = sources.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/(?:send|write)\('([a-z.]+)'/g)].map(([, event]) => event),
    );
    const table = REST.slice(REST.indexOf('## Events'));
    const told = rowsOf(table).flatMap(([cell = '']) => spans(cell));
    expect(sorted(told)).toEqual(sorted(sent.filter((event) => event !== undefined)));
  });
});

describe('examples in JSON', () => {
  const examplesOf = (page: string): unknown[] =>
    [...page.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
      const texts = block.startsWith('{\n') ? [block] : block.trim().split('\n');
      return texts.map((text): unknown => JSON.parse(text));
    });
  /** Of messages over WebSocket. */
  const isMessage = (example: unknown): boolean => typeof example === 'object' && example !== null && 'cseq' in example;

  /** What each example of a page is, in its order: a shared schema, a request, or an answer. */
  const PAGES: ReadonlyArray<readonly [page: string, kinds: readonly string[]]> = [
    ['rest.md', ['Problem504', 'Recording']],
    [
      'webrtc-http.md',
      ['post /rtc/v1/play/', 'SrsPlayReply', 'SrsPlayReply', 'Problem502', 'SrsPublishReply', 'SrsPublishReply'],
    ],
    [
      'srs-sip.md',
      [
        'get /srs-sip/v1/devices 200',
        'get /srs-sip/v1/devices/{id}/channels 200',
        'post /srs-sip/v1/invite 200',
        'post /srs-sip/v1/query-record 200',
        'get /srs-sip/v1/media-servers 200',
        'SrsSipFailure',
      ],
    ],
    ['meeting.md', ['TokenRequest', 'MediaNodeHeartbeat']],
  ];

  function schemaOf(kind: string): object | undefined {
    const [method = '', path, status] = kind.split(' ');
    if (path === undefined) return { $ref: `#/components/schemas/${kind}` };
    const operation = document.paths[path]?.[method];
    const described = status === undefined ? operation?.requestBody : operation?.responses[status];
    return described?.content?.['application/json']?.schema;
  }

  test.each(PAGES)('of docs/protocols/%s fit the schemas', (page, kinds) => {
    const examples = examplesOf(read(`protocols/${page}`)).filter((example) => !isMessage(example));
    expect(examples).toHaveLength(kinds.length);
    const check = new OpenApiCheck(document);
    for (const [index, kind] of kinds.entries()) {
      const schema = schemaOf(kind);
      if (schema === undefined) throw new Error(`${kind} is not in the document`);
      const { error } = check.schema(schema).safeParse(examples[index]);
      expect([kind, error?.issues ?? []]).toEqual([kind, []]);
    }
  });
});

test('the OpenAPI document has every word of the queries of players and publishers', () => {
  const wordsOf = (method: string, path: string): string[] => {
    const { parameters = [] } = document.paths[path]?.[method] ?? {};
    return parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  };
  const address = ['candidate', 'eip'];
  expect(wordsOf('post', '/rtc/v1/play/').toSorted()).toEqual([...address, 'reports']);
  expect(wordsOf('post', '/rtc/v1/publish/').toSorted()).toEqual([...address, 'max_bitrate']);
  expect(wordsOf('post', '/rtc/v1/whip/').toSorted()).toEqual(['app', ...address, 'max_bitrate', 'stream']);
  for (const path of ['/rtc/v1/whep/', '/rtc/v1/whip-play/']) {
    expect(wordsOf('post', path).toSorted()).toEqual(['app', ...address, 'reports', 'stream']);
  }
});

test('docs/operations.md has every metric, and all documents have no other', async () => {
  const text = await (await api.get('/metrics')).text();
  const metrics = new Set([...text.matchAll(/^# HELP (gbrtc_\w+) /gm)].map(([, name = '']) => name));
  expect(metrics.size).toBeGreaterThan(40);
  const named = (page: string): string[] => page.match(/\bgbrtc_[a-z]\w+/g) ?? [];
  const table = OPERATIONS.slice(OPERATIONS.indexOf('| metric '));
  expect(sorted(named(table))).toEqual(sorted(metrics));
  const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const elsewhere = pages.flatMap((name) => named(read(name)));
  // The cookie, and all those of the meetings.
  const others = new Set(['gbrtc_token', 'gbrtc_meeting_']);
  expect(sorted(elsewhere).filter((name) => !metrics.has(name) && !others.has(name))).toEqual([]);
});
