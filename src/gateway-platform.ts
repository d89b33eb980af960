import type { Config, Secrets } from './config/index.ts';
import { createPlatform, type Platform, type ReportsOptions } from './gb28181/index.ts';
import { sipPassword } from './gateway-facts.ts';
import { createSnapshots } from './record/index.ts';
import { createSipEngine } from './sip/index.ts';
import {
  createAlarmStore,
  createCapabilityStore,
  createDeviceStore,
  createGroupStore,
  createPositionStore,
  type Database,
} from './store/index.ts';
import type { Streams } from './stream/index.ts';
import { errorMessage, type Logger } from './util/index.ts';

/** The SIP side with its stores. */
export function openPlatform(config: Config, database: Database, secrets: Secrets, log: Logger): Promise<Platform> {
  const { gb28181: sip, media } = config;
  const dualStack = sip.host === '::';
  return createPlatform(
    {
      serial: sip.serial,
      realm: sip.realm,
      listenAddress: dualStack ? '0.0.0.0' : sip.host,
      ...(dualStack ? { listenAddress6: '::' } : {}),
      port: sip.port,
      ...(sip['advertised-host'] === '' ? {} : { advertisedHost: sip['advertised-host'] }),
      ...(media.address === '' ? {} : { mediaAddress: media.address }),
      auth: { enable: sip.auth.enable, password: sipPassword(config, secrets), algorithms: sip.auth.algorithms },
      admission: sip.admission,
      allow: sip.allow,
      deny: sip.deny,
      registerRatePerMinute: sip['register-rate'],
      dateHeader: sip['date-header'],
      keepaliveTimeoutMinSec: sip['keepalive-timeout'] / 1_000,
      defaultTransports: sip.transports,
      inviteTimeoutMs: sip['invite-timeout'],
      responseTimeoutMs: sip['response-timeout'],
      traceEntries: sip['trace-messages'],
      traceEntriesPerDevice: sip['trace-messages-per-device'],
      reports: reportsOf(config),
    },
    {
      store: createDeviceStore(database),
      capabilities: createCapabilityStore(database, log),
      overrides: createGroupStore(database),
      reportStores: { alarms: createAlarmStore(database), positions: createPositionStore(database) },
      createEngine: createSipEngine,
      log,
    },
  );
}

function reportsOf({ gb28181: { subscriptions }, alarms, positions }: Config): ReportsOptions {
  return {
    subscriptions: {
      wanted: {
        catalog: subscriptions.catalog,
        alarm: subscriptions.alarm,
        mobilePosition: subscriptions['mobile-position'],
        ptzPosition: subscriptions['ptz-position'],
      },
      expiresSec: Math.round(subscriptions.expires / 1000),
      positionIntervalSec: Math.round(subscriptions['position-interval'] / 1000),
    },
    alarms: {
      maxAgeMs: alarms.retention,
      maxAlarms: alarms.max,
      maxSnapshots: alarms['max-snapshots'],
      perMinute: alarms.rate,
    },
    positions: { maxAgeMs: positions.retention, max: positions.max },
  };
}

/** What the gateway does about reports of devices: a picture for an alarm, a call to who wants to be seen. */
export function serveReports(
  { alarms }: Config,
  { platform, streams, log }: { platform: Platform; streams: Streams; log: Logger },
): void {
  if (alarms.snapshot) {
    const snapshots = createSnapshots({ ffmpeg: alarms.ffmpeg }, { streams, log });
    platform.reports.alarms.takeSnapshotsWith(({ deviceId, channelId }) => {
      const channel = videoOf(platform, deviceId, channelId);
      return snapshots.take(`live/${deviceId}_${channel}`);
    });
  }
  platform.on('videoUpload', ({ deviceId, channelId }) => {
    const channel = videoOf(platform, deviceId, channelId);
    streams
      .open({ deviceId, channelId: channel, subStream: 0 })
      .catch((error: unknown) => log.info({ deviceId, channelId, error: errorMessage(error) }, 'upload not taken'));
  });
}

/** An alarm input has no picture: that of its device's first camera then. */
function videoOf(platform: Platform, deviceId: string, channelId: string): string {
  if (platform.channel(deviceId, channelId)?.kind === 'video') return channelId;
  return platform.channels(deviceId).find(({ kind }) => kind === 'video')?.id ?? channelId;
}
