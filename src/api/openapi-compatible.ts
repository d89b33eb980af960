import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { problemSchema } from './schemas/common.ts';

type Method = 'get' | 'post' | 'patch' | 'delete';

interface Documented {
  readonly method: Method;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly type: string;
  readonly schema?: z.ZodType;
  readonly status?: number;
  readonly open?: boolean;
}

const envelope = z
  .object({ code: z.int(), data: z.unknown() })
  .meta({ id: 'SrsSipEnvelope', description: 'HTTP status 200 also for errors: code 400 or 500, data.msg' });
const srsReply = z
  .looseObject({ code: z.int(), server: z.string(), service: z.string(), pid: z.string() })
  .meta({ id: 'SrsReply', description: 'code 0 = success' });

const SRS: readonly Documented[] = [
  {
    method: 'post',
    path: '/rtc/v1/play/',
    tag: 'srs',
    summary: 'Offer and answer in JSON',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'post',
    path: '/rtc/v1/publish/',
    tag: 'srs',
    summary: 'Offer of a publisher and answer in JSON',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'post',
    path: '/rtc/v1/whip/',
    tag: 'whip',
    summary: "A publisher's offer in, answer out; Location is the session",
    type: 'application/sdp',
    status: 201,
  },
  {
    method: 'patch',
    path: '/rtc/v1/whip/',
    tag: 'whip',
    summary: 'Trickle ICE candidates',
    type: '',
    status: 204,
  },
  { method: 'delete', path: '/rtc/v1/whip/', tag: 'whip', summary: 'End the publication', type: '' },
  ...['/rtc/v1/whep/', '/rtc/v1/whip-play/'].flatMap((path): Documented[] => [
    {
      method: 'post',
      path,
      tag: 'whep',
      summary: 'Offer in, answer out; Location is the session',
      type: 'application/sdp',
      status: 201,
    },
    { method: 'patch', path, tag: 'whep', summary: 'Trickle ICE candidates', type: '', status: 204 },
    { method: 'delete', path, tag: 'whep', summary: 'Leave', type: '' },
  ]),
  {
    method: 'get',
    path: '/api/v1/versions',
    tag: 'srs',
    summary: 'Version',
    type: 'application/json',
    schema: srsReply,
    open: true,
  },
  {
    method: 'get',
    path: '/api/v1/streams',
    tag: 'srs',
    summary: 'Running streams; gbrtc holds our own fields',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'get',
    path: '/api/v1/streams/{id}',
    tag: 'srs',
    summary: 'One running stream',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'get',
    path: '/api/v1/clients',
    tag: 'srs',
    summary: 'Cameras and viewers',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'get',
    path: '/api/v1/clients/{id}',
    tag: 'srs',
    summary: 'One camera or viewer',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'delete',
    path: '/api/v1/clients/{id}',
    tag: 'srs',
    summary: 'Disconnect a viewer',
    type: 'application/json',
    schema: srsReply,
  },
  {
    method: 'post',
    path: '/api/v1/clients/{id}/kick',
    tag: 'srs',
    summary: 'Disconnect a viewer',
    type: 'application/json',
    schema: srsReply,
  },
];

const SYSTEM: readonly Documented[] = [
  { method: 'get', path: '/api/v1/events', tag: 'system', summary: 'Live events', type: 'text/event-stream' },
  {
    method: 'get',
    path: '/api/v1/openapi.json',
    tag: 'system',
    summary: 'This document',
    type: 'application/json',
    open: true,
  },
  {
    method: 'get',
    path: '/healthz',
    tag: 'system',
    summary: '200, or 503 with the problems',
    type: 'application/json',
    open: true,
  },
  { method: 'get', path: '/metrics', tag: 'system', summary: 'Prometheus; open from loopback', type: 'text/plain' },
];

const pathParams = (path: string): z.ZodObject =>
  z.object(Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name ?? '', z.string()])));

/** Adds what is not made by `Routes`: the compatible interfaces and the streams of text. */
export function documentCompatible(
  registry: OpenAPIRegistry,
  srsSipRows: ReadonlyArray<{ readonly method: string; readonly path: string }>,
): void {
  const srsSip = srsSipRows.map(({ method, path }): Documented => ({
    method: method.toLowerCase() as Method,
    path,
    tag: 'srs-sip',
    summary: 'As srs-sip',
    type: 'application/json',
    schema: envelope,
  }));
  for (const { method, path, tag, summary, type, schema, status = 200, open = false } of [
    ...srsSip,
    ...SRS,
    ...SYSTEM,
  ]) {
    const content = type === '' ? {} : { content: { [type]: { schema: schema ?? z.string() } } };
    registry.registerPath({
      method,
      path,
      tags: [tag],
      summary,
      security: open ? [] : [{ bearer: [] }, { query: [] }, { cookie: [] }],
      request: path.includes('{') ? { params: pathParams(path) } : {},
      responses: {
        [status]: { description: 'Success', ...content },
        default: { description: 'Problem', content: { 'application/json': { schema: problemSchema } } },
      },
    });
  }
}
