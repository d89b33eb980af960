import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { pageOf, pageQuery, paginate } from '../schemas/common.ts';
import { newPullSchema, pullSchema } from '../schemas/pull.ts';
import type { Routes } from './route.ts';

const pullParams = z.object({
  name: z.string().min(1).max(321).meta({ description: '`<name>`, or `<app>%2F<name>`' }),
});
const tag = 'pulls';

/** Streams that are fetched from RTSP servers: cameras that do not speak GB28181. */
export function addPullRoutes(routes: Routes, { parts: { pulls } }: ApiContext): void {
  const unknown = (name: string): ApiError => new ApiError('pull_unknown', `no pull ${name}`);

  routes.add({
    method: 'get',
    path: '/api/v1/pulls',
    tag,
    summary: 'Streams that are fetched from RTSP servers, by name',
    access: 'admin',
    query: z.object(pageQuery),
    status: 200,
    response: pageOf(pullSchema, 'PullPage'),
    errors: [400],
    handle: ({ query }) => {
      const words = query.search.toLowerCase().split(/\s+/);
      const found = pulls.list().filter(({ name, url }) => {
        const text = `${name} ${url}`.toLowerCase();
        return words.every((word) => text.includes(word));
      });
      return paginate(found, query);
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/pulls',
    tag,
    summary: 'Add an RTSP camera by its URL as a stream',
    access: 'admin',
    body: newPullSchema,
    status: 201,
    response: pullSchema,
    errors: [400, 409, 413, 415, 503],
    handle: ({ body }) => pulls.add(body),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/pulls/{name}',
    tag,
    summary: 'One of them',
    access: 'admin',
    params: pullParams,
    status: 200,
    response: pullSchema,
    errors: [400, 404],
    handle: ({ params: { name } }) => {
      const pull = pulls.get(name);
      if (pull === undefined) throw unknown(name);
      return pull;
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/pulls/{name}',
    tag,
    summary: 'Fetch it no more; who watches is told',
    access: 'admin',
    params: pullParams,
    status: 204,
    errors: [400, 404],
    handle: ({ params: { name } }) => {
      if (!pulls.remove(name)) throw unknown(name);
    },
  });
}
