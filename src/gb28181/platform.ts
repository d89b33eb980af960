import { EventEmitter } from 'node:events';
import { DigestServer, type SipEngine, type SipEngineOptions, type SipListen, type WireMessage } from '../sip/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import { AccessList } from './access-list.ts';
import type { Capability, CapabilityStore } from './capability/types.ts';
import { Catalogues } from './catalogue/catalogues.ts';
import { prepareCharsets } from './charset.ts';
import { selfChannel } from './catalogue/channels.ts';
import { CATALOG_TIMES } from './catalogue/collector.ts';
import { Commander } from './commander.ts';
import { DeviceAccess } from './device-access.ts';
import type { ReportStores } from './device-reports-types.ts';
import { ReportIntake } from './device-reports.ts';
import { DeviceOperations } from './device-operations.ts';
import type { DeviceRecord } from './device/record.ts';
import { DEFAULT_SETTINGS, resolveSettings, type EffectiveSettings, type SettingsInForce } from './device/settings.ts';
import { DeviceTable } from './device/table.ts';
import { RequestAbortedError } from './errors.ts';
import { ChannelOverrides } from './groups/overrides.ts';
import type { ChannelOverride, OverrideStore } from './groups/types.ts';
import { Interview } from './interview.ts';
import { MEDIA_STATUS_FILE_END, parseMediaStatus, type Manscdp } from './manscdp/index.ts';
import { listenOf } from './listen.ts';
import { MediaAddresses } from './media-address.ts';
import { MessageHandlers } from './message-handlers.ts';
import { PendingTable } from './pending-table.ts';
import { encodePtz, ptzOfMove } from './ptz.ts';
import { RateLimit } from './rate-limit.ts';
import { RecordLists } from './records/record-lists.ts';
import { Registrar } from './registrar.ts';
import { RequestRouter } from './request-router.ts';
import type { CollectTimes } from './response-collector.ts';
import { Inviter } from './session/invite.ts';
import { SipStatistics } from './sip-statistics.ts';
import { SipTrace } from './sip-trace.ts';
import { SsrcAllocator } from './ssrc.ts';
import type { ReceivedNotify } from './subscription/subscriptions.ts';
import type {
  Admission,
  CatalogResult,
  CatalogScope,
  Channel,
  Device,
  DeviceSettings,
  DeviceStore,
  LiveInvite,
  LiveSession,
  MediaTransport,
  Platform,
  PlatformEvents,
  PlatformOptions,
  PtzMove,
  RecordList,
  RecordQuery,
  SipCounters,
  SsrcLease,
  TraceEntry,
} from './types.ts';

/** What the platform is built from. */
export interface PlatformParts {
  readonly store: DeviceStore;
  readonly reportStores: ReportStores;
  /** Absent = what devices can do is learned anew after each start. */
  readonly capabilities?: CapabilityStore;
  /** Absent: the operator's names and positions last as long as the process. */
  readonly overrides?: OverrideStore;
  readonly createEngine: (options: SipEngineOptions) => Promise<SipEngine>;
  readonly log: Logger;
  /** Unix ms; for tests. */
  readonly now?: () => number;
  /** For tests. */
  readonly catalogTimes?: CollectTimes;
}

const USER_AGENT = 'gbrtc';
/** A device that nothing is known of. */
const NOBODY = { settings: {}, userAgent: '', manufacturer: '', gbVersion: '' };
/** BYEs that nobody answers must not hold up the shutdown. */
const CLOSE_MS = 2_000;

/** Loads the devices, opens the SIP engine and serves devices until closed. */
export async function createPlatform(options: PlatformOptions, parts: PlatformParts): Promise<Platform> {
  const platform = new GbPlatform(options, parts);
  await platform.open(parts.createEngine);
  return platform;
}

