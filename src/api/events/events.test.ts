import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { fakeDevice } from '../../../test/support/fake-platform.ts';
import { fakePlay, fakeStream } from '../../../test/support/fake-streams.ts';

interface Event {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads an event stream, one event or comment after the other. */
class EventReader {
  readonly #response: IncomingMessage;
  readonly #iterator: AsyncIterator<Buffer>;
  #text = '';

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#iterator = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async open(url: string): Promise<EventReader> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: false }, resolve).on('error', reject);
    });
    return new EventReader(response);
  }

  get response(): IncomingMessage {
    return this.#response;
  }

  /** The next block, or undefined at the end. */
  async block(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const chunk = await this.#iterator.next();
      if (chunk.done === true) return undefined;
      this.#text += chunk.value.toString('utf8');
    }
  }

  async next(): Promise<Event> {
    for (;;) {
      const block = await this.block();
      if (block === undefined) throw new Error('the stream has ended');
      const match = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block);
      if (match !== null) {
        return { id: Number(match[1]), event: match[2] ?? '', data: JSON.parse(match[3] ?? '') as Event['data'] };
      }
    }
  }

  close(): void {
    this.#response.destroy();
  }
}

let api: ApiFixture;
const readers: EventReader[] = [];
const open = async (fixture = api, query = ''): Promise<EventReader> => {
  const reader = await EventReader.open(`${fixture.base}/api/v1/events${query}`);
  readers.push(reader);
  return reader;
};

beforeEach(async () => {
  api = await openApi({ eventListeners: 2 });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  vi.useRealTimers();
  await api.close();
});

