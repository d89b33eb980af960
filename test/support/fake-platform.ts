import { EventEmitter } from 'node:events';
import {
  DEFAULT_SETTINGS,
  resolveSettings,
  type Admission,
  type CatalogResult,
  type CatalogScope,
  type Channel,
  type ChannelOverride,
  type Device,
  type DeviceSettings,
  type LiveInvite,
  type LiveSession,
  type LiveSessionEvents,
  type MediaTransport,
  type PlaybackControl,
  type Platform,
  type PlatformEvents,
  type PtzMove,
  type RecordList,
  type RecordQuery,
  type SettingsInForce,
  type SipCounters,
  type SsrcLease,
  type Stretch,
  type TraceEntry,
  type TraceFilter,
} from '../../src/gb28181/index.ts';
import { GatewayError } from '../../src/util/index.ts';
import { FakeReports } from './fake-reports.ts';

/** An error of another folder, by its code only. */
export class FakeError extends GatewayError {
  readonly code: string;
  readonly status?: number;
  constructor(code: string, message: string, status?: number) {
    super(message);
    this.code = code;
    if (status !== undefined) this.status = status;
  }
}

/** Of the device and the channel below. */
export const DEVICE = '34020000001320000001';
export const CHANNEL = '34020000001310000001';

/** A device as it is after its first registration. */
export function fakeDevice(more: Partial<Device> = {}): Device {
  return {
    id: DEVICE,
    name: 'Front door',
    manufacturer: 'ACME',
    model: 'X1',
    firmware: '1.0',
    online: true,
    admission: 'approved',
    protocol: 'udp',
    sourceAddress: '192.168.1.64',
    sourcePort: 5060,
    userAgent: 'IP Camera',
    gbVersion: '2.0',
    registeredAt: 1_700_000_000_000,
    lastSeenAt: 1_700_000_060_000,
    expiresSec: 3600,
    keepaliveIntervalSec: 60,
    keepaliveCount: 3,
    channelCount: 1,
    settings: {},
    ...more,
  };
}

export function fakeChannel(more: Partial<Channel> = {}): Channel {
  return {
    deviceId: DEVICE,
    id: CHANNEL,
    name: 'IPC',
    manufacturer: 'ACME',
    model: 'X1',
    owner: 'owner',
    civilCode: '340200',
    block: '',
    address: 'gate',
    parental: 0,
    parentIdText: DEVICE,
    parentId: DEVICE,
    businessGroupId: '',
    safetyWay: 0,
    registerWay: 1,
    secrecy: 0,
    ipAddress: '',
    port: 0,
    status: 'ON',
    longitude: 0,
    latitude: 0,
    ptzType: 0,
    resolution: '',
    downloadSpeed: '',
    streamNumbers: '',
    kind: 'video',
    updatedAt: 1_700_000_000_000,
    ...more,
  };
}

/** A session of `FakePlatform.invite`. */
export class FakeLiveSession extends EventEmitter<LiveSessionEvents> implements LiveSession {
  readonly callId: string;
  readonly answer: LiveSession['answer'];
  ended = false;
  takesControl = true;

  constructor(callId: string, answer: LiveSession['answer']) {
    super();
    this.callId = callId;
    this.answer = answer;
  }

  /** What it was asked, oldest first; the device answers with this failure where there is one. */
  readonly controls: PlaybackControl[] = [];
  refusal: Error | undefined;

  async control(control: PlaybackControl): Promise<void> {
    this.controls.push(control);
    if (this.refusal !== undefined) throw this.refusal;
  }

  async bye(): Promise<void> {
    this.end('local_bye');
  }

  end(reason: LiveSessionEvents['ended'][0]): void {
    if (this.ended) return;
    this.ended = true;
    this.emit('ended', reason);
  }
}

/** Platform without SIP: tables in memory, calls written down, answers that a test may replace. */
export class FakePlatform extends EventEmitter<PlatformEvents> implements Platform {
  readonly serial = '34020000002000000001';
  readonly realm = '3402000000';
  readonly listening = [{ protocol: 'udp' as const, address: '0.0.0.0', port: 5060 }];
  counters: SipCounters = {
    requestsIn: {},
    requestsOut: {},
    malformed: {},
    transactions: 0,
    dialogs: 0,
    connections: 0,
    refusedConnections: {},
    pending: 0,
  };
  readonly reports = new FakeReports();
  /** What was called, oldest first. */
  readonly calls: unknown[][] = [];
  readonly traceEntries: TraceEntry[] = [];
  readonly sessions: FakeLiveSession[] = [];
  /** Thrown by everything that asks the device. */
  failure: Error | undefined;
  catalog: CatalogResult = { sumNum: 1, received: 1, complete: true };
  transports: readonly MediaTransport[] = ['tcp-passive', 'udp', 'tcp-active'];
  readonly #devices = new Map<string, Device>();
  readonly #channels = new Map<string, Map<string, Channel>>();
  #nextSsrc = 1;

