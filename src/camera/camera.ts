import { EventEmitter } from 'node:events';
import type { AlarmFacts, CatalogEvent } from '../gb28181/manscdp/index.ts';
import { createSipEngine, type Flow, type SipEngine } from '../sip/index.ts';
import { safeEmit, silentLogger, type Logger } from '../util/index.ts';
import type { Behaviour } from './behaviour.ts';
import { Calls } from './calls.ts';
import { createDevices, type DeviceIndex } from './device.ts';
import { CameraNotReadyError } from './errors.ts';
import { wallClockMs } from './frame-log.ts';
import { PlatformLink } from './link.ts';
import { openMediaSource, type MediaSource } from './media-source.ts';
import { createNetworkFault, seededRandom } from './network-fault.ts';
import { behaviourWith } from './quirks.ts';
import { Recordings } from './recordings.ts';
import { Reports } from './reports.ts';
import { RequestHandler } from './request-handler.ts';
import { Registration } from './registration.ts';
import { localAddressTowards, resolveServer, type ServerAddress } from './route.ts';
import type { Camera, CameraCounters, CameraEvents, CameraOptions, CameraSession } from './types.ts';
import { Wheel } from './wheel.ts';
import { openWireRelay, type WireRelay } from './wire-relay.ts';

const USER_AGENT = 'gbrtc-camera';
const DEFAULTS = {
  keepaliveSec: 60,
  expiresSec: 3_600,
  maxSessions: 32,
  catalogBatch: 4,
  recordBatch: 4,
  recordMinutes: 60,
  answerTimeoutMs: 5_000,
} as const;
/** REGISTERs of a crowd that are under way together. */
const REGISTER_PARALLEL = 100;
const READY_TIMEOUT_MS = 10_000;
const GOODBYE_MS = 1_000;

/**
 * Opens the sockets of a virtual camera and begins to register; `ready()` waits for the end of that.
 * @throws CameraOptionError, ClipError, ListenError
 */
export async function createCamera(options: CameraOptions): Promise<Camera> {
  const behaviour = behaviourWith(options.quirks ?? []);
  const server = await resolveServer(options.server);
  const localAddress = options.localAddress ?? (await localAddressTowards(server));
  const camera = new VirtualCamera(options, { behaviour, server, localAddress });
  try {
    await camera.open();
  } catch (error) {
    await camera.powerOff();
    throw error;
  }
  return camera;
}

interface Surroundings {
  readonly behaviour: Behaviour;
  readonly server: ServerAddress;
  readonly localAddress: string;
}

type State = 'opening' | 'open' | 'closing' | 'closed';

