import { Agent, request } from 'node:http';
import { readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { FakeError } from '../../../test/support/fake-platform.ts';
import { CAMERA, openRecordings, type RecordingsFixture } from '../../../test/support/recordings-fixture.ts';
import { recordingSchema } from '../schemas/recording.ts';
import type { ApiOptions } from '../types.ts';

/** Waits without a sleep, longer than a busy machine needs. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

let fixture: RecordingsFixture;
let api: ApiFixture;

async function open(options: Partial<ApiOptions> = {}): Promise<void> {
  fixture = openRecordings();
  api = await openApi(options, { recordings: fixture.recordings, streams: fixture.streams });
}
beforeEach(() => open());
afterEach(async () => {
  await api.close();
  await fixture.close();
});

interface Item {
  readonly id: string;
  readonly state: string;
  readonly files: readonly { readonly fileName: string; readonly index: number }[];
}

const begin = async (more: object = {}): Promise<Item> => {
  const response = await api.send('POST', '/api/v1/recordings', { stream: CAMERA, ...more });
  expect(response.status).toBe(201);
  return (await response.json()) as Item;
};
const json = async (response: Promise<Response>): Promise<unknown> => {
  const { status, ...rest } = await response.then(async (r) => ({ status: r.status, body: await r.text() }));
  return [status, rest.body === '' ? '' : (JSON.parse(rest.body) as unknown)];
};

describe('start, look, stop, delete', () => {
  test('one recording through its life, each answer as the schema says', async () => {
    const begun = await begin({ fileName: '门 1.webm', segmentMinutes: 5 });
    expect(recordingSchema.strict().parse(begun)).toEqual(begun);
    expect(begun).toMatchObject({
      stream: CAMERA,
      state: 'recording',
      container: 'mp4',
      requestedBy: 'api',
      files: [{ index: 0, fileName: '门 1.mp4', state: 'writing' }],
    });
    const path = `/api/v1/recordings/${begun.id}`;
    expect(await json(api.get(path))).toEqual([200, begun]);
    expect(await json(api.send('DELETE', path, undefined))).toMatchObject([
      409,
      { error: { code: 'recording_running' } },
    ]);
    fixture.threads.last.write('12345');
    const [status, stopped] = (await json(api.send('POST', `${path}/stop`, undefined))) as [number, Item];
    expect(status).toBe(200);
    expect(stopped).toMatchObject({ state: 'finished', reason: 'stopped', bytes: 5, endedAt: expect.any(Number) });
    expect(recordingSchema.strict().parse(stopped)).toEqual(stopped);
    expect(await json(api.send('POST', `${path}/stop`, undefined))).toEqual([200, stopped]);
    expect(await json(api.send('DELETE', path, undefined))).toEqual([204, '']);
    expect(readdirSync(fixture.path)).toEqual([]);
    for (const [method, rest] of [
      ['GET', ''],
      ['POST', '/stop'],
      ['DELETE', ''],
      ['GET', '/files/0'],
    ] as const) {
      const answer = await json(api.send(method, path + rest, undefined));
      expect(answer).toMatchObject([404, { error: { code: 'recording_unknown' } }]);
    }
  });

  test.each([
    [{ stream: CAMERA, fileName: '../../etc/cron.d/x' }, 400, 'file_name_invalid'],
    [{ stream: CAMERA, fileName: 'a\0b' }, 400, 'file_name_invalid'],
    [{ stream: CAMERA, fileName: '' }, 400, 'invalid_request'],
    [{ stream: CAMERA, segmentMinutes: 0.5 }, 400, 'invalid_request'],
    [{ stream: CAMERA, segmentMinutes: 1441 }, 400, 'invalid_request'],
    [{ stream: CAMERA, directory: '/etc' }, 400, 'invalid_request'],
    [{ stream: '' }, 400, 'invalid_request'],
    [{}, 400, 'invalid_request'],
    [{ stream: 'nobody' }, 404, 'stream_unknown'],
  ])('refuses %j', async (body, status, code) => {
    expect(await json(api.send('POST', '/api/v1/recordings', body))).toMatchObject([status, { error: { code } }]);
    expect(fixture.threads.writers).toEqual([]);
  });

  test.each([
    ['device_offline', 409],
    ['codec_unsupported', 422],
    ['recording_limit', 503],
    ['disk_space_low', 507],
  ])('%s is %i', async (code, status) => {
    fixture.streams.failure = new FakeError(code, 'why');
    expect(await json(api.send('POST', '/api/v1/recordings', { stream: CAMERA }))).toEqual([
      status,
      { error: { code, message: 'why' } },
    ]);
  });
});

describe('list', () => {
  test.each([
    ['', 3],
    ['?stream=desk', 1],
    [`?stream=${encodeURIComponent(CAMERA)}`, 2],
    ['?state=recording', 2],
    ['?state=finished', 1],
    ['?q=second', 1],
    ['?q=%25', 0],
    ['?from=0', 3],
    ['?to=0', 0],
    ['?limit=1&page=2', 3],
  ])('%s', async (query, total) => {
    const first = await begin({ fileName: 'first' });
    await begin({ fileName: 'second' });
    await begin({ fileName: 'third', stream: 'desk' });
    await api.send('POST', `/api/v1/recordings/${first.id}/stop`, undefined);
    const [status, page] = (await json(api.get(`/api/v1/recordings${query}`))) as [number, { items: Item[] }];
    expect([status, page]).toMatchObject([200, { total }]);
    for (const item of page.items) expect(recordingSchema.strict().parse(item)).toEqual(item);
    if (query.includes('limit')) expect(page.items).toHaveLength(1);
  });

  test.each(['?limit=501', '?state=old', '?from=yesterday', '?page=0', `?q=${'x'.repeat(129)}`])(
    'bad query %s',
    async (query) => {
      expect(await json(api.get(`/api/v1/recordings${query}`))).toMatchObject([
        400,
        { error: { code: 'invalid_request' } },
      ]);
    },
  );
});

describe('download', () => {
  const CONTENT = '0123456789';
  let path: string;
  let etag: string;
  beforeEach(async () => {
    const { id } = await begin({ fileName: `a "b" 门.mp4` });
    fixture.threads.last.write(CONTENT);
    await fixture.recordings.stop(id);
    path = `/api/v1/recordings/${id}/files/0`;
    etag = (await api.get(path)).headers.get('etag') ?? '';
  });

  const fetchFile = async (headers: Readonly<Record<string, string>>) => {
    const response = await api.get(path, headers);
    return [response.status, await response.text(), response.headers.get('content-range')];
  };

  test('the whole file', async () => {
    const response = await api.get(path);
    expect(await response.text()).toBe(CONTENT);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[\w-]+-0-10-\d+"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    });
    expect(response.headers.has('content-disposition')).toBe(false);
  });

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=9-100', 206, '9', 'bytes 9-9/10'],
    ['bytes=-100', 206, CONTENT, 'bytes 0-9/10'],
    ['bytes=0-1,3-4', 200, CONTENT, null],
    ['lines=1-2', 200, CONTENT, null],
    ['bytes=3-1', 200, CONTENT, null],
  ])('Range: %s', async (range, status, text, contentRange) => {
    expect(await fetchFile({ Range: range })).toEqual([status, text, contentRange]);
  });

  test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('Range: %s is not there', async (range) => {
    const response = await api.get(path, { Range: range });
    expect(response.headers.get('content-range')).toBe('bytes */10');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect([response.status, await response.json()]).toMatchObject([416, { error: { code: 'range_unsatisfiable' } }]);
  });

  test('If-Range lets a range through only for the same file', async () => {
    expect(await fetchFile({ Range: 'bytes=0-3', 'If-Range': etag })).toEqual([206, '0123', 'bytes 0-3/10']);
    expect(await fetchFile({ Range: 'bytes=0-3', 'If-Range': '"other"' })).toEqual([200, CONTENT, null]);
    const date = 'Wed, 21 Oct 2015 07:28:00 GMT';
    expect(await fetchFile({ Range: 'bytes=0-3', 'If-Range': date })).toEqual([200, CONTENT, null]);
  });

  test('If-None-Match', async () => {
    expect(await fetchFile({ 'If-None-Match': etag })).toEqual([304, '', null]);
    expect((await fetchFile({ 'If-None-Match': '"other"' }))[0]).toBe(200);
  });

  test('HEAD', async () => {
    const whole = await api.send('HEAD', path, undefined);
    expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '10', '']);
    const part = await api.send('HEAD', path, undefined, { Range: 'bytes=-3' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 7-9/10', '']);
  });

  test('?download=1 names the file, whatever letters it has', async () => {
    const { headers } = await api.get(`${path}?download=1`);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="a \\"b\\" ?.mp4"; filename*=UTF-8''a%20%22b%22%20%E9%97%A8.mp4`,
    );
  });

  test('a file that is gone, or another index', async () => {
    unlinkSync(join(fixture.path, `a "b" 门.mp4`));
    for (const each of [path, path.replace(/0$/, '1')]) {
      expect(await json(api.get(each))).toMatchObject([404, { error: { code: 'recording_unknown' } }]);
    }
  });

  test.each(['-1', '1.5', 'x', '0%2F..%2F..', '..%2F..%2Fetc%2Fpasswd', '99999999999999'])(
    'index %s is none',
    async (index) => {
      expect((await api.get(path.replace(/0$/, index))).status).toBe(400);
    },
  );

  test('a link in its place is not followed', async () => {
    const file = join(fixture.path, `a "b" 门.mp4`);
    unlinkSync(file);
    symlinkSync('/etc/passwd', file);
    expect((await api.get(path)).status).toBe(404);
  });

  test('a growing file: what is complete, and the rest later under the same tag', async () => {
    const { id } = await begin({ fileName: 'live', stream: 'desk' });
    const live = `/api/v1/recordings/${id}/files/0`;
    const empty = await api.get(live);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    fixture.threads.last.write('abcdef', { complete: 4 });
    const first = await api.get(live, { Range: 'bytes=0-' });
    expect([first.status, await first.text(), first.headers.get('content-range')]).toEqual([
      206,
      'abcd',
      'bytes 0-3/4',
    ]);
    fixture.threads.last.write('gh', { complete: 4 });
    const more = await api.get(live, { Range: 'bytes=4-', 'If-Range': first.headers.get('etag') ?? '' });
    expect([more.status, await more.text()]).toEqual([206, 'efgh']);
    const whole = await api.get(live, { 'If-None-Match': first.headers.get('etag') ?? '' });
    expect([whole.status, await whole.text()]).toEqual([200, 'abcdefgh']);
  });

  test('a client that leaves in the middle leaves nothing open', async () => {
    const { id } = await begin({ fileName: 'large' });
    writeFileSync(join(fixture.path, 'large.mp4'), Buffer.alloc(20_000_000));
    await fixture.recordings.stop(id);
    const before = readdirSync('/proc/self/fd').length;
    const agent = new Agent();
    for (let i = 0; i < 5; i += 1) {
      await new Promise<void>((resolve, reject) => {
        const asked = request(`${api.base}/api/v1/recordings/${id}/files/0`, { agent }, (response) => {
          response.once('data', () => {
            asked.destroy();
            resolve();
          });
        });
        asked.once('error', reject);
        asked.end();
      });
    }
    agent.destroy();
    await eventually(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});

describe('rights', () => {
  test('the administrator does everything; a play token of the stream sees its files, and no other token', async () => {
    await api.close();
    await fixture.close();
    await open({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    const admin = { Authorization: `Bearer ${await api.login()}` };
    const tokenFor = async (scope: string, stream: string): Promise<string> => {
      const response = await api.send('POST', '/api/v1/tokens', { scope, stream }, admin);
      return ((await response.json()) as { token: string }).token;
    };
    const begun = await api.send('POST', '/api/v1/recordings', { stream: 'desk' }, admin);
    const { id } = (await begun.json()) as Item;
    const tokens = [
      '',
      await tokenFor('play', 'desk'),
      await tokenFor('play', 'other'),
      await tokenFor('publish', 'desk'),
    ];
    const path = `/api/v1/recordings/${id}`;
    const rows = [
      ['GET', '/api/v1/recordings', [401, 403, 403, 403]],
      ['POST', '/api/v1/recordings', [401, 403, 403, 403]],
      ['GET', path, [401, 403, 403, 403]],
      ['POST', `${path}/stop`, [401, 403, 403, 403]],
      ['DELETE', path, [401, 403, 403, 403]],
      ['GET', `${path}/files/0`, [401, 200, 403, 403]],
      ['GET', '/api/v1/recordings/none/files/0', [401, 403, 403, 403]],
    ] as const;
    for (const [method, route, expected] of rows) {
      const statuses: number[] = [];
      for (const token of tokens) {
        const query = token === '' ? '' : `?token=${token}`;
        const response = await api.send(method, route + query, method === 'GET' ? undefined : { stream: 'desk' });
        await response.text();
        statuses.push(response.status);
      }
      expect([method, route, statuses]).toEqual([method, route, expected]);
    }
    expect((await api.get(`${path}/files/0`, admin)).status).toBe(200);
  });
});

test('events tell what happens', async () => {
  const response = await api.get('/api/v1/events');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  const until = async (part: string): Promise<void> => {
    while (!text.includes(part)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the events have ended before ${part}`);
      text += Buffer.from(value).toString();
    }
  };
  await until('event: hello');
  const { id } = await begin();
  await until(`event: recording\ndata: {"id":"${id}"`);
  await fixture.recordings.stop(id);
  await until('"state":"finished","reason":"stopped"');
  await fixture.recordings.delete(id);
  await until(`event: recording.removed\ndata: {"id":"${id}"}`);
  await reader.cancel();
});

test('metrics count what is written', async () => {
  const { id } = await begin();
  fixture.threads.last.write('12345', { lost: 3 });
  const metrics = async (): Promise<string> => (await api.get('/metrics')).text();
  expect(await metrics()).toMatch(/^gbrtc_recordings 1$/m);
  await fixture.recordings.stop(id);
  const text = await metrics();
  for (const line of [
    'gbrtc_recordings 0',
    'gbrtc_recording_bytes_total 5',
    'gbrtc_recording_packets_total 10',
    'gbrtc_recording_lost_total 3',
    'gbrtc_recordings_failed_total 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});
