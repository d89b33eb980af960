import { join } from 'node:path';
import { consoleFolder, createApi, createRoomRights, type Api, type ListenOptions } from './api/index.ts';
import { openSecrets, type Config, type Secrets } from './config/index.ts';
import { createOwnGroups, type Platform, type Snapshots } from './gb28181/index.ts';
import { createMediaThreads, type MediaThreads } from './media/index.ts';
import { openPlatform, serveReports } from './gateway-platform.ts';
import { alertOfCalls, alertOfIce, openAlerts } from './gateway-alerts.ts';
import { openCallRecords } from './gateway-calls.ts';
import { factsOf, type GatewayFacts } from './gateway-facts.ts';
import { healthOf, metricsOf } from './gateway-health.ts';
import { openPms, openRecordCommands, openRtsp } from './gateway-media-ports.ts';
import { openMeetings } from './gateway-meeting.ts';
import { openRooms, type Rooms } from './gateway-rooms.ts';
import { openReports, type Reports } from './gateway-reports.ts';
import {
  createDownloads,
  createRecordings,
  createRecordThreads,
  type Downloads,
  type Recordings,
  type RecordThreads,
} from './record/index.ts';
import type { Pms } from './pms/index.ts';
import { openSnapshots } from './gateway-snapshots.ts';
import { redactConfig } from './redact-config.ts';
import { createPulls, type Pulls } from './rtsp/index.ts';
import type { Meetings } from './rooms/meeting/index.ts';
import { Supervision } from './gateway-supervision.ts';
import { about } from './start-error.ts';
import {
  createGroupStore,
  createMediaServerStore,
  createPullStore,
  createDownloadStore,
  createRecordingStore,
  openDatabase,
  type Calls,
  type Database,
} from './store/index.ts';
import { createStreams, type Streams } from './stream/index.ts';
import { createLogger, errorMessage, type Logger } from './util/index.ts';
import { webSocketListen } from './listen-ports.ts';
import { createWebRtc, type WebRtc } from './webrtc/index.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly demo: boolean;
  readonly version: string;
  /** Aborted while parts are opened: those that are open are closed, and `openGateway` rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface Gateway {
  readonly facts: GatewayFacts;
  readonly log: Logger;
  /** As /healthz says. */
  readonly healthy: () => boolean;
  /** Ends viewers, sends BYEs, closes every part in reverse order. Idempotent; @throws AggregateError with all failures */
  close(): Promise<void>;
}

