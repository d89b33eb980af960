import { memoryReportStores } from '../../test/support/report-stores.ts';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createSipEngine,
  type OutgoingRequest,
  type SipEngine,
  type SipProtocol,
  type SipResponse,
} from '../sip/index.ts';
import { createDeviceStore, openDatabase } from '../store/index.ts';
import { silentLogger } from '../util/index.ts';
import {
  catalogResponse,
  createPlatform,
  deviceInfoResponse,
  EMPTY_CATALOG_ITEM,
  formatGbSdp,
  formatManscdp,
  keepaliveNotify,
  parseGbSdp,
  parseManscdp,
  type ManscdpParts,
  type Platform,
  type PlatformOptions,
} from './index.ts';
import { CAMERA_ID, DEVICE_ID, OPTIONS, PASSWORD, REALM, SERIAL } from './testing/harness.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A device over the real engine: answers DeviceInfo, Catalog and INVITE. */
class Camera {
  readonly engine: SipEngine;
  readonly received: string[] = [];
  #ended = Promise.withResolvers<string>();
  readonly #target: OutgoingRequest['target'];

  private constructor(engine: SipEngine, platform: Platform, protocol: SipProtocol) {
    this.engine = engine;
    const { port } = platform.listening.find((each) => each.protocol === protocol)!;
    this.#target = { protocol, address: '127.0.0.1', port };
  }

