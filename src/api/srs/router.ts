import { Router, type RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { readText } from '../http/body.ts';
import { cors } from '../http/headers.ts';
import { createIdentity } from './envelope.ts';
import { SrsLists, srsVersions } from './lists.ts';
import { srsPlay, srsPublish } from './play.ts';
import { whepLeave, whepOffer, whepTrickle } from './whep.ts';
import { whipLeave, whipOffer, whipTrickle } from './whip.ts';

const METHODS = 'GET, POST, PATCH, DELETE, OPTIONS';
const HEADERS = 'X-Requested-With, Content-Type, Authorization, If-Match';
const EXPOSED = 'Location, ETag, Accept-Patch, Link, X-Gbrtc-Viewer, X-Gbrtc-Play';

const WHEP_PATHS = ['/rtc/v1/whep', '/rtc/v1/whip-play'] as const;

function refuseOtherMethods(allowed: string): RequestHandler {
  return (req, _res, next) =>
    next(new ApiError('method_not_allowed', `${req.method} is not possible here`, { headers: { Allow: allowed } }));
}

/** SRS's players' interface: /rtc/v1/play/ and /publish/, WHEP, WHIP, and the lists of /api/v1. All with and without a final slash. */
export function createSrsRouter(context: ApiContext): Router {
  const router = Router();
  const identity = createIdentity();
  const lists = new SrsLists(context, identity);
  const anyOrigin = cors({ methods: METHODS, headers: HEADERS, expose: EXPOSED, status: 204 });

  router.use('/rtc/v1', anyOrigin);
  router.post('/rtc/v1/play', readText(), srsPlay(context, identity));
  router.all('/rtc/v1/play', refuseOtherMethods('POST, OPTIONS'));
  router.post('/rtc/v1/publish', readText(), srsPublish(context, identity));
  router.all('/rtc/v1/publish', refuseOtherMethods('POST, OPTIONS'));
  router.post('/rtc/v1/whip', readText(), whipOffer(context));
  router.patch('/rtc/v1/whip', readText(), whipTrickle(context));
  router.delete('/rtc/v1/whip', whipLeave(context));
  router.all('/rtc/v1/whip', refuseOtherMethods('POST, PATCH, DELETE, OPTIONS'));
  for (const path of WHEP_PATHS) {
    router.post(path, readText(), whepOffer(context));
    router.patch(path, readText(), whepTrickle(context));
    router.delete(path, whepLeave(context));
    router.all(path, refuseOtherMethods('POST, PATCH, DELETE, OPTIONS'));
  }

  for (const path of ['/api/v1/versions', '/api/v1/streams', '/api/v1/clients']) router.use(path, anyOrigin);
  router.get('/api/v1/versions', srsVersions(context.options.version, identity));
  router.get('/api/v1/streams', lists.streams);
  router.get('/api/v1/streams/:id', lists.stream);
  router.get('/api/v1/clients', lists.clients);
  router.get('/api/v1/clients/:id', lists.client);
  router.delete('/api/v1/clients/:id', lists.kick);
  router.post('/api/v1/clients/:id/kick', lists.kick);
  return router;
}
