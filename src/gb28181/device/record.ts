import { formatHostPort, type Flow, type Target } from '../../sip/index.ts';
import type { Channel } from '../catalogue/types.ts';
import type { Waiting } from '../deadline-wheel.ts';
import { sipUri } from '../sip-fields.ts';
import { RegistrationCallId } from './registration-call-id.ts';
import {
  DEFAULT_SETTINGS,
  resolveSettings,
  type Charset,
  type EffectiveSettings,
  type SettingsInForce,
} from './settings.ts';
import type { Device } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Keepalive interval until the device has told its own (GB/T 28181 5.1). */
export const DEFAULT_KEEPALIVE_SEC = 60;
const SIP_PORT = 5060;
/** Intervals beyond an hour are slips of the operator (some UIs take milliseconds). */
const MAX_KEEPALIVE_SEC = 3_600;

/** A device with what only the platform needs: the path to it, its deadline, its channels. */
export class DeviceRecord implements Waiting {
  readonly state: Mutable<Device>;
  /** ID on the wire; differs from `state.id` where several devices register with one ID. */
  readonly wireId: string;
  readonly channels = new Map<string, Channel>();
  /** Path of the last message; undefined until one came in this run. */
  flow: Flow | undefined;
  deadlineAt = 0;
  slot: number | undefined;
  /** Keepalives answered 403 since the device went away; see `DeviceTable.accept`. */
  refusedKeepalives = 0;
  readonly registrationCallId = new RegistrationCallId();
  /** Unix ms of the last automatic query round that worked. */
  syncedAt = 0;

  readonly #defaults: EffectiveSettings;
  #inForce: { readonly of: readonly unknown[]; readonly settings: SettingsInForce } | undefined;

  constructor(state: Device, wireId: string, defaults: EffectiveSettings = DEFAULT_SETTINGS) {
    this.state = { ...state };
    this.wireId = wireId;
    this.#defaults = defaults;
  }

  /** What is set, by whom; worked out anew when what it depends on changes. */
  get inForce(): SettingsInForce {
    const { settings, userAgent, manufacturer, gbVersion } = this.state;
    const of = [settings, userAgent, manufacturer, gbVersion];
    if (this.#inForce === undefined || of.some((each, at) => each !== this.#inForce?.of[at]))
      this.#inForce = { of, settings: resolveSettings(this.state, this.#defaults) };
    return this.#inForce.settings;
  }

  get settings(): EffectiveSettings {
    return this.inForce.effective;
  }

  get id(): string {
    return this.state.id;
  }

  /** Unix ms until which the registration holds, with some slack for a late refresh. */
  get registeredUntil(): number {
    const { registeredAt, expiresSec } = this.state;
    return registeredAt === 0 ? 0 : registeredAt + (expiresSec + Math.min(60, 5 + expiresSec / 10)) * 1000;
  }

  /** Milliseconds of silence after which the device is taken for gone (quirks P8). */
  silenceMs(minimumSec: number): number {
    const told = this.state.keepaliveIntervalSec;
    const interval = told > 0 && told <= MAX_KEEPALIVE_SEC ? told : DEFAULT_KEEPALIVE_SEC;
    const silence = this.settings.keepaliveTolerance * interval;
    // Whoever counts for this device means it.
    return (this.inForce.source.keepaliveTolerance === 'platform' ? Math.max(silence, minimumSec) : silence) * 1000;
  }

  /**
   * Where requests to the device go: the path of its last message (GB/T 28181 2.3), never its Contact. Over another
   * transport than that: its UDP port, which is its TCP port too, and 5060 where TCP tells nothing about it (1.6).
   */
  get target(): Target {
    const { flow } = this;
    const { protocol, sourceAddress: address, sourcePort } = this.state;
    const { sipTransport } = this.settings;
    const wanted = sipTransport === 'auto' ? protocol : sipTransport;
    if (flow !== undefined && !flow.closed && flow.protocol === wanted) return flow;
    return { protocol: wanted, address, port: wanted === 'udp' && protocol === 'tcp' ? SIP_PORT : sourcePort };
  }

  /** Request-URI for the device or one of its channels (GB/T 28181 1.7), in the form that the device takes. */
  requestUri(user: string, domain: string): string {
    const { sourceAddress, sourcePort } = this.state;
    return sipUri(user, this.settings.requestUriHost === 'domain' ? domain : formatHostPort(sourceAddress, sourcePort));
  }

  /** Of our requests. */
  get charset(): Charset {
    return this.settings.charset;
  }

  /** Of its messages; undefined where nobody has set one, then each tells by its bytes. */
  get ownCharset(): Charset | undefined {
    return this.inForce.source.charset === 'platform' ? undefined : this.charset;
  }

  /** What the outside sees: a copy, with the operator's name where there is one. */
  snapshot(): Device {
    const { settings } = this.state;
    return settings.name === undefined || settings.name === ''
      ? { ...this.state }
      : { ...this.state, name: settings.name };
  }
}

/** A device seen for the first time. */
export function newDevice(id: string, flow: Flow): Device {
  return {
    id,
    name: '',
    manufacturer: '',
    model: '',
    firmware: '',
    online: false,
    admission: 'approved',
    protocol: flow.protocol,
    sourceAddress: flow.remoteAddress,
    sourcePort: flow.remotePort,
    userAgent: '',
    gbVersion: '2.0',
    registeredAt: 0,
    lastSeenAt: 0,
    expiresSec: 0,
    keepaliveIntervalSec: DEFAULT_KEEPALIVE_SEC,
    keepaliveCount: 0,
    channelCount: 0,
    settings: {},
  };
}

/**
 * Key of a device: the user part of From. A device that registers with the platform's own ID (Hik 2022 with factory
 * settings) is told from others of its kind by its address.
 */
export function deviceKey(user: string, serial: string, address: string): string {
  return user === serial ? `${serial}-${address.replaceAll(':', '.')}` : user;
}

/** Inverse of `deviceKey`. */
export function wireIdOf(key: string, serial: string): string {
  return key.startsWith(`${serial}-`) ? serial : key;
}