describe('GET /api/v1/events', () => {
  test('headers, hello, then every event once and in order', async () => {
    const reader = await open();
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect(await reader.next()).toMatchObject({ id: 1, event: 'hello', data: { version: '1.2.3' } });
    const { platform, streams } = api;
    const device = fakeDevice({ settings: { password: 'secret' } });
    platform.addDevice(device);
    platform.emit('deviceOnline', device);
    platform.emit('deviceOffline', device);
    platform.emit('deviceChanged', device);
    platform.emit('deviceRemoved', device.id);
    platform.emit('catalogChanged', device.id, { sumNum: 4, received: 4, complete: true });
    streams.emit('play', fakePlay());
    streams.emit('opened', fakeStream());
    streams.emit('viewers', fakeStream());
    streams.emit('changed', fakeStream());
    streams.emit('closed', fakeStream());
    api.pulls.add({ name: 'gate', url: 'rtsp://a:secret@192.0.2.1/', transport: 'auto', onDemand: true });
    api.pulls.remove('gate');
    const shown = { id: device.id, protocol: 'UDP', settings: { passwordSet: true } };
    const { alarms, positions } = platform.reports;
    const alarm = alarms.raise();
    alarms.acknowledge(alarm.id, 'anna');
    alarms.raise();
    alarms.acknowledgeAll({}, 'anna');
    positions.move({ deviceId: device.id, channelId: 'c', at: 1, receivedAt: 2, longitude: 3, latitude: 4 });
    platform.emit('ptzPosition', { deviceId: device.id, channelId: 'c', pan: 1 });
    platform.emit('videoUpload', { deviceId: device.id, channelId: 'c' });
    platform.emit('subscriptionsChanged', device.id);
    const expected = [
      ['device.online', shown],
      ['device.offline', shown],
      ['device.changed', shown],
      ['device.removed', { deviceId: device.id }],
      ['catalog.changed', { deviceId: device.id, sumNum: 4, received: 4, complete: true }],
      ['play', fakePlay()],
      ['stream.opened', { name: fakeStream().name }],
      ['stream.viewers', { name: fakeStream().name }],
      ['stream.changed', { name: fakeStream().name }],
      ['stream.closed', { name: fakeStream().name }],
      ['pull.changed', { name: 'live/gate', state: 'idle', hasPassword: true }],
      ['pull.removed', { name: 'live/gate' }],
      ['alarm', { id: 1, description: 'motion' }],
      ['alarm.changed', { id: 1, acknowledgedBy: 'anna' }],
      ['alarm', { id: 2 }],
      ['alarm.acknowledged', { ids: [2] }],
      ['positions', { items: [{ longitude: 3 }] }],
      ['ptz.position', { channelId: 'c', pan: 1 }],
      ['video.upload', { channelId: 'c' }],
      ['subscriptions.changed', { deviceId: device.id }],
    ] as const;
    for (const [index, [event, data]] of expected.entries()) {
      const got = await reader.next();
      expect(got).toMatchObject({ id: index + 2, event, data });
      expect(JSON.stringify(got)).not.toContain('secret');
    }
  });

  test('two of two listeners are open: the third gets 429, until one leaves', async () => {
    const first = await open();
    await open();
    const third = await api.get('/api/v1/events');
    expect([third.status, third.headers.get('retry-after'), await third.json()]).toMatchObject([
      429,
      '5',
      { error: { code: 'too_many_listeners', message: '2 of 2 event streams are open' } },
    ]);
    first.close();
    await expect
      .poll(async () => {
        const again = await open();
        return again.response.statusCode;
      })
      .toBe(200);
  });

  test('heartbeat comments', async () => {
    const quick = await openApi({ eventHeartbeatMs: 10 });
    const reader = await open(quick);
    expect((await reader.next()).event).toBe('hello');
    expect(await reader.block()).toBe(': ');
    await quick.close();
    while ((await reader.block()) !== undefined);
  });

  test('ends when its token has run out', async () => {
    // Its time runs out by the test's clock alone, however long the login takes.
    vi.useFakeTimers({ toFake: ['Date'] });
    const tokenTtlMs = 60_000;
    const short = await openApi({
      auth: { enable: true, tokenTtlMs, playTokenTtlMs: tokenTtlMs },
      eventHeartbeatMs: 10,
    });
    expect((await open(short)).response.statusCode).toBe(401);
    const reader = await open(short, `?token=${await short.login()}`);
    expect((await reader.next()).event).toBe('hello');
    expect(await reader.block()).toBe(': ');
    vi.setSystemTime(Date.now() + tokenTtlMs);
    while ((await reader.block()) !== undefined);
    await short.close();
  });

  test('a listener that does not read loses events, is told so, and costs no memory', async () => {
    const reader = await open();
    expect((await reader.next()).event).toBe('hello');
    reader.response.pause();
    const big = fakePlay({ timeline: [{ stage: 'requested', at: 0, afterMs: 0, detail: 'x'.repeat(50_000) }] });
    // More than the sockets of both sides and our own bound can hold.
    const sent = 1000;
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < sent; i += 1) {
      api.streams.emit('play', big);
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    let got = 0;
    let dropped = 0;
    while (got + dropped < sent) {
      const event = await reader.next();
      if (event.event === 'lagged') dropped += Number(event.data['dropped']);
      else got += 1;
    }
    expect(got + dropped).toBe(sent);
    expect(dropped).toBeGreaterThan(0);
  });

  test('close ends streams at once and takes the subscriptions back', async () => {
    const fixture = await openApi();
    const reader = await open(fixture);
    const before = Date.now();
    await Promise.all([fixture.api.close(), fixture.api.close()]);
    expect(Date.now() - before).toBeLessThan(3000);
    while ((await reader.block()) !== undefined);
    // Those of the groups, the snapshots and the meetings: parts that are not the API's to close.
    expect(fixture.platform.eventNames()).toEqual(['deviceRemoved', 'snapshotFinished']);
    expect(fixture.platform.listenerCount('deviceRemoved')).toBe(1);
    expect(fixture.streams.eventNames()).toEqual(['publicationClosed']);
    await fixture.close();
    expect(fixture.streams.eventNames()).toEqual([]);
  });
});