  static async open(platform: Platform, protocol: SipProtocol): Promise<Camera> {
    let camera: Camera | undefined;
    const engine = await createSipEngine({
      listen: [
        { protocol: 'udp', address: '127.0.0.2', port: 0 },
        { protocol: 'tcp', address: '127.0.0.2', port: 0 },
      ],
      userAgent: 'IP Camera',
      log: silentLogger,
      onRequest: (incoming) => {
        if (incoming.request.method === 'INVITE') void camera?.answer(incoming);
        else {
          incoming.reply(200);
          void camera?.take(incoming.request.body);
        }
      },
    });
    camera = new Camera(engine, platform, protocol);
    closing.push(() => engine.close());
    return camera;
  }

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  async answer(
    incoming: Parameters<NonNullable<Parameters<typeof createSipEngine>[0]['onRequest']>>[0],
  ): Promise<void> {
    const offer = parseGbSdp(incoming.request.body);
    if (typeof offer === 'string') return incoming.reply(488);
    const dialog = await incoming.accept({
      contentType: 'application/sdp',
      body: Buffer.from(
        formatGbSdp({
          ...offer,
          address: '127.0.0.2',
          setup: 'active',
          direction: 'sendonly',
          ssrcText: String(offer.ssrc),
        }),
      ),
    });
    // Over TCP the BYE may be in the same chunk as the ACK.
    if (dialog.ended) this.#ended.resolve('remote_bye');
    dialog.once('ended', (reason) => this.#ended.resolve(reason));
    return undefined;
  }

  async take(body: Buffer): Promise<void> {
    const message = parseManscdp(body);
    if (typeof message === 'string') return;
    this.received.push(message.cmdType);
    const { sn } = message;
    const info = { name: '大门', manufacturer: 'ACME', model: 'M', firmware: 'V1' };
    const items = [{ ...EMPTY_CATALOG_ITEM, id: CAMERA_ID, name: '一号机', parentIdText: DEVICE_ID }];
    if (message.cmdType === 'DeviceInfo') await this.message(deviceInfoResponse(sn, DEVICE_ID, info));
    if (message.cmdType === 'Catalog') await this.message(catalogResponse(sn, DEVICE_ID, { sumNum: 1, items }));
  }

  request(method: string, more: Partial<OutgoingRequest> = {}): Promise<SipResponse> {
    const own = `sip:${DEVICE_ID}@${REALM}`;
    const uri = `sip:${SERIAL}@${REALM}`;
    const to = method === 'REGISTER' ? own : uri;
    return this.engine.request({ method, uri, from: own, to, target: this.#target, contactUser: DEVICE_ID, ...more });
  }

  register(password = PASSWORD, expires = 3600): Promise<SipResponse> {
    const headers = [['Expires', String(expires)] as const];
    return this.request('REGISTER', { headers, credentials: { username: DEVICE_ID, password } });
  }

  message(parts: ManscdpParts): Promise<SipResponse> {
    return this.request('MESSAGE', { contentType: 'Application/MANSCDP+xml', body: formatManscdp(parts, 'gb18030') });
  }
}

async function openPlatform(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  const db = openDatabase(':memory:');
  const reportStores = memoryReportStores();
  const parts = { store: createDeviceStore(db), reportStores, createEngine: createSipEngine, log: silentLogger };
  const platform = await createPlatform({ ...OPTIONS, ...options }, parts);
  closing.push(
    () => db.close(),
    () => platform.close(),
  );
  return platform;
}

describe.each(['udp', 'tcp'] as const)('over the real engine, %s', (protocol) => {
  test('register, catalogue, keepalive, invite, bye, trace and counters', async () => {
    const platform = await openPlatform();
    const catalogued = new Promise<void>((resolve) => {
      platform.once('catalogChanged', () => resolve());
    });
    const camera = await Camera.open(platform, protocol);
    expect((await camera.register('wrong')).status).toBe(403);
    expect((await camera.register()).status).toBe(200);
    await catalogued;
    expect(platform.channels(DEVICE_ID)).toMatchObject([{ id: CAMERA_ID, name: '一号机' }]);
    expect((await platform.refreshInfo(DEVICE_ID)).name).toBe('大门');
    expect((await camera.message(keepaliveNotify(1, DEVICE_ID, { status: 'OK', faulty: [] }))).status).toBe(200);
    expect(platform.device(DEVICE_ID)).toMatchObject({
      online: true,
      protocol,
      keepaliveCount: 1,
    });
    expect(await platform.mediaAddress(DEVICE_ID)).toBe('127.0.0.1');

    const ssrc = platform.reserveSsrc('live');
    const session = await platform.invite({
      deviceId: DEVICE_ID,
      channelId: CAMERA_ID,
      subStream: 0,
      ssrc,
      transport: 'tcp-passive',
      mediaAddress: '127.0.0.1',
      mediaPort: 30_000,
    });
    expect(session.answer).toMatchObject({ address: '127.0.0.2', ssrc: ssrc.value, setup: 'active' });
    await session.bye();
    expect(await camera.ended).toBe('remote_bye');
    ssrc.release();

    const messages = platform.trace({ callIds: [session.callId] });
    expect(messages.map((entry) => `${entry.direction} ${entry.summary.split(' sip:')[0]}`)).toEqual([
      'out INVITE',
      'in 200 OK (INVITE)',
      'out ACK',
      'out BYE',
      'in 200 OK (BYE)',
    ]);
    expect(messages.every((entry) => entry.deviceId === DEVICE_ID && entry.protocol === protocol)).toBe(true);
    expect(messages[0]?.text).toContain(`y=${ssrc.text}`);
    const all = platform.trace({ deviceId: DEVICE_ID });
    expect(all.filter((entry) => entry.text.includes('response=')).length).toBe(0);
    expect(all.some((entry) => entry.text.includes('Authorization: [redacted]'))).toBe(true);
    expect(platform.trace({ limit: 2 })).toHaveLength(2);
    expect(platform.counters.requestsIn).toMatchObject({ 'REGISTER 200': 1, 'REGISTER 401': 2, 'REGISTER 403': 1 });
    expect(platform.counters.requestsOut).toMatchObject({ 'INVITE 200': 1, 'BYE 200': 1 });
    expect((await camera.register(PASSWORD, 0)).status).toBe(200);
    expect(platform.device(DEVICE_ID)).toMatchObject({ online: false, offlineReason: 'unregistered' });
  });
});

describe('media address', () => {
  test.each([
    {
      name: 'override of the device',
      settings: { mediaAddress: '192.0.2.7' },
      options: { mediaAddress: '192.0.2.8' },
      address: '192.0.2.7',
    },
    { name: 'configured', settings: {}, options: { mediaAddress: '192.0.2.8' }, address: '192.0.2.8' },
    {
      name: 'a configured wildcard is not used',
      settings: {},
      options: { mediaAddress: '0.0.0.0' },
      address: '127.0.0.1',
    },
    { name: 'local side of the route', settings: {}, options: {}, address: '127.0.0.1' },
    {
      name: 'local side of the route, on all interfaces',
      settings: {},
      options: { listenAddress: '0.0.0.0' },
      address: '127.0.0.1',
    },
  ])('$name', async ({ settings, options, address }) => {
    const platform = await openPlatform(options);
    const camera = await Camera.open(platform, 'udp');
    await camera.register();
    platform.updateSettings(DEVICE_ID, settings);
    expect(await platform.mediaAddress(DEVICE_ID)).toBe(address);
    expect(await platform.mediaAddress(DEVICE_ID)).toBe(address);
  });

  test('of an unknown device there is none', async () => {
    const platform = await openPlatform();
    await expect(platform.mediaAddress('9')).rejects.toMatchObject({ code: 'device_not_found' });
  });
});

test('a port that is taken is told by the engine, and nothing stays open', async () => {
  const first = await openPlatform();
  const { port } = first.listening.find((each) => each.protocol === 'tcp')!;
  await expect(openPlatform({ port })).rejects.toMatchObject({ code: 'listen_failed' });
});