class VirtualCamera extends EventEmitter<CameraEvents> implements Camera {
  readonly localAddress: string;
  readonly deviceIds: readonly string[];
  readonly #options: CameraOptions;
  readonly #surroundings: Surroundings;
  readonly #log: Logger;
  readonly #wheel = new Wheel();
  readonly #devices: DeviceIndex;
  readonly #registrations = new Map<string, Registration>();
  readonly #counters = {
    frames: 0,
    packets: 0,
    bytes: 0,
    dropped: 0,
    keyFrameRequests: 0,
    registers: 0,
    keepalives: 0,
    keepalivesFailed: 0,
  };
  readonly #recordings: Recordings;
  readonly #calls: Calls;
  #engine: SipEngine | undefined;
  #relay: WireRelay | undefined;
  #requests: RequestHandler | undefined;
  #link: PlatformLink | undefined;
  #reports: Reports | undefined;
  #state: State = 'opening';
  #closing: Promise<void> | undefined;

  constructor(options: CameraOptions, surroundings: Surroundings) {
    super();
    // Tests and the command line listen to one camera from many places.
    this.setMaxListeners(0);
    this.#options = options;
    this.#surroundings = surroundings;
    this.#log = options.log ?? silentLogger;
    this.localAddress = surroundings.localAddress;
    this.#devices = createDevices(options);
    this.deviceIds = this.#devices.all.map(({ id }) => id);
    const source = this.#openMedia();
    this.#recordings = new Recordings({
      bytesPerSec: source.main.bytesPerSec,
      now: Date.now,
      fileMs: (options.recordMinutes ?? DEFAULTS.recordMinutes) * 60_000,
    });
    this.#calls = this.#createCalls(source);
  }

  get sipPort(): number {
    return this.#engine?.listening[0]?.port ?? 0;
  }

  get registered(): number {
    let count = 0;
    for (const registration of this.#registrations.values()) count += registration.registered ? 1 : 0;
    return count;
  }

  get sessions(): readonly CameraSession[] {
    return this.#calls.sessions;
  }

  get counters(): CameraCounters {
    return { ...this.#counters };
  }

  channelIds(deviceId?: string): readonly string[] {
    const devices = this.#devices.all.filter(({ id }) => deviceId === undefined || id === deviceId);
    return devices.flatMap(({ channels }) => channels.map(({ id }) => id));
  }

  frameSentAt(index: number, options: { before?: number; channelId?: string } = {}): number | undefined {
    return this.#calls.frameSentAt(index, options.before ?? wallClockMs(), options.channelId);
  }

  hangUp(channelId?: string): Promise<void> {
    return this.#calls.hangUp(channelId);
  }

  async open(): Promise<void> {
    const { behaviour, server } = this.#surroundings;
    const protocol = this.#options.sipTransport ?? 'udp';
    const engine = await createSipEngine({
      listen: [{ protocol, address: this.localAddress, port: this.#options.localPort ?? 0 }],
      userAgent: USER_AGENT,
      onRequest: (incoming) => {
        this.#requests?.handle(incoming);
      },
      onFlowClosed: (flow) => {
        this.#onFlowClosed(flow);
      },
      log: this.#log,
    });
    this.#engine = engine;
    let target = { protocol, address: server.address, port: server.port };
    if (behaviour.wireFaults.length > 0 || behaviour.rotatesPort) {
      this.#relay = await openWireRelay({
        protocol,
        localAddress: this.localAddress,
        serverAddress: server.address,
        serverPort: server.port,
        faults: behaviour.wireFaults,
        rotatesPort: behaviour.rotatesPort,
      });
      target = { protocol, address: this.localAddress, port: this.#relay.port };
    }
    const link = this.#createLink(engine, target);
    this.#link = link;
    this.#reports = this.#createReports(link);
    this.#requests = this.#createRequestHandler(link, this.#reports);
    this.#createRegistrations(link);
    this.#state = 'open';
    void this.#registerAll();
  }

  async ready(timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    const wanted = this.#devices.all.length;
    if (this.registered === wanted) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        timer.cancel();
        this.off('registered', check);
        this.off('closed', check);
        if (error === undefined) resolve();
        else reject(error);
      };
      const check = (): void => {
        if (this.#state === 'closed') settle(new CameraNotReadyError('the camera was closed'));
        else if (this.registered === wanted) settle();
      };
      const timer = this.#wheel.after(timeoutMs, () => {
        settle(new CameraNotReadyError(`${this.registered} of ${wanted} devices registered after ${timeoutMs} ms`));
      });
      this.on('registered', check);
      this.on('closed', check);
    });
  }

  alarm(channelId: string, facts?: Partial<AlarmFacts>): Promise<void> {
    return this.#reports?.alarm(channelId, facts) ?? Promise.resolve();
  }

  setChannel(channelId: string, event: CatalogEvent): Promise<void> {
    return this.#reports?.setChannel(channelId, event) ?? Promise.resolve();
  }

  close(): Promise<void> {
    this.#closing ??= this.#sayGoodbye().then(() => this.#shut());
    return this.#closing;
  }

  powerOff(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #sayGoodbye(): Promise<void> {
    this.#state = 'closing';
    const patience = new Promise<void>((resolve) => this.#wheel.after(GOODBYE_MS, resolve));
    await Promise.race([this.#calls.hangUp(), patience]);
    const leaving = Array.from(this.#registrations.values(), (registration) => registration.close(true));
    await Promise.race([Promise.all(leaving), patience]);
  }

  async #shut(): Promise<void> {
    this.#state = 'closed';
    this.#calls.drop();
    this.#reports?.close();
    for (const registration of this.#registrations.values()) void registration.close(false);
    // Before the engine: its end rejects requests, whose timers would still be waiting.
    this.#wheel.close();
    this.#relay?.close();
    await this.#engine?.close();
    safeEmit<CameraEvents, 'closed'>(this, this.#log, 'closed');
  }

  #createLink(engine: SipEngine, target: { protocol: 'udp' | 'tcp'; address: string; port: number }): PlatformLink {
    const { serverId, domain, answerTimeoutMs } = this.#options;
    return new PlatformLink(engine, {
      target,
      serverId,
      domain: domain ?? serverId.slice(0, 10),
      charset: this.#surroundings.behaviour.charset,
      sendVersion: this.#surroundings.behaviour.edition === '2022',
      answerTimeoutMs: answerTimeoutMs ?? DEFAULTS.answerTimeoutMs,
      wheel: this.#wheel,
    });
  }

  #openMedia(): MediaSource {
    const { audio = true, clip, fps = 25, bitrateKbps } = this.#options;
    return openMediaSource({ behaviour: this.#surroundings.behaviour, clip, fps, bitrateKbps, audio });
  }

  #createCalls(source: MediaSource): Calls {
    const { behaviour, localAddress } = this.#surroundings;
    const { audio = true, lossPercent = 0, reorderPercent = 0, seed = 1 } = this.#options;
    return new Calls({
      localAddress,
      behaviour,
      source,
      audio,
      only: this.#options.only ?? ['udp', 'tcp-passive', 'tcp-active'],
      onlyMode: this.#options.onlyMode ?? 'refuse',
      maxSessions: this.#options.maxSessions ?? DEFAULTS.maxSessions,
      random: seededRandom(seed),
      order: createNetworkFault({ lossPercent, reorderPercent, seed }),
      wheel: this.#wheel,
      counters: this.#counters,
      log: this.#log,
      onFrame: this.#options.onFrame,
      onStarted: (session) => this.#tell('sessionStarted', session),
      onEnded: (session, reason) => this.#tell('sessionEnded', session, reason),
      onRefused: (channelId, status) => this.#tell('refused', channelId, status),
      onControlled: (session, request) => this.#tell('controlled', session, request),
      recordings: this.#recordings,
      sendMessage: async (deviceId, parts) => this.#link?.message(deviceId, parts),
    });
  }

  #createReports(link: PlatformLink): Reports {
    const { place, moving = false, alarmEverySec = 0, flappingSec = 0 } = this.#options;
    return new Reports({
      devices: this.#devices,
      link,
      wheel: this.#wheel,
      log: this.#log,
      place,
      moving,
      alarmEverySec,
      flappingSec,
      onSubscribed: (deviceId, kind, active) => this.#tell('subscribed', deviceId, kind, active),
    });
  }

  #createRequestHandler(link: PlatformLink, reports: Reports): RequestHandler {
    return new RequestHandler({
      devices: this.#devices,
      calls: this.#calls,
      link,
      log: this.#log,
      facts: {
        localAddress: this.localAddress,
        sipPort: this.sipPort,
        catalogBatch: this.#options.catalogBatch ?? DEFAULTS.catalogBatch,
        recordBatch: this.#options.recordBatch ?? DEFAULTS.recordBatch,
        recordings: this.#recordings,
        reports,
        expiresSec: this.#options.expiresSec ?? DEFAULTS.expiresSec,
        keepaliveSec: this.#options.keepaliveSec ?? DEFAULTS.keepaliveSec,
        behaviour: this.#surroundings.behaviour,
      },
      restart: (deviceId) => this.#restart(deviceId),
      onControl: (channelId, control) => this.#tell('control', channelId, control),
      onPtz: (channelId, command) => this.#tell('ptz', channelId, command),
      onKeyFrame: (channelId) => this.#tell('keyFrameRequested', channelId),
      onReboot: (deviceId) => this.#tell('reboot', deviceId),
      onCommand: (deviceId, cmdType) => this.#tell('command', deviceId, cmdType),
    });
  }

  /** Sessions end, subscriptions are forgotten, the device is away for a moment and registers again. */
  async #restart(deviceId: string): Promise<void> {
    const device = this.#devices.device(deviceId);
    if (device !== undefined) this.#reports?.restarted(device);
    await this.#calls.release(deviceId);
    await this.#registrations.get(deviceId)?.restart();
  }

  #createRegistrations(link: PlatformLink): void {
    const { password, username, expiresSec, keepaliveSec } = this.#options;
    for (const [n, device] of this.#devices.all.entries()) {
      this.#registrations.set(
        device.id,
        new Registration({
          device,
          link,
          wheel: this.#wheel,
          username: username ?? device.id,
          password,
          expiresSec: expiresSec ?? DEFAULTS.expiresSec,
          sendExpires: this.#surroundings.behaviour.sendExpires,
          keepaliveSec: keepaliveSec ?? DEFAULTS.keepaliveSec,
          phase: n / this.#devices.all.length,
          counters: this.#counters,
          onRegistered: () => this.#tell('registered', device.id),
          onFailed: (reason) => this.#tell('registrationFailed', device.id, reason),
          onUnregistered: () => this.#tell('unregistered', device.id),
          onPlatformLost: () => void this.#calls.release(device.id),
        }),
      );
    }
  }

  /** A crowd registers a hundred at a time: no burst that the platform's rate limit would have to refuse. */
  async #registerAll(): Promise<void> {
    const waiting = this.#registrations.values();
    const worker = async (): Promise<void> => {
      for (const registration of waiting) {
        if (this.#state !== 'open') return;
        await registration.register();
      }
    };
    await Promise.all(Array.from({ length: Math.min(REGISTER_PARALLEL, this.#registrations.size) }, worker));
  }

  #onFlowClosed(flow: Flow): void {
    if (this.#state !== 'open' || flow.protocol !== 'tcp') return;
    for (const registration of this.#registrations.values()) registration.connectionLost();
  }

  #tell<K extends keyof CameraEvents>(event: K, ...args: CameraEvents[K]): void {
    safeEmit<CameraEvents, K>(this, this.#log, event, ...args);
  }
}
