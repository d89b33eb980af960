import express, { type ErrorRequestHandler, type Express } from 'express';
import { errorMessage } from '../util/index.ts';
import { createConsole } from './console.ts';
import type { ApiContext } from './context.ts';
import { mapError } from './errors.ts';
import { EventFeed } from './events/feed.ts';
import { healthz } from './health.ts';
import { findClient } from './http/context.ts';
import { guardPath } from './http/guard.ts';
import { cors, ownPagesOnly, securityHeaders } from './http/headers.ts';
import { Metrics } from './metrics/metrics.ts';
import { buildOpenApi } from './openapi.ts';
import { addAccessRoutes } from './rest/access.ts';
import { addAlarmRoutes } from './rest/alarms.ts';
import { addCallStatisticsRoutes } from './rest/call-statistics.ts';
import { addChannelRoutes } from './rest/channels.ts';
import { CommandRoutes } from './rest/command-routes.ts';
import { addDeviceCommandRoutes, addUpgradeRoutes } from './rest/device-commands.ts';
import { addConfigRoutes } from './rest/device-configs.ts';
import { addQueryRoutes } from './rest/device-queries.ts';
import { addGroupChannelRoutes, addGroupRoutes } from './rest/groups.ts';
import { addDeviceQueryRoutes, addDeviceRoutes } from './rest/devices.ts';
import { addDownloadRoutes } from './rest/downloads.ts';
import { addLiveStreamRoutes } from './rest/live-streams.ts';
import { addPlaybackRoutes, addRecordRoutes } from './rest/playbacks.ts';
import { addPlayRoutes, addStreamRoutes } from './rest/plays.ts';
import { addPositionRoutes } from './rest/positions.ts';
import { addPullRoutes } from './rest/pulls.ts';
import { addPtzRoutes } from './rest/ptz.ts';
import { addRecordingRoutes } from './rest/recordings.ts';
import { addCallRoutes } from './rest/calls.ts';
import { addMediaNodeRoutes, addRoomRoutes } from './rest/rooms.ts';
import { Routes } from './rest/route.ts';
import { createSnapshotUploads } from './rest/snapshot-uploads.ts';
import { addSnapshotRoutes } from './rest/snapshots.ts';
import { addRoomActorRoutes } from './rest/room-actors.ts';
import { addSubscriptionRoutes } from './rest/subscriptions.ts';
import { addSystemRoutes } from './rest/system.ts';
import { addTokenRoutes } from './rest/tokens.ts';
import { createSrsRouter } from './srs/router.ts';
import { createSrsSipRouter } from './srs-sip/router.ts';

export interface App {
  readonly express: Express;
  /** Ends event streams and subscriptions. */
  close(): void;
}

function errorHandler({ parts: { log } }: ApiContext): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const { status, headers, problem } = mapError(error);
    if (status === 500) {
      const text = error instanceof Error ? (error.stack ?? error.message) : errorMessage(error);
      log.error({ method: req.method, path: req.path, error: text }, 'request failed');
    }
    // Half an answer is out: the connection is the only thing left to say it with.
    if (res.headersSent) return res.destroy();
    return res.status(status).set(headers).json(problem);
  };
}

/** Puts all interfaces together. */
export function createApp(context: ApiContext): App {
  const { options, parts, gate } = context;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  const feed = new EventFeed(context);
  const metrics = new Metrics(context, () => feed.listeners);
  const srsSip = createSrsSipRouter(context);
  const routes = new Routes(context);
  addAccessRoutes(routes, context);
  addTokenRoutes(routes, context);
  addDeviceRoutes(routes, context);
  addDeviceQueryRoutes(routes, context);
  addChannelRoutes(routes, context);
  const commands = new CommandRoutes(routes, context);
  addPtzRoutes(commands);
  addDeviceCommandRoutes(commands);
  addUpgradeRoutes(routes, context);
  addQueryRoutes(commands, context);
  addConfigRoutes(routes, commands, context);
  addSnapshotRoutes(routes, commands, context);
  addSubscriptionRoutes(routes, context);
  addAlarmRoutes(routes, context);
  addPositionRoutes(routes, context);
  addGroupRoutes(routes, context);
  addGroupChannelRoutes(routes, context);
  addPlayRoutes(routes, context);
  addRecordRoutes(routes, context);
  addPlaybackRoutes(routes, context);
  addDownloadRoutes(routes, context);
  addStreamRoutes(routes, context);
  addLiveStreamRoutes(routes, context);
  addPullRoutes(routes, context);
  addRecordingRoutes(routes, context);
  addRoomRoutes(routes, context);
  addMediaNodeRoutes(routes, context);
  addRoomActorRoutes(routes, context);
  addCallRoutes(routes, context);
  addCallStatisticsRoutes(routes, context);
  addSystemRoutes(routes, context);
  const openApi = JSON.stringify(buildOpenApi(routes, options.version, srsSip.rows));
  routes.refuseOthers();

  app.use(findClient(options.trustedProxies ?? []), securityHeaders(options.map.tileUrl), guardPath());
  app.get('/healthz', healthz(parts.health));
  app.get('/metrics', metrics.handler);
  app.use((req, res, next) => {
    if (parts.webSockets?.handleRequest(req, res) !== true) next();
  });
  app.use(srsSip.router, createSrsRouter(context));
  // Without authentication any page that somebody opens could steer the cameras: then only our own may.
  const pages = gate.enabled
    ? cors({ methods: 'GET, POST, PATCH, DELETE, OPTIONS', headers: 'Content-Type, Authorization', status: 204 })
    : ownPagesOnly();
  app.use('/api/v1', pages);
  app.use(createSnapshotUploads(context));
  app.get('/api/v1/events', feed.handler);
  app.get('/api/v1/openapi.json', (_req, res) => void res.type('application/json').send(openApi));
  app.use(routes.router, createConsole(options.webRoot), errorHandler(context));

  return {
    express: app,
    close() {
      feed.close();
      srsSip.close();
      metrics.close();
    },
  };
}
