import type { RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { textOf } from '../http/body.ts';
import { whipUrl } from '../public-address.ts';
import { publish } from './publishing.ts';
import { requireSdp, sessionOf, targetOf, TRICKLE_TYPE, trickleFragment } from './whep.ts';

/** POST: the offer of one who sends in, 201 with the answer out (RFC 9725 §4.2). */
export function whipOffer(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const target = targetOf(req);
    requireSdp(req);
    const handle = await publish(context, { req, res }, target, textOf(req.body));
    const key = context.gate.enabled ? context.tokens.sessionKey(handle.id) : undefined;
    res.status(201);
    res.setHeader('Location', whipUrl(handle.stream, { session: handle.id, key }));
    res.setHeader('ETag', `"${handle.id}"`);
    res.setHeader('Accept-Patch', TRICKLE_TYPE);
    res.setHeader('Content-Type', 'application/sdp');
    res.end(handle.answer);
  };
}

/** PATCH: candidates of the publisher; an ICE restart is not offered (RFC 9725 §4.3). */
export function whipTrickle(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const publicationId = await sessionOf(context, req);
    const fragment = trickleFragment(req, publicationId);
    if (!context.parts.streams.trickle(publicationId, fragment)) throw unknownPublication(publicationId);
    res.status(204).end();
  };
}

/** DELETE: the publisher ends its stream. */
export function whipLeave(context: ApiContext): RequestHandler {
  return async (req, res) => {
    const publicationId = await sessionOf(context, req);
    if (!context.parts.streams.closePublication(publicationId)) throw unknownPublication(publicationId);
    res.status(200).end();
  };
}

function unknownPublication(publicationId: string): ApiError {
  return new ApiError('publication_unknown', `no publication ${publicationId}`);
}
