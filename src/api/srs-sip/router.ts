import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { PlaybackChange } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { parseJson, readText, textOf, validate } from '../http/body.ts';
import { cors } from '../http/headers.ts';
import { DeviceLists } from './devices.ts';
import { sendEnvelope, sendEnvelopeError } from './envelope.ts';
import { MediaServers } from './media-servers.ts';
import {
  inviteSchema,
  mediaServerSchema,
  parsePtzDirection,
  parsePtzSpeed,
  ptzSchema,
  queryRecordSchema,
  sessionSchema,
  speedSchema,
  zoomNibble,
} from './requests.ts';
import { InviteSessions } from './sessions.ts';

const PREFIX = '/srs-sip/v1';
const SUCCESS = { msg: 'success' };

type Handle = (req: Request, body: unknown) => unknown;

interface Row {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With srs-sip's braces for parameters. */
  readonly path: string;
  readonly handle: Handle;
}

export interface SrsSipRouter {
  readonly router: Router;
  /** Method and path of every row, for the documents. */
  readonly rows: ReadonlyArray<{ readonly method: string; readonly path: string }>;
  close(): void;
}

function deviceRows(context: ApiContext): Row[] {
  const { platform, streams } = context.parts;
  const lists = new DeviceLists(platform, streams);
  return [
    { method: 'GET', path: '/devices', handle: () => lists.devices() },
    { method: 'GET', path: '/devices/{id}/channels', handle: (req) => lists.channelsOf(String(req.params['id'])) },
    { method: 'GET', path: '/channels', handle: () => lists.channels() },
  ];
}

function sessionRows(sessions: InviteSessions, mediaServers: MediaServers): Row[] {
  return [
    {
      method: 'POST',
      path: '/invite',
      handle: (req, body) => {
        const request = validate(inviteSchema, body, 'body');
        mediaServers.requirePlayable(request.media_server_id);
        return sessions.invite(req, request);
      },
    },
    {
      method: 'POST',
      path: '/bye',
      handle: async (req, body) => {
        await sessions.bye(req, validate(sessionSchema, body, 'body').url);
        return SUCCESS;
      },
    },
  ];
}

function playbackRows({ recorded }: InviteSessions): Row[] {
  const steer =
    (changeOf: (body: unknown) => { readonly url: string; readonly change: PlaybackChange }): Handle =>
    async (_req, body) => {
      const { url, change } = changeOf(body);
      await recorded.change(url, change);
      return SUCCESS;
    };
  const state =
    (wanted: 'paused' | 'playing') =>
    (body: unknown): { url: string; change: PlaybackChange } => ({
      url: validate(sessionSchema, body, 'body').url,
      change: { state: wanted },
    });
  return [
    { method: 'POST', path: '/pause', handle: steer(state('paused')) },
    { method: 'POST', path: '/resume', handle: steer(state('playing')) },
    {
      method: 'POST',
      path: '/speed',
      handle: steer((body) => {
        const { url, speed } = validate(speedSchema, body, 'body');
        return { url, change: { speed } };
      }),
    },
    {
      method: 'POST',
      path: '/query-record',
      handle: (_req, body) => recorded.records(validate(queryRecordSchema, body, 'body')),
    },
  ];
}

function ptzRow({ parts: { platform } }: ApiContext): Row {
  return {
    method: 'POST',
    path: '/ptz',
    handle: async (_req, body) => {
      const request = validate(ptzSchema, body, 'body');
      const direction = parsePtzDirection(request.ptz);
      if (direction === undefined) {
        throw new ApiError('ptz_unknown', `invalid ptz command: ${JSON.stringify(request.ptz.slice(0, 64))}`);
      }
      const channelId = request.channel_id;
      const deviceId = request.device_id === '' ? platform.findChannel(channelId)?.deviceId : request.device_id;
      if (deviceId === undefined || platform.device(deviceId) === undefined) {
        throw new ApiError('device_unknown', `device not found: ${deviceId ?? channelId}`);
      }
      const speed = parsePtzSpeed(request.speed);
      await platform.ptz(deviceId, channelId === '' ? deviceId : channelId, {
        direction,
        speed,
        zoomSpeed: zoomNibble(speed),
      });
      return SUCCESS;
    },
  };
}

