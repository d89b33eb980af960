import { z } from 'zod';
import { TRICKLE_TYPE } from '../srs/whep.ts';
import { srsOfferSchema } from '../srs/play.ts';
import type { Documented } from './documented.ts';
import { json } from './documented.ts';

const reply = { code: z.int(), server: z.string(), service: z.string(), pid: z.string() };
const replySchema = z.object(reply).meta({ id: 'SrsReply', description: 'code 0 = success' });
const kbps = z.object({ recv_30s: z.number(), send_30s: z.number() });

/** HTTP 200 for both; `code` tells them apart. */
const answered = (rest: z.ZodRawShape, id: string): z.ZodType =>
  z
    .object({
      ...reply,
      sdp: z.string().optional().meta({ description: 'The answer, with code 0' }),
      sessionid: z.string().optional(),
      ...rest,
      msg: z.string().optional().meta({ description: 'For people, with code 400' }),
      reason: z.string().optional().meta({ description: 'A code of docs/errors.md, with code 400' }),
    })
    .meta({ id });
const refusal = z.object({ ...reply, msg: z.string(), reason: z.string() }).meta({ id: 'SrsRefusal' });
const refusals = {
  401: { description: 'No valid token', content: json(refusal) },
  403: { description: 'The token does not allow that', content: json(refusal) },
};
const play = z.string().optional().meta({ description: 'The play whose timeline tells more' });

const addressQuery = {
  candidate: z.string().optional().meta({ description: 'A further address of ours for the answer, without port' }),
  eip: z.string().optional().meta({ description: 'The same; it goes before candidate' }),
};
const playerQuery = {
  ...addressQuery,
  reports: z
    .literal('first-frame')
    .optional()
    .meta({ description: 'The player calls POST /api/v1/viewers/{viewerId}/first-frame' }),
};
const publisherQuery = {
  ...addressQuery,
  max_bitrate: z.string().optional().meta({ description: 'bit/s' }),
};

const streamSchema = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    vhost: z.string(),
    app: z.string(),
    tcUrl: z.string(),
    url: z.string(),
    live_ms: z.number(),
    clients: z.int(),
    frames: z.number(),
    send_bytes: z.number(),
    recv_bytes: z.number(),
    kbps,
    publish: z.object({ active: z.boolean(), cid: z.string() }),
    video: z
      .object({ codec: z.string(), profile: z.string(), level: z.string(), width: z.int(), height: z.int() })
      .nullable(),
    audio: z
      .object({ codec: z.string(), sample_rate: z.number(), channel: z.number(), profile: z.string() })
      .nullable(),
  })
  .meta({ id: 'SrsStream', description: 'gbrtc holds our own fields.' });

const clientSchema = z
  .object({
    id: z.string(),
    vhost: z.string(),
    stream: z.string(),
    ip: z.string(),
    pageUrl: z.string(),
    swfUrl: z.string(),
    tcUrl: z.string(),
    url: z.string(),
    name: z.string(),
    type: z.string(),
    publish: z.boolean(),
    alive: z.number(),
    send_bytes: z.number(),
    recv_bytes: z.number(),
    kbps,
  })
  .meta({ id: 'SrsClient' });

const versionsSchema = z
  .object({
    ...reply,
    data: z.object({ major: z.int(), minor: z.int(), revision: z.int(), version: z.string() }),
  })
  .meta({ id: 'SrsVersions' });

const pageQuery = z.object({ start: z.string().optional(), count: z.string().optional() });
const gone = { 404: { description: 'No such id', content: json(replySchema) } };
const LIST_ERRORS = [401, 403, 500];

