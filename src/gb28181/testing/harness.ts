import { computeDigest, parseChallenge, type Flow, type OutgoingRequest } from '../../sip/index.ts';
import { memoryReportStores, REPORTS } from '../../../test/support/report-stores.ts';
import { silentLogger } from '../../util/index.ts';
import {
  createPlatform,
  formatManscdp,
  parseManscdp,
  type Channel,
  type Device,
  type DeviceStore,
  type Manscdp,
  type ManscdpParts,
  type Platform,
  type PlatformOptions,
  type ReportStores,
} from '../index.ts';
import { FakeEngine, fakeFlow, type FakeReply, type FakeRequest } from './fake-engine.ts';

export const SERIAL = '34020000002000000001';
export const REALM = '3402000000';
export const PASSWORD = '12345678';
export const DEVICE_ID = '34020000001180000001';
export const CAMERA_ID = '34020000001310000001';

export const OPTIONS: PlatformOptions = {
  serial: SERIAL,
  realm: REALM,
  listenAddress: '127.0.0.1',
  port: 0,
  auth: { enable: true, password: PASSWORD, algorithms: ['MD5'] },
  admission: 'open',
  allow: [],
  deny: [],
  registerRatePerMinute: 0,
  dateHeader: true,
  keepaliveTimeoutMinSec: 180,
  defaultTransports: ['tcp-passive', 'udp', 'tcp-active'],
  inviteTimeoutMs: 5_000,
  responseTimeoutMs: 2_000,
  traceEntries: 100,
  traceEntriesPerDevice: 100,
  reports: REPORTS,
};

/** A store that keeps what it was given. */
export class MemoryStore implements DeviceStore {
  readonly devices = new Map<string, Device>();
  readonly channelsOf = new Map<string, Map<string, Channel>>();
  saves = 0;

  loadDevices(): Device[] {
    return [...this.devices.values()];
  }

  loadChannels(): Channel[] {
    return [...this.channelsOf.values()].flatMap((channels) => [...channels.values()]);
  }

  saveDevice(device: Device): void {
    this.saves += 1;
    this.devices.set(device.id, device);
  }

  deleteDevice(deviceId: string): void {
    this.devices.delete(deviceId);
    this.channelsOf.delete(deviceId);
  }

  saveChannels(deviceId: string, channels: readonly Channel[], sweep: boolean): void {
    const kept = sweep ? new Map<string, Channel>() : (this.channelsOf.get(deviceId) ?? new Map<string, Channel>());
    for (const channel of channels) kept.set(channel.id, channel);
    this.channelsOf.set(deviceId, kept);
  }

  deleteChannels(deviceId: string, channelIds: readonly string[]): void {
    for (const id of channelIds) this.channelsOf.get(deviceId)?.delete(id);
  }
}

/** A platform over a fake engine, with every event noted. */
export class Harness {
  readonly platform: Platform;
  readonly engine: FakeEngine;
  readonly store: MemoryStore;
  readonly events: string[] = [];

  constructor(platform: Platform, engine: FakeEngine, store: MemoryStore) {
    this.platform = platform;
    this.engine = engine;
    this.store = store;
    platform.on('deviceOnline', ({ id }) => this.events.push(`online ${id}`));
    platform.on('deviceOffline', ({ id, offlineReason }) => this.events.push(`offline ${id} ${offlineReason}`));
    platform.on('deviceRemoved', (id) => this.events.push(`removed ${id}`));
  }

  /** A camera of this platform. */
  camera(id = DEVICE_ID, flow = fakeFlow('127.0.0.2')): FakeCamera {
    return new FakeCamera(this, id, flow);
  }

  /** MANSCDP of the requests that were sent with a command, oldest first. */
  sentCommands(cmdType?: string): Manscdp[] {
    return this.engine.sent.flatMap((request) => {
      const message = commandOf(request);
      return message !== undefined && (cmdType === undefined || message.cmdType === cmdType) ? [message] : [];
    });
  }
}

/** The MANSCDP body of a request that the platform sent. */
export function commandOf(request: OutgoingRequest): Manscdp | undefined {
  const message = parseManscdp(request.body ?? Buffer.alloc(0));
  return typeof message === 'string' ? undefined : message;
}

