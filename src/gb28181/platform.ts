import { EventEmitter } from 'node:events';
import type { SipEngine, SipEngineOptions, SipListen } from '../sip/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import { AccessList } from './access-list.ts';
import type { Capability, CapabilityStore } from './capability/types.ts';
import { Catalogues } from './catalogue/catalogues.ts';
import { CATALOG_TIMES } from './catalogue/collector.ts';
import type { CatalogResult, CatalogScope, Channel } from './catalogue/types.ts';
import { prepareCharsets } from './charset.ts';
import { Commander } from './commander.ts';
import { DeviceAccess } from './device-access.ts';
import { DeviceOperations } from './device-operations.ts';
import type { ReportStores } from './device-reports-types.ts';
import { ReportIntake } from './device-reports.ts';
import { DeviceDirectory } from './device/directory.ts';
import type { DeviceRecord } from './device/record.ts';
import { DEFAULT_SETTINGS, type DeviceSettings, type MediaTransport, type SettingsInForce } from './device/settings.ts';
import { DeviceTable, type DeviceTableListener } from './device/table.ts';
import type { Admission, Device, DeviceStore } from './device/types.ts';
import { ChannelOverrides } from './groups/overrides.ts';
import type { ChannelOverride, OverrideStore } from './groups/types.ts';
import { Interview } from './interview.ts';
import { MEDIA_STATUS_FILE_END, parseMediaStatus, type Manscdp } from './manscdp/index.ts';
import { MediaAddresses } from './media-address.ts';
import { MessageHandlers } from './message-handlers.ts';
import { PendingTable } from './pending-table.ts';
import { encodePtz, ptzOfMove, type PtzMove } from './ptz.ts';
import { RecordLists } from './records/record-lists.ts';
import type { RecordList, RecordQuery } from './records/types.ts';
import { createRegistrar } from './registrar.ts';
import { RequestRouter } from './request-router.ts';
import type { CollectTimes } from './response-collector.ts';
import { Inviter } from './session/invite.ts';
import type { LiveInvite, LiveSession, SsrcLease } from './session/types.ts';
import { Signalling } from './signalling.ts';
import type { SipCounters, TraceEntry } from './sip-types.ts';
import { SsrcAllocator } from './ssrc.ts';
import type { Platform, PlatformEvents, PlatformOptions } from './types.ts';

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
  readonly #table: DeviceTable;
  readonly #directory: DeviceDirectory;
  readonly #pending = new PendingTable();
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
  readonly #signalling: Signalling;
  readonly #closing = new AbortController();
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
    const listener = this.#listener();
    const defaults = { ...DEFAULT_SETTINGS, dateHeader: options.dateHeader };
    const table = new DeviceTable({ serial, keepaliveTimeoutMinSec, defaults, store, overrides, listener, now, log });
    this.#table = table;
    this.#directory = new DeviceDirectory(table, { settings: defaults, transports: options.defaultTransports });
    const closing = this.#closing.signal;
    const onTraced = (entry: () => TraceEntry): void => {
      if (this.listenerCount('trace') > 0) this.#tell('trace', entry());
    };
    const signalling = new Signalling(options, { table, closing, onTraced, log });
    this.#signalling = signalling;
    this.#ssrcs = new SsrcAllocator(serial);
    this.#mediaAddresses = new MediaAddresses(options.mediaAddress, now);
    const engine = (): SipEngine => signalling.engine;
    const onSent: Signalling['own'] = (record, request) => signalling.own(record, request);
    const pending = this.#pending;
    const commander = new Commander({ serial, realm, engine, pending, responseTimeoutMs, onSent });
    this.#access = new DeviceAccess({ commander, pending, closing, table });
    this.#records = new RecordLists(this.#access, now);
    this.#operations = new DeviceOperations({
      access: this.#access,
      store: parts.capabilities,
      handlers: this.#handlers,
      responseTimeoutMs,
      now,
      update: (record, change) => table.update(record, change),
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

  #listener(): DeviceTableListener {
    return {
      online: (device) => {
        this.#operations.upgrades.online(device.id);
        this.#tell('deviceOnline', device);
      },
      offline: (device) => {
        this.#operations.upgrades.offline(device.id);
        this.#tell('deviceOffline', device);
      },
      changed: (device) => this.#tell('deviceChanged', device),
      // It may do what the one before refused.
      otherSoftware: (deviceId) => this.#operations.capabilities.forget(deviceId),
      removed: (deviceId) => {
        this.#operations.forget(deviceId);
        this.#tell('deviceRemoved', deviceId);
      },
      catalogChanged: (deviceId, result) => this.#tell('catalogChanged', deviceId, result),
    };
  }

  #createRouter(): RequestRouter {
    const { allow, deny, serial } = this.#options;
    const shared = { table: this.#table, access: new AccessList(allow, deny), now: this.#now, log: this.#log };
    const registrar = createRegistrar(this.#options, {
      ...shared,
      onOnline: (record) => this.#interview.add(record),
      onRestarted: (record) => this.#restarted(record),
      onUnregistered: (record) => this.#inviter.endAll(record.id),
    });
    return new RequestRouter({
      ...shared,
      serial,
      registrar,
      pending: this.#pending,
      handlers: this.#handlers,
      onStrangersMediaStatus: (message, callId) => this.#mediaStatus(message, callId),
      onNotify: (notify) => this.reports.noteNotify(notify),
      subscribed: (callId) => this.reports.subscribed(callId),
    });
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
    prepareCharsets();
    try {
      await this.#signalling.open(createEngine, (incoming) => this.#router.handle(incoming));
    } catch (error) {
      this.#table.close();
      throw error;
    }
  }

  get listening(): readonly SipListen[] {
    return this.#signalling.listening;
  }

  get counters(): SipCounters {
    return { ...this.#signalling.counters, pending: this.#pending.size };
  }

  devices(): Device[] {
    return this.#directory.devices();
  }

  device(id: string): Device | undefined {
    return this.#directory.device(id);
  }

  channels(deviceId?: string): Channel[] {
    return this.#directory.channels(deviceId);
  }

  channel(deviceId: string, channelId: string): Channel | undefined {
    return this.#directory.channel(deviceId, channelId);
  }

  findChannel(channelId: string): Channel | undefined {
    return this.#directory.findChannel(channelId);
  }

  updateSettings(deviceId: string, settings: DeviceSettings): Device {
    return this.#table.updateSettings(this.#access.known(deviceId), settings);
  }

  settingsInForce(deviceId: string): SettingsInForce {
    return this.#directory.settingsInForce(deviceId);
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
    return this.#directory.mediaTransports(deviceId);
  }

  rememberTransport(deviceId: string, transport: MediaTransport): void {
    this.#directory.rememberTransport(deviceId, transport);
  }

  touch(deviceId: string): void {
    this.#table.touch(deviceId);
  }

  async invite(options: LiveInvite): Promise<LiveSession> {
    return this.#inviter.invite(this.#access.online(options.deviceId), options);
  }

  trace(filter: Parameters<Platform['trace']>[0]): TraceEntry[] {
    return this.#signalling.trace(filter);
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
    await this.#signalling.close();
    this.#table.close();
  }

  async #info(record: DeviceRecord, signal?: AbortSignal): Promise<Device> {
    const { id } = record;
    return this.#operations.told(record, await this.queries.info({ deviceId: id, channelId: id }, { signal }));
  }

  #tell<K extends keyof PlatformEvents>(event: K, ...args: PlatformEvents[K]): void {
    safeEmit<PlatformEvents, K>(this, this.#log, event, ...args);
  }
}
