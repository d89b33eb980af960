import type { Request, RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { ApiError, mapError } from '../errors.ts';
import { textOf } from '../http/body.ts';
import { queryValue } from '../http/context.ts';
import { whepUrl } from '../public-address.ts';
import { parseStreamName, type StreamUrl } from './stream-url.ts';
import { playIdOf, view } from './viewing.ts';

/** RFC 8840 §9: the body of a PATCH. */
export const TRICKLE_TYPE = 'application/trickle-ice-sdpfrag';
const VIEWER_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** `?app=live&stream=<name>`, or `?stream=<app>/<name>`. @throws ApiError */
export function targetOf(req: Request): StreamUrl {
  const given = queryValue(req, 'stream') ?? '';
  const slash = given.indexOf('/');
  const app = slash < 0 ? (queryValue(req, 'app') ?? 'live') : given.slice(0, slash);
  const target = parseStreamName(app, given.slice(slash + 1));
  if (target === undefined) throw new ApiError('invalid_request', 'the query names no stream: ?app=live&stream=<name>');
  return target;
}

function contentType(req: Request): string {
  return (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws ApiError `media_type_unsupported` */
export function requireSdp(req: Request): void {
  const type = contentType(req);
  // text/plain is what fetch sends when nobody sets a type.
  if (!['application/sdp', 'text/plain', ''].includes(type)) {
    throw new ApiError('media_type_unsupported', `Content-Type is ${type}, application/sdp expected`);
  }
}

/** The body of a PATCH of this session. @throws ApiError */
export function trickleFragment(req: Request, sessionId: string): string {
  const type = contentType(req);
  if (type !== TRICKLE_TYPE) {
    throw new ApiError(
      'media_type_unsupported',
      `Content-Type is ${type === '' ? 'missing' : type}, ${TRICKLE_TYPE} expected`,
    );
  }
  const match = req.headers['if-match'];
  if (match === '*') throw new ApiError('ice_restart_unsupported', 'an ICE restart needs a new session');
  if (match !== undefined && match !== `"${sessionId}"`) {
    throw new ApiError('precondition_failed', 'If-Match does not name this ICE session');
  }
  return textOf(req.body);
}

/** POST: the offer in, 201 with the answer out (draft-ietf-wish-whep, RFC 9725 §4.2). */
export function whepOffer(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const target = targetOf(req);
    requireSdp(req);
    try {
      const { viewer, stream, playId } = await view(context, { req, res }, target, textOf(req.body));
      const key = context.gate.enabled ? context.tokens.sessionKey(viewer.id) : undefined;
      res.status(201);
      res.setHeader('Location', whepUrl(stream, { session: viewer.id, key }));
      res.setHeader('ETag', `"${viewer.id}"`);
      res.setHeader('Accept-Patch', TRICKLE_TYPE);
      res.setHeader('X-Gbrtc-Viewer', viewer.id);
      if (playId !== undefined) res.setHeader('X-Gbrtc-Play', playId);
      res.setHeader('Content-Type', 'application/sdp');
      res.end(viewer.answer);
    } catch (error) {
      const { status, problem, headers } = mapError(error);
      if (status < 404) throw error;
      const playId = problem.error.playId ?? playIdOf(context, target);
      res.status(status).set(headers);
      res.json({ error: { ...problem.error, ...(playId === undefined ? {} : { playId }) } });
    }
  };
}

/** The viewer or publication that a session URL names. @throws ApiError `unauthorized` | `viewer_unknown` */
export async function sessionOf(context: ApiContext, req: Request): Promise<string> {
  const viewerId = queryValue(req, 'session') ?? '';
  if (!VIEWER_ID.test(viewerId)) throw new ApiError('viewer_unknown', 'the query names no session');
  const key = queryValue(req, 'key');
  if (key === undefined || !context.tokens.checkSessionKey(viewerId, key)) await context.gate.requireAdmin(req);
  return viewerId;
}

/** PATCH: candidates of the viewer; an ICE restart is not offered (RFC 9725 §4.3). */
export function whepTrickle(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const viewerId = await sessionOf(context, req);
    const fragment = trickleFragment(req, viewerId);
    if (!context.parts.streams.trickle(viewerId, fragment)) throw unknownViewer(viewerId);
    res.status(204).end();
  };
}

/** DELETE: the viewer leaves. */
export function whepLeave(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const viewerId = await sessionOf(context, req);
    if (!context.parts.streams.closeViewer(viewerId)) throw unknownViewer(viewerId);
    res.status(200).end();
  };
}

export function unknownViewer(viewerId: string): ApiError {
  return new ApiError('viewer_unknown', `no viewer ${viewerId}`);
}