  addDevice(device: Device, channels: readonly Channel[] = []): this {
    this.#devices.set(device.id, device);
    this.#channels.set(device.id, new Map(channels.map((channel) => [channel.id, channel])));
    return this;
  }

  /** Replaces a device and tells it. */
  changeDevice(deviceId: string, change: Partial<Device>): Device {
    const old = this.#require(deviceId);
    const device = { ...old, ...change };
    this.#devices.set(deviceId, device);
    if (device.online !== old.online) this.emit(device.online ? 'deviceOnline' : 'deviceOffline', device);
    else this.emit('deviceChanged', device);
    return device;
  }

  devices(): Device[] {
    return [...this.#devices.values()];
  }

  device(id: string): Device | undefined {
    return this.#devices.get(id);
  }

  channels(deviceId?: string): Channel[] {
    const maps = deviceId === undefined ? [...this.#channels.values()] : [this.#channels.get(deviceId)];
    return maps.flatMap((map) => [...(map?.values() ?? [])]);
  }

  channel(deviceId: string, channelId: string): Channel | undefined {
    return this.#channels.get(deviceId)?.get(channelId);
  }

  findChannel(channelId: string): Channel | undefined {
    const found = this.channels().find(({ id }) => id === channelId);
    if (found !== undefined || !this.#devices.has(channelId)) return found;
    return fakeChannel({ deviceId: channelId, id: channelId, parentId: channelId });
  }

  updateSettings(deviceId: string, settings: DeviceSettings): Device {
    this.#require(deviceId);
    return this.changeDevice(deviceId, { settings });
  }

  overrideChannel(deviceId: string, channelId: string, override: ChannelOverride): Channel {
    const channel = this.channel(deviceId, channelId);
    if (channel === undefined) throw new FakeError('channel_unknown', `no channel ${channelId}`);
    const { told, ...rest } = channel;
    const own = { ...rest, ...told };
    const { name, longitude, latitude } = own;
    const changed =
      Object.keys(override).length === 0 ? own : { ...own, ...override, told: { name, longitude, latitude } };
    this.#channels.get(deviceId)?.set(channelId, changed);
    return changed;
  }

  settingsInForce(deviceId: string): SettingsInForce {
    return resolveSettings(this.#devices.get(deviceId) ?? fakeDevice(), DEFAULT_SETTINGS);
  }

  setAdmission(deviceId: string, admission: Admission): Device {
    this.#require(deviceId);
    return this.changeDevice(deviceId, { admission });
  }

  removeDevice(deviceId: string): boolean {
    if (this.#devices.get(deviceId)?.online !== false) return false;
    this.#devices.delete(deviceId);
    this.#channels.delete(deviceId);
    this.emit('deviceRemoved', deviceId);
    return true;
  }

  async refreshCatalog(deviceId: string, _signal?: AbortSignal, scope?: CatalogScope): Promise<CatalogResult> {
    this.#ask('refreshCatalog', deviceId, ...(scope === undefined ? [] : [scope]));
    this.emit('catalogChanged', deviceId, this.catalog);
    return this.catalog;
  }

  async refreshInfo(deviceId: string): Promise<Device> {
    this.#ask('refreshInfo', deviceId);
    return this.#require(deviceId);
  }

  readonly controls: Platform['controls'] = {
    run: async ({ deviceId, channelId }, control) => {
      this.#ask('control', deviceId, channelId, control);
      return { command: 'PTZCmd', outcome: 'sent' };
    },
  };

  readonly queries: Platform['queries'] = {
    info: async ({ deviceId }) => {
      this.#ask('info', deviceId);
      return { name: 'Front door', manufacturer: 'ACME', model: 'X1', firmware: '1.0' };
    },
    status: async ({ deviceId }) => {
      this.#ask('deviceStatus', deviceId);
      const deviceTime = '2026-01-01T00:00:00';
      return { online: true, status: 'OK', encode: 'ON', record: 'OFF', deviceTime, reason: '', alarms: [] };
    },
    presets: async ({ deviceId }) => this.#list('presets', deviceId),
    homePosition: async ({ deviceId }) => {
      this.#ask('homePosition', deviceId);
      return undefined;
    },
    cruiseTracks: async ({ deviceId }) => this.#list('cruiseTracks', deviceId),
    cruiseTrack: async ({ deviceId }, number) => ({ number, name: '', ...this.#list('cruiseTrack', deviceId) }),
    ptzPosition: async ({ deviceId }) => {
      this.#ask('ptzPosition', deviceId);
      return { pan: 0, tilt: 0, zoom: 1 };
    },
    sdCards: async ({ deviceId }) => this.#list('sdCards', deviceId),
    alarms: async ({ deviceId, channelId }, conditions) => {
      this.#ask('queryAlarms', deviceId, channelId, conditions);
      return { items: [], sumNum: 0, complete: true };
    },
    positions: async ({ deviceId, channelId }, intervalSec) => {
      this.#ask('queryPositions', deviceId, channelId, intervalSec);
      const position = { id: channelId, at: 1_000, longitude: 118, latitude: 31, height: 2 };
      return { items: [position], sumNum: 1, complete: true };
    },
  };

  readonly configs: Platform['configs'] = {
    read: async ({ deviceId }, types) => {
      this.#ask('readConfig', deviceId, types);
      return { values: {}, missing: types, complete: true };
    },
    write: async ({ deviceId }, values) => {
      this.#ask('writeConfig', deviceId, values);
      return { command: `DeviceConfig/${Object.keys(values).join('/')}`, outcome: 'confirmed' };
    },
  };

  readonly upgrades: Platform['upgrades'] = {
    start: async ({ deviceId }, { firmware }) => {
      this.#ask('upgrade', deviceId, firmware);
      return { deviceId, sessionId: 'f'.repeat(32), state: 'accepted', firmware, startedAt: 1 };
    },
    get: () => undefined,
  };

  capabilities(deviceId: string): ReturnType<Platform['capabilities']> {
    this.#require(deviceId);
    return [];
  }

  async ptz(deviceId: string, channelId: string, move: PtzMove): Promise<void> {
    this.#ask('ptz', deviceId, channelId, move);
  }

  async requestKeyFrame(deviceId: string, channelId: string): Promise<void> {
    this.#ask('requestKeyFrame', deviceId, channelId);
  }

  reserveSsrc(kind: 'live' | 'history'): SsrcLease {
    const text = `${kind === 'live' ? '0' : '1'}20000${String(this.#nextSsrc++).padStart(4, '0')}`;
    return { value: Number(text), text, release: () => void this.calls.push(['releaseSsrc', text]) };
  }

  async mediaAddress(): Promise<string> {
    return '127.0.0.1';
  }

  mediaTransports(): readonly MediaTransport[] {
    return this.transports;
  }

  rememberTransport(deviceId: string, transport: MediaTransport): void {
    this.calls.push(['rememberTransport', deviceId, transport]);
  }

  touch(deviceId: string): void {
    this.calls.push(['touch', deviceId]);
  }

  /** Answer of `records`. */
  recordList: RecordList | undefined;

  async records(query: RecordQuery): Promise<RecordList> {
    this.#ask('records', query.deviceId, query.channelId, query.fromMs, query.toMs, query.type);
    const { deviceId, channelId, fromMs, toMs, type: _type, ...conditions } = query;
    if (Object.keys(conditions).length > 0) this.calls.push(['recordConditions', conditions]);
    const empty = { sumNum: 0, complete: true, items: [], segments: [] };
    return this.recordList ?? { deviceId, channelId, fromMs, toMs, ...empty };
  }

  recordedStretches(): Stretch[] {
    return [];
  }

  async invite(options: LiveInvite): Promise<LiveSession> {
    this.#ask('invite', options.deviceId, options.channelId, options.transport);
    const callId = `call-${this.sessions.length + 1}`;
    options.onProgress?.('invite_sent', options.transport, callId);
    options.onProgress?.('ok', '200', callId);
    const session = new FakeLiveSession(callId, {
      address: '127.0.0.1',
      port: 40_000,
      ssrc: options.ssrc.value,
      payloads: [{ payloadType: 96, encoding: 'PS/90000' }],
      sdp: 'v=0\r\n',
    });
    this.sessions.push(session);
    return session;
  }

  trace(filter: TraceFilter): TraceEntry[] {
    const { callIds, deviceId, limit } = filter;
    this.calls.push(['trace', filter]);
    const found = this.traceEntries.filter(
      (entry) =>
        (callIds === undefined || callIds.includes(entry.callId)) &&
        (deviceId === undefined || entry.deviceId === deviceId),
    );
    return limit === undefined ? found : found.slice(-limit);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.end('local_bye');
  }

  #require(deviceId: string): Device {
    const device = this.#devices.get(deviceId);
    if (device === undefined) throw new FakeError('device_not_found', `device ${deviceId} is not known`);
    return device;
  }

  #list<T>(name: string, deviceId: string): { items: T[]; sumNum: number; complete: boolean } {
    this.#ask(name, deviceId);
    return { items: [], sumNum: 0, complete: true };
  }

  #ask(name: string, deviceId: string, ...rest: unknown[]): void {
    this.calls.push([name, deviceId, ...rest]);
    if (this.failure !== undefined) throw this.failure;
    if (!this.#require(deviceId).online) throw new FakeError('device_offline', `device ${deviceId} is offline`);
  }
}