/** SRS's offer and answer in JSON, and the lists that its console shows. */
export const SRS: readonly Documented[] = [
  {
    method: 'post',
    path: '/rtc/v1/play/',
    tag: 'srs',
    summary: 'Offer and answer in JSON',
    query: z.object(playerQuery),
    body: json(srsOfferSchema),
    answer: json(answered({ viewer: z.string().optional(), play }, 'SrsPlayReply')),
    errors: [413, 415, 500],
    failures: refusals,
  },
  {
    method: 'post',
    path: '/rtc/v1/publish/',
    tag: 'srs',
    summary: 'Offer of a publisher and answer in JSON',
    query: z.object(publisherQuery),
    body: json(srsOfferSchema),
    answer: json(answered({ publication: z.string().optional() }, 'SrsPublishReply')),
    errors: [413, 415, 500],
    failures: refusals,
  },
  {
    method: 'get',
    path: '/api/v1/versions',
    tag: 'srs',
    summary: 'Version',
    answer: json(versionsSchema),
    errors: [500],
    open: true,
  },
  {
    method: 'get',
    path: '/api/v1/streams',
    tag: 'srs',
    summary: 'Running streams',
    query: pageQuery,
    answer: json(z.object({ ...reply, streams: z.array(streamSchema) }).meta({ id: 'SrsStreams' })),
    errors: LIST_ERRORS,
  },
  {
    method: 'get',
    path: '/api/v1/streams/{id}',
    tag: 'srs',
    summary: 'One running stream',
    answer: json(z.object({ ...reply, stream: streamSchema }).meta({ id: 'SrsOneStream' })),
    errors: LIST_ERRORS,
    failures: gone,
  },
  {
    method: 'get',
    path: '/api/v1/clients',
    tag: 'srs',
    summary: 'Cameras, publishers and viewers',
    query: pageQuery,
    answer: json(z.object({ ...reply, clients: z.array(clientSchema) }).meta({ id: 'SrsClients' })),
    errors: LIST_ERRORS,
  },
  {
    method: 'get',
    path: '/api/v1/clients/{id}',
    tag: 'srs',
    summary: 'One camera, publisher or viewer',
    answer: json(z.object({ ...reply, client: clientSchema }).meta({ id: 'SrsOneClient' })),
    errors: LIST_ERRORS,
    failures: gone,
  },
  ...(['delete /api/v1/clients/{id}', 'post /api/v1/clients/{id}/kick'] as const).map((each): Documented => ({
    method: each.startsWith('delete') ? 'delete' : 'post',
    path: each.slice(each.indexOf('/')),
    tag: 'srs',
    summary: 'Disconnect a viewer, or end a publication',
    answer: json(replySchema),
    errors: LIST_ERRORS,
    failures: gone,
  })),
];

const sdp = { type: 'application/sdp', schema: z.string().meta({ description: 'RFC 8866' }) };
const streamQuery = {
  app: z.string().default('live'),
  stream: z.string().meta({ description: '<name>, or <app>/<name>' }),
};
const sessionQuery = z.object({
  session: z.string(),
  key: z.string().optional().meta({ description: 'Of Location; without it the administrator is asked for' }),
});
const sessionHeaders = {
  Location: z.string().meta({ description: 'The session' }),
  ETag: z.string(),
  'Accept-Patch': z.string(),
};

/** WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): an offer in, sessions by their Location. */
const session = (path: string, tag: 'whip' | 'whep', offer: Pick<Documented, 'summary' | 'query' | 'headers'>) =>
  [
    {
      method: 'post',
      path,
      tag,
      ...offer,
      body: sdp,
      status: 201,
      answer: sdp,
      errors: [400, 401, 403, 404, 409, 413, 415, 422, 500, 502, 503, 504],
    },
    {
      method: 'patch',
      path,
      tag,
      summary: 'Trickle ICE candidates (RFC 8840)',
      query: sessionQuery,
      body: { type: TRICKLE_TYPE, schema: z.string() },
      status: 204,
      errors: [401, 403, 404, 412, 413, 415, 422, 500],
    },
    {
      method: 'delete',
      path,
      tag,
      summary: tag === 'whip' ? 'End the publication' : 'Leave',
      query: sessionQuery,
      errors: [401, 403, 404, 500],
    },
  ] satisfies Documented[];

export const WEBRTC_HTTP: readonly Documented[] = [
  ...session('/rtc/v1/whip/', 'whip', {
    summary: "A publisher's offer in, answer out",
    query: z.object({ ...streamQuery, ...publisherQuery }),
    headers: z.object(sessionHeaders),
  }),
  ...['/rtc/v1/whep/', '/rtc/v1/whip-play/'].flatMap((path) =>
    session(path, 'whep', {
      summary: "A player's offer in, answer out",
      query: z.object({ ...streamQuery, ...playerQuery }),
      headers: z.object({
        ...sessionHeaders,
        'X-Gbrtc-Viewer': z.string(),
        'X-Gbrtc-Play': z.string().optional(),
      }),
    }),
  ),
];