class GbPlatform extends EventEmitter<PlatformEvents> implements Platform {
  readonly serial: string;
  readonly realm: string;
  readonly #options: PlatformOptions;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #defaults: EffectiveSettings;
  readonly #table: DeviceTable;
  readonly #pending = new PendingTable();
  readonly #commander: Commander;
  readonly #access: DeviceAccess;
  readonly reports: ReportIntake;
  readonly #operations: DeviceOperations;
  readonly #catalogues: Catalogues;
  readonly #handlers = new MessageHandlers();
  readonly #records: RecordLists;
  readonly #inviter: Inviter;
  readonly #interview: Interview;
  readonly #router: RequestRouter;
  readonly #ssrcs: SsrcAllocator;
  readonly #mediaAddresses: MediaAddresses;
  readonly #trace: SipTrace;
  readonly #statistics = new SipStatistics();
  readonly #closing = new AbortController();
  #engine: SipEngine | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: PlatformOptions, parts: PlatformParts) {
    super();
    const { store, reportStores: stores, log, now = Date.now, catalogTimes = CATALOG_TIMES } = parts;
    const overrides = new ChannelOverrides(parts.overrides);
    this.serial = options.serial;
    this.realm = options.realm;
    this.#options = options;
    this.#log = log;
    this.#now = now;
    const { serial, realm, responseTimeoutMs, inviteTimeoutMs, keepaliveTimeoutMinSec } = options;
    const listener = {
      online: (device: Device) => {
        this.#operations.upgrades.online(device.id);
        this.#tell('deviceOnline', device);
      },
      offline: (device: Device) => {
        this.#operations.upgrades.offline(device.id);
        this.#tell('deviceOffline', device);
      },
      changed: (device: Device) => this.#tell('deviceChanged', device),
      // It may do what the one before refused.
      otherSoftware: (deviceId: string) => this.#operations.capabilities.forget(deviceId),
      removed: (deviceId: string) => {
        this.#operations.forget(deviceId);
        this.#tell('deviceRemoved', deviceId);
      },
      catalogChanged: (deviceId: string, result: CatalogResult) => this.#tell('catalogChanged', deviceId, result),
    };
    this.#defaults = { ...DEFAULT_SETTINGS, dateHeader: options.dateHeader };
    const defaults = this.#defaults;
    this.#table = new DeviceTable({ serial, keepaliveTimeoutMinSec, defaults, store, overrides, listener, now, log });
    this.#trace = new SipTrace({
      maxEntries: options.traceEntries,
      perDevice: options.traceEntriesPerDevice,
      deviceOf: (user, flow) => this.#table.sender(user, flow)?.id,
    });
    this.#ssrcs = new SsrcAllocator(serial);
    this.#mediaAddresses = new MediaAddresses(options.mediaAddress, now);
    const engine = (): SipEngine => this.#requireEngine();
    const onSent = (record: DeviceRecord, request: { headers: { get(name: string): string | undefined } }): void =>
      this.#trace.own(request.headers.get('Call-ID') ?? '', record.id);
    const pending = this.#pending;
    this.#commander = new Commander({ serial, realm, engine, pending, responseTimeoutMs, onSent });
    const table = this.#table;
    this.#access = new DeviceAccess({ commander: this.#commander, pending, closing: this.#closing.signal, table });
    this.#records = new RecordLists(this.#access, now);
    this.#operations = new DeviceOperations({
      access: this.#access,
      store: parts.capabilities,
      handlers: this.#handlers,
      responseTimeoutMs,
      now,
      update: (record, change) => this.#table.update(record, change),
      onSnapshotFinished: (record, finished) => this.#tell('snapshotFinished', record.id, finished),
    });
    this.#catalogues = new Catalogues({ access: this.#access, table, times: catalogTimes, now });
    const shared = { serial, realm, engine, onSent, log };
    this.reports = new ReportIntake({
      ...shared,
      responseTimeoutMs,
      options: options.reports,
      stores,
      table,
      access: this.#access,
      handlers: this.#handlers,
      platform: this,
      now,
    });
    this.#inviter = new Inviter({ ...shared, inviteTimeoutMs, responseTimeoutMs, steering: this.#operations.steering });
    this.#interview = new Interview({
      questions: {
        info: (record, signal) => this.#info(record, signal),
        basicParam: ({ id }, signal) => this.configs.read({ deviceId: id, channelId: id }, ['BasicParam'], { signal }),
        catalog: (record) => this.#catalogues.refresh(record),
      },
      now,
      log,
    });
    this.#handlers.set('MediaStatus', (told) => this.#mediaStatus(told.message, told.callId, told.record.id));
    this.#router = this.#createRouter();
  }

  #createRouter(): RequestRouter {
    const { allow, deny, serial, realm, auth, registerRatePerMinute, admission } = this.#options;
    const access = new AccessList(allow, deny);
    const table = this.#table;
    const registrar = new Registrar({
      table,
      digest: new DigestServer({ realm, algorithms: auth.algorithms, now: this.#now }),
      access,
      rate: new RateLimit(registerRatePerMinute),
      auth,
      admission,
      now: this.#now,
      log: this.#log,
      onOnline: (record) => this.#interview.add(record),
      onRestarted: (record) => this.#restarted(record),
      onUnregistered: (record) => this.#inviter.endAll(record.id),
    });
    const [pending, handlers, now, log] = [this.#pending, this.#handlers, this.#now, this.#log];
    const onStrangersMediaStatus = (message: Manscdp, callId: string): void => this.#mediaStatus(message, callId);
    const onNotify = (notify: ReceivedNotify): boolean => this.reports.noteNotify(notify);
    const subscribed = (callId: string): DeviceRecord | undefined => this.reports.subscribed(callId);
    const parts = { table, registrar, pending, handlers, access, onStrangersMediaStatus, onNotify, subscribed };
    return new RequestRouter({ serial, now, log, ...parts });
  }

  #restarted(record: DeviceRecord): void {
    this.#log.info({ deviceId: record.id }, 'device restarted');
    this.#operations.upgrades.offline(record.id);
    this.#operations.upgrades.online(record.id);
    this.reports.deviceRestarted(record);
    this.#interview.add(record);
  }

  /** Recorders send the end of a file also under another name (quirks 2.1). */
  #mediaStatus(message: Manscdp, callId: string, deviceId?: string): void {
    const [notifyType, subject] = [parseMediaStatus(message), message.deviceId];
    const ended = notifyType === MEDIA_STATUS_FILE_END;
    const known = ended && this.#inviter.fileEnded({ callId, subject, ...(deviceId !== undefined && { deviceId }) });
    this.#log.info({ deviceId, notifyType, subject, callId, known }, 'media status');
  }

  /** @throws whatever the engine throws when an address cannot be listened on */
  async open(createEngine: PlatformParts['createEngine']): Promise<void> {
    const { advertisedHost } = this.#options;
    prepareCharsets();
    try {
      this.#engine = await createEngine({
        listen: listenOf(this.#options),
        ...(advertisedHost !== undefined && advertisedHost !== '' && { advertisedHost }),
        userAgent: USER_AGENT,
        onRequest: (incoming) => this.#router.handle(incoming),
        onWire: (wire) => this.#onWire(wire),
        onFlowClosed: (flow) => this.#table.connectionClosed(flow),
        onMalformed: (reason) => this.#statistics.countMalformed(reason),
        log: this.#log,
      });
    } catch (error) {
      this.#table.close();
      throw error;
    }
  }

  get listening(): readonly SipListen[] {
    return this.#engine?.listening ?? [];
  }

  get counters(): SipCounters {
    const { requestsIn, requestsOut, malformed } = this.#statistics;
    const { transactions = 0, dialogs = 0, connections = 0 } = this.#engine?.counts ?? {};
    const refusedConnections = { ...this.#engine?.refused };
    const pending = this.#pending.size;
    return { requestsIn, requestsOut, malformed, transactions, dialogs, connections, refusedConnections, pending };
  }

  devices(): Device[] {
    return Array.from(this.#table.all(), (record) => record.snapshot());
  }

  device(id: string): Device | undefined {
    return this.#table.get(id)?.snapshot();
  }

  channels(deviceId?: string): Channel[] {
    if (deviceId !== undefined) return [...(this.#table.get(deviceId)?.channels.values() ?? [])];
    const all: Channel[] = [];
    for (const record of this.#table.all()) for (const channel of record.channels.values()) all.push(channel);
    return all;
  }

  channel(deviceId: string, channelId: string): Channel | undefined {
    const record = this.#table.get(deviceId);
    const found = record?.channels.get(channelId);
    if (found !== undefined || record === undefined || channelId !== deviceId) return found;
    return selfChannel(record.snapshot());
  }

  findChannel(channelId: string): Channel | undefined {
    for (const record of this.#table.all()) {
      const channel = record.channels.get(channelId);
      if (channel !== undefined) return channel;
    }
    return this.channel(channelId, channelId);
  }

  updateSettings(deviceId: string, settings: DeviceSettings): Device {
    return this.#table.updateSettings(this.#access.known(deviceId), settings);
  }

  settingsInForce(deviceId: string): SettingsInForce {
    return this.#table.get(deviceId)?.inForce ?? resolveSettings(NOBODY, this.#defaults);
  }

  overrideChannel(deviceId: string, channelId: string, override: ChannelOverride): Channel {
    return this.#table.override(this.#access.known(deviceId), channelId, override);
  }

  setAdmission(deviceId: string, admission: Admission): Device {
    const device = this.#table.setAdmission(this.#access.known(deviceId), admission);
    if (admission !== 'approved') this.#inviter.endAll(deviceId);
    return device;
  }

  removeDevice(deviceId: string): boolean {
    return this.#table.remove(deviceId);
  }

  async refreshCatalog(deviceId: string, signal?: AbortSignal, scope?: CatalogScope): Promise<CatalogResult> {
    return this.#catalogues.refresh(this.#access.online(deviceId), signal, scope);
  }

  async refreshInfo(deviceId: string, signal?: AbortSignal): Promise<Device> {
    return this.#info(this.#access.online(deviceId), signal);
  }

  get controls(): DeviceOperations['controls'] {
    return this.#operations.controls;
  }

  get queries(): DeviceOperations['queries'] {
    return this.#operations.queries;
  }

  get configs(): DeviceOperations['configs'] {
    return this.#operations.configs;
  }

  get upgrades(): DeviceOperations['upgrades'] {
    return this.#operations.upgrades;
  }

  capabilities(deviceId: string): Capability[] {
    return this.#operations.capabilities.list(this.#access.known(deviceId).id);
  }

  records(query: RecordQuery, signal?: AbortSignal): Promise<RecordList> {
    return this.#records.query(query, signal);
  }

  recordedStretches(query: RecordQuery): ReturnType<Platform['recordedStretches']> {
    return this.#records.stretches(query);
  }

  async ptz(deviceId: string, channelId: string, move: PtzMove): Promise<void> {
    await this.controls.run({ deviceId, channelId }, { kind: 'ptz', hex: encodePtz(ptzOfMove(move)) });
  }

  async requestKeyFrame(deviceId: string, channelId: string): Promise<void> {
    await this.controls.run({ deviceId, channelId }, { kind: 'key_frame' });
  }

  reserveSsrc(kind: 'live' | 'history'): SsrcLease {
    return this.#ssrcs.reserve(kind);
  }

  async mediaAddress(deviceId: string): Promise<string> {
    return this.#mediaAddresses.of(this.#access.known(deviceId));
  }

  mediaTransports(deviceId: string): readonly MediaTransport[] {
    const record = this.#table.get(deviceId);
    const fixed = record?.settings.mediaTransport;
    if (fixed !== undefined) return [fixed];
    const learnedTransport = record?.state.learnedTransport;
    const order = [...(learnedTransport === undefined ? [] : [learnedTransport]), ...this.#options.defaultTransports];
    return [...new Set(order)];
  }

  rememberTransport(deviceId: string, transport: MediaTransport): void {
    const record = this.#table.get(deviceId);
    if (record !== undefined) this.#table.update(record, { learnedTransport: transport });
  }

  touch(deviceId: string): void {
    this.#table.touch(deviceId);
  }

  async invite(options: LiveInvite): Promise<LiveSession> {
    return this.#inviter.invite(this.#access.online(options.deviceId), options);
  }

  trace(filter: Parameters<Platform['trace']>[0]): TraceEntry[] {
    return this.#trace.read(filter);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#interview.close();
    this.#closing.abort();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(() => limit.resolve(), CLOSE_MS);
    await Promise.race([Promise.all([this.#inviter.close(), this.reports.close()]), limit.promise]);
    clearTimeout(timer);
    await this.#engine?.close();
    this.#table.close();
  }

  async #info(record: DeviceRecord, signal?: AbortSignal): Promise<Device> {
    const { id } = record;
    return this.#operations.told(record, await this.queries.info({ deviceId: id, channelId: id }, { signal }));
  }

  #requireEngine(): SipEngine {
    if (this.#engine === undefined || this.#closing.signal.aborted) throw new RequestAbortedError('platform');
    return this.#engine;
  }

  #onWire(wire: WireMessage): void {
    this.#statistics.count(wire);
    if (this.#options.traceEntries === 0) return;
    const entry = this.#trace.add(wire);
    if (this.listenerCount('trace') > 0) this.#tell('trace', entry());
  }

  #tell<K extends keyof PlatformEvents>(event: K, ...args: PlatformEvents[K]): void {
    safeEmit<PlatformEvents, K>(this, this.#log, event, ...args);
  }
}
