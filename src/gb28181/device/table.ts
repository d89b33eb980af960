import { ownText, type Flow } from '../../sip/index.ts';
import { errorMessage, type Logger } from '../../util/index.ts';
import type { CatalogResult, Channel } from '../catalogue/types.ts';
import { DeadlineWheel } from '../deadline-wheel.ts';
import { ChannelUnknownError } from '../errors.ts';
import { asTold, ChannelOverrides } from '../groups/overrides.ts';
import type { ChannelOverride } from '../groups/types.ts';
import { DeviceRecord, deviceKey, newDevice, wireIdOf } from './record.ts';
import type { DeviceSettings, EffectiveSettings } from './settings.ts';
import type { Admission, Device, DeviceStore } from './types.ts';

/** Facts that the table tells; snapshots, never records. */
export interface DeviceTableListener {
  online(device: Device): void;
  offline(device: Device): void;
  changed(device: Device): void;
  /** It registers with another User-Agent than before. */
  otherSoftware(deviceId: string): void;
  removed(deviceId: string): void;
  catalogChanged(deviceId: string, result: CatalogResult): void;
}

export interface DeviceTableOptions {
  readonly serial: string;
  readonly keepaliveTimeoutMinSec: number;
  /** For what neither the operator nor a profile sets. */
  readonly defaults?: EffectiveSettings;
  readonly store: DeviceStore;
  /** Names and positions by the operator. */
  readonly overrides?: ChannelOverrides;
  readonly listener: DeviceTableListener;
  readonly now: () => number;
  readonly log: Logger;
}

export type OfflineReason =
  | 'unregistered'
  | 'keepalive_timeout'
  | 'expired'
  | 'tcp_closed'
  | 'restarted'
  | 'not_admitted';

/** What a registration sets. */
export interface Registration {
  readonly expiresSec: number;
  readonly userAgent: string;
  readonly gbVersion: string;
}

/** What a registration was: the first since the device was away, the first since it restarted, or one more. */
export type RegistrationKind = 'online' | 'restarted' | 'refreshed';

const MAX_DEVICES = 100_000;
/** Devices nobody has approved yet must not fill the table. */
const MAX_NOT_APPROVED = 5_000;
/** Keepalives without a registration after which the device is believed anyway, see `accept`. */
const REVIVING_KEEPALIVES = 3;

/** All known devices: identity, path, online state (GB/T 28181 3.8, quirks P8) and channels. */
export class DeviceTable {
  readonly #options: DeviceTableOptions;
  readonly #records = new Map<string, DeviceRecord>();
  /** Devices behind each open TCP connection. */
  readonly #byConnection = new Map<string, Set<DeviceRecord>>();
  readonly #wheel: DeadlineWheel<DeviceRecord>;
  readonly #overrides: ChannelOverrides;
  #notApproved = 0;

  constructor(options: DeviceTableOptions) {
    this.#options = options;
    this.#overrides = options.overrides ?? new ChannelOverrides();
    this.#wheel = new DeadlineWheel(options.now, (record) => this.#due(record));
    for (const device of options.store.loadDevices()) this.#load(device);
    for (const channel of options.store.loadChannels())
      this.#records.get(channel.deviceId)?.channels.set(channel.id, this.#overrides.apply(channel));
  }