interface Closer {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

/** Closes in reverse order, each whatever the others do. */
async function closeAll(closers: readonly Closer[], log: Logger): Promise<void> {
  const failures: unknown[] = [];
  for (const { name, close } of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      log.error({ part: name, error: errorMessage(error) }, 'part did not close');
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some parts did not close');
}

const mediaKey = ({ media }: Config): string =>
  media.ingest.mode === 'single' ? 'media.listen, media.ingest.port' : 'media.listen, media.port-min, media.port-max';

function openMedia(config: Config, log: Logger): Promise<MediaThreads> {
  const { media } = config;
  return createMediaThreads(
    {
      threads: media.threads,
      listenAddress: media.listen,
      portMin: media['port-min'],
      portMax: media['port-max'],
      quarantineMs: media['port-quarantine'],
      mode: media.ingest.mode,
      singlePort: media.ingest.port,
      reorderMs: media.reorder,
      receiveBufferBytes: media['receive-buffer'],
    },
    log,
  );
}

function openWebRtc(config: Config, addresses: readonly string[], log: Logger): Promise<WebRtc> {
  const { webrtc } = config;
  const announcedAddresses = webrtc.listen === '127.0.0.1' ? ['127.0.0.1'] : [...addresses];
  // A browser on this very machine, as in the first try, may have no other way than loopback.
  if (webrtc.listen === '0.0.0.0' && !announcedAddresses.includes('127.0.0.1')) announcedAddresses.push('127.0.0.1');
  return createWebRtc(
    {
      workers: webrtc.workers,
      listenAddress: webrtc.listen,
      basePort: webrtc.port,
      announcedAddresses,
      firstPacketMs: webrtc['first-packet-timeout'],
      silenceMs: webrtc['silence-timeout'],
    },
    log,
  );
}

/** What nobody publishes here is fetched from elsewhere. */
function openPulls({ config, version }: GatewayOptions, database: Database, streams: Streams, log: Logger): Pulls {
  const pulls = createPulls(
    {
      nodes: config.pull,
      nodeTimeoutMs: config.stream['pull-timeout'],
      idleTimeoutMs: config.stream['idle-timeout'],
      silenceMs: config.media['silence-timeout'],
      userAgent: `gbrtc/${version}`,
    },
    { streams, store: createPullStore(database), log },
  );
  streams.pullFrom(pulls);
  return pulls;
}

/** Recordings are one thread's work: it copies packets into files and encodes nothing. */
const RECORD_THREADS = 1;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

function openRecordings(
  { record }: Config,
  parts: { streams: Streams; threads: RecordThreads; database: Database; log: Logger },
): Recordings {
  const { streams, threads, database, log } = parts;
  return createRecordings(
    {
      path: record.recordPath,
      execRecordDone: record.execRecordDone,
      segmentMs: record.segmentMinutes * MINUTE_MS,
      maxAgeMs: record.retentionDays * DAY_MS,
      maxBytes: record.retentionBytes,
      minFreeBytes: record.minFreeBytes,
    },
    { streams, threads, store: createRecordingStore(database), log },
  );
}

interface Parts {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly database: Database;
  readonly calls: Calls;
  readonly media: MediaThreads;
  readonly webrtc: WebRtc;
  readonly platform: Platform;
  readonly sipListening: Platform['listening'];
  readonly snapshots: Snapshots;
  readonly streams: Streams;
  readonly pulls: Pulls;
  readonly threads: RecordThreads;
  readonly supervision: Supervision;
  readonly recordings: Recordings;
  readonly downloads: Downloads;
  readonly meetings: Meetings;
  /** Absent where all its ports are off. */
  readonly pms: Pms | undefined;
  readonly rooms: Rooms;
  readonly reports: Reports;
  readonly facts: GatewayFacts;
  readonly log: Logger;
}

function httpPorts({ http }: Config): ListenOptions[] {
  const tls = webSocketListen([{ port: http['ssl-listen'], secure: true }], {
    address: http.host,
    keyFile: http['key-file'],
    certFile: http['cert-file'],
    passPhrase: http['pass-phrase'],
  });
  return [
    { address: http.host, port: http.listen, purpose: 'main' as const },
    ...(http['srs-listen'] === 0 ? [] : [{ address: http.host, port: http['srs-listen'], purpose: 'srs' as const }]),
    ...tls.map((port) => ({ ...port, purpose: 'tls' as const })),
  ];
}

function openApi(parts: Parts, options: GatewayOptions): Promise<Api> {
  const {
    config,
    secrets,
    facts,
    platform,
    snapshots,
    streams,
    pulls,
    recordings,
    downloads,
    meetings,
    rooms,
    reports,
    database,
    log,
  } = parts;
  const { http, gb28181: sip } = config;
  const bundled = new URL('../web/dist', import.meta.url).pathname;
  return createApi(
    {
      listen: httpPorts(config),
      webRoot: consoleFolder(http.dir, bundled, log),
      auth: {
        enable: http.auth.enable,
        tokenTtlMs: http.auth['token-lifetime'],
        playTokenTtlMs: http.auth['play-token-lifetime'],
        nodeToken: config.meeting['node-token'],
      },
      version: options.version,
      demo: options.demo,
      roomPaths: { meeting: config.meeting.location, call: config.call.location },
      candidates: facts.addresses,
      trustedProxies: http['trusted-proxies'],
      sip: {
        serial: sip.serial,
        realm: sip.realm,
        hosts: facts.addresses,
        port: sip.port,
        transports: ['UDP', 'TCP'],
        authRequired: sip.auth.enable,
        password: facts.sipPassword,
      },
      snapshotUploadUrl: config.snapshot['upload-url'],
      settings: redactConfig(config),
      map: { tileUrl: config.map['tile-url'], attribution: config.map.attribution },
    },
    {
      platform,
      snapshots,
      streams,
      groups: createOwnGroups({ store: createGroupStore(database), platform, log }),
      mediaServers: createMediaServerStore(database),
      pulls,
      recordings,
      downloads,
      rooms: meetings,
      roomActors: rooms.actors,
      calls: rooms.calls,
      iceServers: rooms.ice,
      callStatistics: reports.callStatistics,
      webSockets: rooms.hub,
      credentials: {
        signingKey: secrets.signingKey,
        verify: async (username, password) =>
          (await secrets.verifyAdminPassword(password)) && username === http.auth.username,
      },
      health: () => healthOf(parts),
      metrics: () => metricsOf(parts),
      log: log.child({ part: 'api' }),
    },
  );
}

/** Builds all parts in order; a part that fails closes those before it. @throws GatewayError, e.g. `listen_failed` */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { config } = options;
  const file = config.common['log-file'];
  const log = createLogger({ level: config.common['log-level'], ...(file === '' ? {} : { file }) });
  const closers: Closer[] = [];
  const keep = <T extends { close(): Promise<void> | void }>(name: string, part: T): T => {
    closers.push({ name, close: () => part.close() });
    options.signal?.throwIfAborted();
    return part;
  };
  try {
    const dataDir = config.common['data-dir'];
    const secrets = await openSecrets(dataDir);
    const facts = factsOf(config, options.version, secrets);
    const database = keep('store', openDatabase(join(dataDir, 'gbrtc.db')));
    const alerts = keep('alerts', openAlerts(config, log.child({ part: 'alerts' })));
    const calls = keep('calls', openCallRecords(config, log.child({ part: 'calls' })));
    alertOfCalls(alerts, calls);
    const supervision = new Supervision(alerts);
    const openingMedia = about(mediaKey(config), openMedia(config, log.child({ part: 'media' })));
    const media = supervision.mediaThreads(keep('media', await openingMedia));
    const openingWebRtc = openWebRtc(config, facts.addresses, log.child({ part: 'webrtc' }));
    const webrtc = supervision.workers(keep('webrtc', await openingWebRtc));
    const platform = keep(
      'gb28181',
      await about(
        'gb28181.host, gb28181.port',
        openPlatform(config, database, secrets, log.child({ part: 'gb28181' })),
      ),
    );
    const snapshots = keep('snapshots', await openSnapshots(config, { platform, database }, log));
    const streams = createStreams(
      {
        idleTimeoutMs: config.stream['idle-timeout'],
        firstPacketTimeoutMs: config.media['first-packet-timeout'],
        silenceTimeoutMs: config.media['silence-timeout'],
        republish: config.pms.republish,
      },
      { platform, media, webrtc, log: log.child({ part: 'stream' }) },
    );
    keep('stream', { close: () => streams.shutdown() });
    serveReports(config, { platform, streams, log });
    const pulls = keep('pull', openPulls(options, database, streams, log.child({ part: 'pull' })));
    const recordLog = log.child({ part: 'record' });
    const roomsLog = log.child({ part: 'rooms' });
    const threads = supervision.recordThreads(
      keep('record threads', createRecordThreads({ threads: RECORD_THREADS }, recordLog)),
    );
    const recordings = keep('record', openRecordings(config, { streams, threads, database, log: recordLog }));
    const downloadStore = createDownloadStore(database);
    const downloads = keep(
      'downloads',
      createDownloads({ platform, streams, recordings, store: downloadStore, log: log.child({ part: 'download' }) }),
    );
    const meetings = keep(
      'meeting',
      openMeetings(config, {
        streams,
        rights: createRoomRights(secrets.signingKey, config.http.auth.enable),
        addresses: facts.addresses,
        log: roomsLog,
      }),
    );
    const served = { secrets, streams, recordings, meetings };
    if (config.record.cmdPort !== 0) {
      const opening = openRecordCommands(config, served, recordLog);
      keep('record commands', await about('record.cmdPort, record.listenIp', opening));
    }
    if (config.rtsp.port !== 0) {
      const opening = openRtsp(config, served, log.child({ part: 'rtsp' }));
      keep('rtsp', await about('rtsp.host, rtsp.port', opening));
    }
    const { port, sslPort, httpPort, httpSslPort } = config.pms;
    let pms: Pms | undefined;
    if ([port, sslPort, httpPort, httpSslPort].some((used) => used !== 0)) {
      const opening = openPms(config, served, log.child({ part: 'pms' }));
      pms = keep('pms', await about('pms.port, pms.sslPort, pms.listenIp, pms.keyFile, pms.certFile', opening));
    }
    const { version } = options;
    const roomSides = { version, secrets, streams, meetings, platform, recordings, records: calls.records };
    const rooms = keep('rooms', await openRooms({ config, ...roomSides, log: roomsLog }));
    alertOfIce(alerts, rooms.ice);
    const reports = keep('reports', openReports(config, calls, alerts, log.child({ part: 'reports' })));
    const parts = {
      config,
      secrets,
      database,
      calls,
      media,
      webrtc,
      platform,
      sipListening: platform.listening,
      snapshots,
      streams,
      pulls,
      threads,
      supervision,
      recordings,
      downloads,
      meetings,
      pms,
      rooms,
      reports,
      facts,
      log,
    };
    keep('api', await openApi(parts, options));
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      webrtc.retire();
      // What ends from now on is no fault.
      void alerts.close();
      // Those that run are not ended by their devices, and go on at the next start if somebody asks for it.
      downloads.close();
      // The others may take their time to close; the files and the records of calls must not wait for them.
      void recordings.close();
      rooms.hub.close();
      rooms.calls.close();
      return (closing ??= closeAll(closers, log));
    };
    return { facts, log, healthy: () => healthOf(parts).ok, close };
  } catch (error) {
    await closeAll(closers, log).catch(() => {});
    throw error;
  }
}
