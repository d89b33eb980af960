import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANNEL_PATH, type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  api.platform.addDevice(fakeDevice(), [fakeChannel()]);
});
afterEach(() => api.close());

interface Session {
  readonly id: string;
  readonly state: string;
  readonly snapshots: ReadonlyArray<{ readonly id: string }>;
}

/** The upload address that the device was told. */
async function order(count = 1): Promise<{ url: string; session: () => Promise<Session> }> {
  const headers = { Authorization: `Bearer ${await api.login()}` };
  const path = `${CHANNEL_PATH}/snapshots`;
  const { id } = (await (await api.send('POST', path, { count }, headers)).json()) as Session;
  const [, , values] = api.platform.calls.findLast(([name]) => name === 'writeConfig') as [
    string,
    string,
    { SnapShotConfig: { uploadUrl: string } },
  ];
  const session = async () => (await (await api.get(`/api/v1/snapshot-sessions/${id}`, headers)).json()) as Session;
  return { url: values.SnapShotConfig.uploadUrl, session };
}

function put(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  type = 'image/jpeg',
  method: 'PUT' | 'POST' = 'PUT',
): Promise<Response> {
  return fetch(url, { method, body, headers: { 'Content-Type': type } });
}

function form(file: Buffer, boundary = 'b'): string {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  return `${head}${file.toString('latin1')}\r\n--${boundary}--\r\n`;
}

describe('uploads of snapshots', () => {
  test.each<[name: string, method: 'PUT' | 'POST', type: string, body: Buffer]>([
    ['PUT as it is', 'PUT', 'image/jpeg', JPEG],
    ['quirk: POST with no telling type', 'POST', 'application/octet-stream', JPEG],
    [
      'quirk: multipart instead of the picture as it is',
      'POST',
      'multipart/form-data; boundary=b',
      Buffer.from(form(JPEG), 'latin1'),
    ],
    ['multipart, boundary in quotes', 'POST', 'multipart/form-data; boundary="b"', Buffer.from(form(JPEG), 'latin1')],
    ['quirk: multipart without its boundary', 'POST', 'multipart/form-data', Buffer.from(form(JPEG), 'latin1')],
  ])('%s', async (_name, method, type, body) => {
    const { url, session } = await order();
    expect(new URL(url).search).toBe('');
    expect((await put(url, new Uint8Array(body), type, method)).status).toBe(200);
    const { state, snapshots } = await session();
    expect([state, snapshots.length]).toEqual(['complete', 1]);
    const headers = { Authorization: `Bearer ${await api.login()}` };
    const picture = await api.get(`/api/v1/snapshots/${snapshots[0]?.id}/picture`, headers);
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(JPEG);
  });

  test('quirk: a file name behind the address', async () => {
    const { url } = await order();
    expect((await put(`${url}/3402.jpg`, new Uint8Array(JPEG))).status).toBe(200);
  });

  test('no more than were ordered; the address ends with its session', async () => {
    const { url, session } = await order(2);
    const answers = [];
    for (let upload = 0; upload < 3; upload += 1) answers.push((await put(url, new Uint8Array(JPEG))).status);
    expect([answers, (await session()).snapshots.length]).toEqual([[200, 200, 409], 2]);
  });

  test.each([
    ['a text', Buffer.from('hello'), 'image/jpeg', 422],
    ['nothing', Buffer.alloc(0), 'image/jpeg', 422],
    ['a form without a picture', Buffer.from(form(Buffer.from('GIF89a'))), 'multipart/form-data; boundary=b', 422],
    ['a form that is none', JPEG, 'multipart/form-data; boundary=b', 422],
    ['more than 32 MiB', Buffer.alloc(33 * 1024 * 1024, JPEG), 'image/jpeg', 413],
  ])('bad input: %s', async (_name, body, type, status) => {
    const { url, session } = await order();
    expect((await put(url, new Uint8Array(body), type)).status).toBe(status);
    expect((await session()).snapshots).toEqual([]);
  });

  test('bad input: a wrong secret and a wrong session are not let in', async () => {
    const { url } = await order();
    const wrong = [
      url.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      url.slice(0, -1),
      url.replace(/[0-9a-f]{32}/, '0'.repeat(32)),
      url.replace(/[0-9a-f]{32}/, '..%2f..'),
    ];
    for (const each of wrong) expect((await put(each, new Uint8Array(JPEG))).status).toBe(404);
  });

  test('bad input: a wrong secret is refused before its body is read', async () => {
    const { url } = await order();
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n`;
    const { port, pathname } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(head(`${pathname.slice(0, -32)}${'0'.repeat(32)}`));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('bad input: uploads of one session at once have no more bytes than one may have', async () => {
    const { url } = await order(10);
    const { port, pathname } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    // It never sends the rest.
    const length = 'Content-Length: 33554432';
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n${length}\r\n\r\n`,
    );
    // The server has begun to read it.
    await once(socket, 'data');
    expect((await put(url, new Uint8Array(JPEG))).status).toBe(409);
    // Another order is not concerned.
    expect((await put((await order()).url, new Uint8Array(JPEG))).status).toBe(200);
    socket.destroy();
    await expect.poll(async () => (await put(url, new Uint8Array(JPEG))).status).toBe(200);
  });

  test('pictures need the administrator', async () => {
    expect((await api.get('/api/v1/snapshots')).status).toBe(401);
    expect((await api.get(`/api/v1/snapshots/${'0'.repeat(32)}-1/picture`)).status).toBe(401);
  });
});