  #load(device: Device): void {
    const record = new DeviceRecord(device, wireIdOf(device.id, this.#options.serial), this.#options.defaults);
    if (device.online) {
      record.state.online = false;
      record.state.offlineReason = 'restarted';
    }
    this.#records.set(device.id, record);
    if (device.admission !== 'approved') this.#notApproved += 1;
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  /** A device or a channel has this ID. */
  knows(id: string): boolean {
    if (this.#records.has(id)) return true;
    for (const record of this.#records.values()) if (record.channels.has(id)) return true;
    return false;
  }

  all(): IterableIterator<DeviceRecord> {
    return this.#records.values();
  }

  /** The device that a request comes from: by the user of From, which for the platform's own ID needs the address. */
  sender(user: string | undefined, flow: Flow): DeviceRecord | undefined {
    if (user === undefined) return undefined;
    return this.#records.get(deviceKey(user, this.#options.serial, flow.remoteAddress));
  }

  /** A device that was last heard from this address and has the channel. Only for senders who name no device. */
  atAddressWithChannel(address: string, channelId: string): DeviceRecord | undefined {
    for (const record of this.#records.values())
      if (record.channels.has(channelId) && record.state.sourceAddress === address) return record;
    return undefined;
  }

  /** Finds or makes the device; undefined when the table is full. */
  admit(user: string, flow: Flow, admission: Admission): DeviceRecord | undefined {
    // A device stays: it must not keep the message that it came in.
    const wireId = ownText(user);
    const id = deviceKey(wireId, this.#options.serial, flow.remoteAddress);
    const known = this.#records.get(id);
    if (known !== undefined) return known;
    if (this.#records.size >= MAX_DEVICES) return undefined;
    if (admission !== 'approved' && this.#notApproved >= MAX_NOT_APPROVED) return undefined;
    const record = new DeviceRecord({ ...newDevice(id, flow), admission }, wireId, this.#options.defaults);
    this.#records.set(id, record);
    if (admission !== 'approved') this.#notApproved += 1;
    return record;
  }

  /** Notes a device that may not register (yet), so that the operator sees it. */
  noteRefused(record: DeviceRecord, flow: Flow, { userAgent, gbVersion }: Registration): void {
    const isNew = record.state.lastSeenAt === 0;
    record.state.lastSeenAt = this.#options.now();
    this.#attach(record, flow);
    Object.assign(record.state, { userAgent, gbVersion });
    this.#save(record);
    if (isNew) this.#options.listener.changed(record.snapshot());
  }

  /** A REGISTER was accepted. */
  register(record: DeviceRecord, flow: Flow, registration: Registration, callId: string): RegistrationKind {
    const now = this.#options.now();
    const { state } = record;
    const moved = this.#attach(record, flow);
    const named = state.userAgent !== '' && registration.userAgent !== '';
    const otherAgent = state.userAgent !== registration.userAgent;
    const differs = otherAgent || state.gbVersion !== registration.gbVersion;
    Object.assign(state, registration, { registeredAt: now, lastSeenAt: now });
    const wasOffline = !state.online;
    const restarted = !wasOffline && record.registrationCallId.refreshed(callId);
    if (wasOffline) record.registrationCallId.begun(callId);
    if (named && otherAgent) this.#options.listener.otherSoftware(record.id);
    if (wasOffline) this.#goOnline(record);
    else if (moved || differs) this.#options.listener.changed(record.snapshot());
    this.#schedule(record);
    this.#save(record);
    if (wasOffline) return 'online';
    return restarted ? 'restarted' : 'refreshed';
  }

  /**
   * A request other than REGISTER came from a known device. True when it counts as life; false means 403, so that
   * the device registers again.
   *
   * Requests other than REGISTER carry no digest: from another address than the registered one they could be anybody's,
   * and believing them would lead the device's signalling there. A device that moved proves itself by registering
   * again; another port of its address is a NAT that gave up the old one.
   *
   * A device whose connection broke, or that registered with an earlier run of this process, has to register again
   * (GB/T 28181 2.2). Huawei units never do, they only go on with keepalives: the third one within the old
   * registration is believed.
   */
  accept(record: DeviceRecord, flow: Flow, keepalive: boolean): boolean {
    const { state } = record;
    const now = this.#options.now();
    if (state.admission !== 'approved' || now > record.registeredUntil) return false;
    if (state.sourceAddress !== flow.remoteAddress) return false;
    if (!state.online && !this.#mayRevive(record, keepalive)) return false;
    state.lastSeenAt = now;
    if (keepalive) state.keepaliveCount += 1;
    const moved = this.#attach(record, flow);
    if (!state.online) this.#goOnline(record);
    else if (!moved) return true;
    else this.#options.listener.changed(record.snapshot());
    this.#schedule(record);
    this.#save(record);
    return true;
  }

  #mayRevive(record: DeviceRecord, keepalive: boolean): boolean {
    const reason = record.state.offlineReason;
    if (reason === 'keepalive_timeout') return true;
    if (!keepalive || (reason !== 'tcp_closed' && reason !== 'restarted')) return false;
    record.refusedKeepalives += 1;
    return record.refusedKeepalives >= REVIVING_KEEPALIVES;
  }

  /** Life that came by another way, e.g. RTP. Does not prolong the registration. */
  touch(deviceId: string): void {
    const record = this.#records.get(deviceId);
    if (record?.state.online === true) record.state.lastSeenAt = this.#options.now();
  }

  /** Idempotent. */
  takeOffline(record: DeviceRecord, reason: OfflineReason): void {
    const { state } = record;
    if (reason === 'unregistered') state.expiresSec = 0;
    if (!state.online) return;
    state.online = false;
    state.offlineReason = reason;
    record.refusedKeepalives = 0;
    this.#wheel.remove(record);
    this.#save(record);
    this.#options.log.info({ deviceId: record.id, reason }, 'device offline');
    this.#options.listener.offline(record.snapshot());
  }

  /** GB/T 28181 2.2: with its TCP connection a device is gone until it registers again. */
  connectionClosed(flow: Flow): void {
    const records = this.#byConnection.get(flow.id);
    this.#byConnection.delete(flow.id);
    for (const record of records ?? []) {
      record.flow = undefined;
      this.takeOffline(record, 'tcp_closed');
    }
  }

  updateSettings(record: DeviceRecord, settings: DeviceSettings): Device {
    record.state.settings = { ...settings };
    if (record.state.online) this.#schedule(record);
    return this.#changed(record);
  }

  setAdmission(record: DeviceRecord, admission: Admission): Device {
    const { state } = record;
    this.#notApproved += Number(admission !== 'approved') - Number(state.admission !== 'approved');
    state.admission = admission;
    if (admission !== 'approved') this.takeOffline(record, 'not_admitted');
    return this.#changed(record);
  }

  /** Changes what the device told about itself, or what was learned about it. */
  update(record: DeviceRecord, change: Partial<Device>): Device {
    const { state } = record;
    const keys = Object.keys(change) as Array<keyof Device>;
    if (keys.every((key) => state[key] === change[key])) return record.snapshot();
    Object.assign(state, change);
    if (state.online) this.#schedule(record);
    return this.#changed(record);
  }

  #changed(record: DeviceRecord): Device {
    this.#save(record);
    const snapshot = record.snapshot();
    this.#options.listener.changed(snapshot);
    return snapshot;
  }

  /** Replaces (`sweep`) or merges the channels; `channels` is the whole new list in either case. */
  setChannels(record: DeviceRecord, channels: readonly Channel[], result: CatalogResult): void {
    // Removed while its answer was under way.
    if (this.#records.get(record.id) !== record) return;
    record.channels.clear();
    for (const channel of channels) record.channels.set(channel.id, this.#overrides.apply(channel));
    this.#options.store.saveChannels(record.id, channels.map(asTold), result.complete);
    this.update(record, { channelCount: record.channels.size });
    this.#options.listener.catalogChanged(record.id, result);
  }

  /** Puts and takes single channels. */
  changeChannels(record: DeviceRecord, changed: readonly Channel[], removed: readonly string[]): void {
    for (const id of removed) record.channels.delete(id);
    for (const channel of changed) record.channels.set(channel.id, this.#overrides.apply(channel));
    this.#options.store.saveChannels(record.id, changed.map(asTold), false);
    this.#options.store.deleteChannels(record.id, removed);
    this.update(record, { channelCount: record.channels.size });
    const { size } = record.channels;
    this.#options.listener.catalogChanged(record.id, { sumNum: size, received: changed.length, complete: false });
  }

  override(record: DeviceRecord, channelId: string, override: ChannelOverride): Channel {
    const channel = record.channels.get(channelId);
    if (channel === undefined) throw new ChannelUnknownError(record.id, channelId);
    this.#overrides.set({ deviceId: record.id, channelId }, override);
    const changed = this.#overrides.apply(channel);
    record.channels.set(channelId, changed);
    const received = record.channels.size;
    this.#options.listener.catalogChanged(record.id, { sumNum: received, received, complete: true });
    return changed;
  }

  /** Forgets an offline device; false when it is online or not known. */
  remove(deviceId: string): boolean {
    const record = this.#records.get(deviceId);
    if (record === undefined || record.state.online) return false;
    if (record.state.admission !== 'approved') this.#notApproved -= 1;
    this.#detach(record);
    this.#wheel.remove(record);
    this.#records.delete(deviceId);
    this.#options.store.deleteDevice(deviceId);
    this.#overrides.forget(deviceId, record.channels.keys());
    this.#options.listener.removed(deviceId);
    return true;
  }

  /** Writes the last state of every device that is online. */
  close(): void {
    this.#wheel.close();
    for (const record of this.#records.values()) if (record.state.online) this.#save(record);
  }

  #goOnline(record: DeviceRecord): void {
    record.state.online = true;
    record.refusedKeepalives = 0;
    delete record.state.offlineReason;
    const { sourceAddress, sourcePort, protocol } = record.state;
    this.#options.log.info({ deviceId: record.id, sourceAddress, sourcePort, protocol }, 'device online');
    this.#options.listener.online(record.snapshot());
  }

  #deadlineOf(record: DeviceRecord): number {
    const silent = record.state.lastSeenAt + record.silenceMs(this.#options.keepaliveTimeoutMinSec);
    return Math.min(silent, record.registeredUntil);
  }

  #schedule(record: DeviceRecord): void {
    record.deadlineAt = this.#deadlineOf(record);
    this.#wheel.schedule(record);
  }

  /** The wheel does not see keepalives: here the deadline is worked out again. */
  #due(record: DeviceRecord): void {
    const now = this.#options.now();
    if (this.#deadlineOf(record) > now) this.#schedule(record);
    else this.takeOffline(record, now >= record.registeredUntil ? 'expired' : 'keepalive_timeout');
  }

  /** True when the address or its port changed (quirks P11: requests go where the last message came from). */
  #attach(record: DeviceRecord, flow: Flow): boolean {
    const { state } = record;
    if (record.flow?.id !== flow.id) {
      this.#detach(record);
      if (flow.protocol === 'tcp') {
        const records = this.#byConnection.get(flow.id);
        if (records === undefined) this.#byConnection.set(flow.id, new Set([record]));
        else records.add(record);
      }
    }
    record.flow = flow;
    const same =
      state.sourceAddress === flow.remoteAddress &&
      state.sourcePort === flow.remotePort &&
      state.protocol === flow.protocol;
    if (same) return false;
    state.sourceAddress = flow.remoteAddress;
    state.sourcePort = flow.remotePort;
    state.protocol = flow.protocol;
    return true;
  }

  #detach(record: DeviceRecord): void {
    const { flow } = record;
    if (flow === undefined || flow.protocol !== 'tcp') return;
    const records = this.#byConnection.get(flow.id);
    records?.delete(record);
    if (records?.size === 0) this.#byConnection.delete(flow.id);
  }

  /** A store that fails must not keep devices from working. */
  #save(record: DeviceRecord): void {
    try {
      this.#options.store.saveDevice({ ...record.state });
    } catch (error) {
      this.#options.log.error({ deviceId: record.id, error: errorMessage(error) }, 'device not stored');
    }
  }
}