function mediaServerRows(servers: MediaServers): Row[] {
  const done = (action: () => void): typeof SUCCESS => {
    action();
    return SUCCESS;
  };
  const id = (req: Request): string => String(req.params['id']);
  return [
    { method: 'GET', path: '/media-servers', handle: (req) => servers.list(req) },
    {
      method: 'POST',
      path: '/media-servers',
      handle: (_req, body) => done(() => servers.add(validate(mediaServerSchema, body, 'body'))),
    },
    { method: 'DELETE', path: '/media-servers/{id}', handle: (req) => done(() => servers.remove(id(req))) },
    { method: 'POST', path: '/media-servers/default/{id}', handle: (req) => done(() => servers.setDefault(id(req))) },
  ];
}

/** A row whose path has a slash too much: 301 to the right one, as gorilla's StrictSlash does. */
function redirectSlash(req: Request, res: Response): void {
  const query = req.originalUrl.indexOf('?');
  res.redirect(301, `${req.path.replace(/\/+$/, '')}${query < 0 ? '' : req.originalUrl.slice(query)}`);
}

function answer(context: ApiContext, { method, path, handle }: Row): RequestHandler {
  const takesBody = method === 'POST' && !path.endsWith('{id}');
  return async (req, res) => {
    try {
      await context.gate.requireAdmin(req);
      sendEnvelope(res, 0, await handle(req, takesBody ? parseJson(textOf(req.body)) : undefined));
    } catch (error) {
      sendEnvelopeError(res, error);
    }
  };
}

/** The whole interface of srs-sip (its rows 1 to 16), byte-compatible. */
export function createSrsSipRouter(context: ApiContext): SrsSipRouter {
  const router = Router({ strict: true, caseSensitive: true });
  const sessions = new InviteSessions(context);
  const mediaServers = new MediaServers(context.parts.mediaServers, context.publicAddress);
  const rows: Row[] = [
    ...deviceRows(context),
    ...sessionRows(sessions, mediaServers),
    ptzRow(context),
    ...playbackRows(sessions),
    ...mediaServerRows(mediaServers),
  ];
  const listed = [...rows, { method: 'GET', path: '' }].map(({ method, path }) => ({ method, path: PREFIX + path }));
  rows.push({ method: 'GET', path: '', handle: () => listed });

  router.use(
    '/srs-sip',
    cors({
      methods: 'GET, POST, PUT, DELETE, OPTIONS',
      headers: 'X-Requested-With, Content-Type, Authorization',
      status: 200,
    }),
    bodyOrEnvelope(),
  );
  router.get('/srs-sip', (_req, res) => {
    res.setHeader('Content-Type', 'application/json');
    res.end('{"version": "v1"}');
  });
  router.get('/srs-sip/', redirectSlash);
  for (const row of rows) {
    const path = (PREFIX + row.path).replace(/\{(\w+)\}/g, ':$1');
    const method = row.method.toLowerCase() as Lowercase<Row['method']>;
    router[method](path, answer(context, row));
    router[method](`${path}/`, redirectSlash);
  }
  router.use('/srs-sip', (_req, res) => {
    res.status(404).setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end('404 page not found\n');
  });
  return { router, rows: [{ method: 'GET', path: '/srs-sip' }, ...listed], close: () => sessions.close() };
}

/** A body that is too large or in a strange encoding is an envelope here, too. */
function bodyOrEnvelope(): RequestHandler {
  const read = readText();
  return (req, res, next) => {
    void read(req, res, (error?: unknown) => (error === undefined ? next() : sendEnvelopeError(res, error)));
  };
}