export interface HarnessOptions extends Partial<PlatformOptions> {
  readonly store?: MemoryStore;
  readonly reportStores?: ReportStores;
}

/** Opens a platform whose devices answer no question unless the test says so. */
export async function openHarness({
  store = new MemoryStore(),
  reportStores = memoryReportStores(),
  ...options
}: HarnessOptions = {}): Promise<Harness> {
  let engine: FakeEngine | undefined;
  const platform = await createPlatform(
    { ...OPTIONS, ...options },
    {
      store,
      reportStores,
      log: silentLogger,
      createEngine: (engineOptions) => {
        engine = new FakeEngine(engineOptions);
        return Promise.resolve(engine);
      },
    },
  );
  if (engine === undefined) throw new RangeError('no engine was made');
  return new Harness(platform, engine, store);
}

export interface RegisterOptions {
  readonly password?: string;
  readonly username?: string;
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
  /** Expires header; null for none. */
  readonly expires?: number | string | null;
  readonly from?: string;
}

/** The device side of the fake engine. */
export class FakeCamera {
  readonly id: string;
  flow: Flow;
  /** Of its REGISTERs: one until it restarts (RFC 3261 §10.2). */
  callId: string;
  readonly #harness: Harness;
  #sn = 0;

  constructor(harness: Harness, id: string, flow: Flow) {
    this.#harness = harness;
    this.id = id;
    this.flow = flow;
    this.callId = `registration-of-${id}`;
  }

  send(request: Partial<FakeRequest> & { method: string }): FakeReply {
    return this.#harness.engine.receive({ from: `<sip:${this.id}@${REALM}>;tag=1`, ...request }, this.flow);
  }

  /** REGISTER without credentials, then with; returns the last reply. */
  register(options: RegisterOptions = {}): FakeReply {
    const request = this.#registerRequest(options);
    const first = this.send(request);
    return first.status === 401 ? this.answerChallenge(first, options) : first;
  }

  answerChallenge(challenge: FakeReply, options: RegisterOptions = {}): FakeReply {
    const request = this.#registerRequest(options);
    const authorization = authorize(challenge.header('WWW-Authenticate') ?? '', {
      username: options.username ?? this.id,
      password: options.password ?? PASSWORD,
    });
    return this.send({ ...request, headers: [...request.headers, ['Authorization', authorization]] });
  }

  #registerRequest({ expires = 3600, headers = [], from }: RegisterOptions) {
    const fields: Array<readonly [string, string]> = [
      ['Contact', `<sip:${this.id}@192.168.1.9:5060>`],
      ...(expires === null ? [] : [['Expires', String(expires)] as const]),
    ];
    const replaced = new Set(headers.map(([name]) => name.toLowerCase()));
    const kept = fields.filter(([name]) => !replaced.has(name.toLowerCase()));
    const { callId } = this;
    return { method: 'REGISTER', callId, headers: [...kept, ...headers], ...(from !== undefined && { from }) };
  }

  /** A MESSAGE with a body in the device's charset. */
  message(parts: Omit<ManscdpParts, 'deviceId'> & { deviceId?: string }): FakeReply {
    return this.raw(formatManscdp({ deviceId: this.id, ...parts }, 'gb18030'));
  }

  raw(body: Buffer | string): FakeReply {
    return this.send({ method: 'MESSAGE', headers: [['Content-Type', 'Application/MANSCDP+xml']], body });
  }

  keepalive(): FakeReply {
    this.#sn += 1;
    return this.message({ root: 'Notify', cmdType: 'Keepalive', sn: this.#sn });
  }
}

/** Value of Authorization for a challenge, as a device makes it. */
export function authorize(
  challenge: string,
  { username, password }: { readonly username: string; readonly password: string },
): string {
  const params = parseChallenge(challenge)?.params ?? new Map<string, string>();
  const realm = params.get('realm') ?? '';
  const nonce = params.get('nonce') ?? '';
  const uri = `sip:${SERIAL}@127.0.0.1:5060`;
  const algorithm = params.get('algorithm') === 'SHA-256' ? 'SHA-256' : 'MD5';
  const response = computeDigest({ method: 'REGISTER', username, password, realm, nonce, uri, algorithm });
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}`;
}

/** Lets promises that are already settled run their course. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 30; round += 1) await Promise.resolve();
}
