import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError, mapError } from '../errors.ts';
import { parseJson, textOf, validate } from '../http/body.ts';
import { type SrsIdentity, sendSrs } from './envelope.ts';
import { publish } from './publishing.ts';
import { parseStreamUrl, type StreamUrl } from './stream-url.ts';
import { playIdOf, view } from './viewing.ts';

/** SRS's body; what it does not need may be missing or null. */
export const srsOfferSchema = z.object({
  api: z.string().nullish(),
  streamurl: z.string().min(1),
  clientip: z.string().nullish(),
  tid: z.string().nullish(),
  sdp: z.string().min(1),
});

/** SRS's code for any refusal. */
const BAD_REQUEST = 400;

const iceUfrag = (sdp: string): string => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';

/** POST /rtc/v1/play/: SRS's own offer and answer in JSON. Failures are HTTP 200 with a code, as there. */
export function srsPlay(context: ApiContext, identity: SrsIdentity): RequestHandler {
  return async (req, res) => {
    let target: StreamUrl | undefined;
    try {
      const body = validate(srsOfferSchema, parseJson(textOf(req.body)), 'body');
      target = parseStreamUrl(body.streamurl);
      if (target === undefined) throw new ApiError('invalid_request', 'streamurl does not name a stream');
      const { viewer, playId } = await view(context, { req, res }, target, body.sdp);
      sendSrs(res, identity, 0, {
        sdp: viewer.answer,
        sessionid: `${iceUfrag(viewer.answer)}:${iceUfrag(body.sdp)}`,
        viewer: viewer.id,
        ...(playId === undefined ? {} : { play: playId }),
      });
    } catch (error) {
      const { status, problem, headers } = mapError(error);
      const refused = status === 401 || status === 403;
      if (refused) res.status(status).set(headers);
      const playId = problem.error.playId ?? (target === undefined ? undefined : playIdOf(context, target));
      sendSrs(res, identity, refused ? status : BAD_REQUEST, {
        msg: problem.error.message,
        reason: problem.error.code,
        ...(playId === undefined || refused ? {} : { play: playId }),
      });
    }
  };
}

/** POST /rtc/v1/publish/: the same for one who sends. */
export function srsPublish(context: ApiContext, identity: SrsIdentity): RequestHandler {
  return async (req, res) => {
    try {
      const body = validate(srsOfferSchema, parseJson(textOf(req.body)), 'body');
      const target = parseStreamUrl(body.streamurl);
      if (target === undefined) throw new ApiError('invalid_request', 'streamurl does not name a stream');
      const { id, answer } = await publish(context, { req, res }, target, body.sdp);
      sendSrs(res, identity, 0, {
        sdp: answer,
        sessionid: `${iceUfrag(answer)}:${iceUfrag(body.sdp)}`,
        publication: id,
      });
    } catch (error) {
      const { status, problem, headers } = mapError(error);
      const refused = status === 401 || status === 403;
      if (refused) res.status(status).set(headers);
      sendSrs(res, identity, refused ? status : BAD_REQUEST, {
        msg: problem.error.message,
        reason: problem.error.code,
      });
    }
  };
}
