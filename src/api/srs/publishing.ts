import { z } from 'zod';
import type { PublishHandle } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { queryValue, sourceAddress } from '../http/context.ts';
import { candidateOf } from './candidate.ts';
import type { StreamUrl } from './stream-url.ts';
import type { Exchange } from './viewing.ts';

const bitrateSchema = z.coerce.number().int().min(10_000).max(1_000_000_000);

/** Checks access and answers the offer of one who sends, for both publishing interfaces. @throws ApiError, StreamTakenError, SdpError */
export async function publish(
  context: ApiContext,
  { req, res }: Exchange,
  target: StreamUrl,
  offer: string,
): Promise<PublishHandle> {
  const { streams } = context.parts;
  const owner = await context.gate.requirePublish(req, target.stream, target.token);
  if (!/^v=0\r?\n/.test(offer.trimStart()))
    throw new ApiError('invalid_request', 'the offer is not SDP: it must begin with v=0');
  const limit = queryValue(req, 'max_bitrate');
  const maxBitrate = limit === undefined ? undefined : bitrateSchema.safeParse(limit);
  if (maxBitrate?.success === false) {
    throw new ApiError('invalid_request', 'query.max_bitrate: expected bit/s from 10000 to 1000000000');
  }
  const handle = await streams.publish(target.stream, {
    ...candidateOf(req),
    offer,
    remoteAddress: sourceAddress(req),
    userAgent: (req.headers['user-agent'] ?? '').slice(0, 256),
    owner,
    ...(maxBitrate === undefined ? {} : { maxBitrateBps: maxBitrate.data }),
  });
  if (res.closed) {
    streams.closePublication(handle.id);
    throw new ApiError('request_aborted', 'the client left before the answer');
  }
  return handle;
}
