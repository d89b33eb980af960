import type { Request, Response } from 'express';
import type { ViewerHandle } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { queryValue, sourceAddress } from '../http/context.ts';
import { candidateOf } from './candidate.ts';
import type { StreamUrl } from './stream-url.ts';

/** One HTTP exchange. */
export interface Exchange {
  readonly req: Request;
  readonly res: Response;
}

export interface View {
  readonly viewer: ViewerHandle;
  /** `<app>/<name>` as the stream calls itself. */
  readonly stream: string;
  readonly playId: string | undefined;
}

/** Checks access and answers one WebRTC offer, for both player interfaces. @throws ApiError, StreamError, SdpError */
export async function view(
  context: ApiContext,
  { req, res }: Exchange,
  target: StreamUrl,
  offer: string,
): Promise<View> {
  const { streams } = context.parts;
  const find = () => streams.find(target.stream) ?? streams.find(target.name);
  const running = find();
  const asked = running?.name ?? target.stream;
  const owner = await context.gate.requirePlay(req, [asked, target.stream], target.token);
  if (!/^v=0\r?\n/.test(offer.trimStart()))
    throw new ApiError('invalid_request', 'the offer is not SDP: it must begin with v=0');
  const viewer = await streams.view(asked, {
    ...candidateOf(req),
    // Who says so calls POST /api/v1/viewers/{viewerId}/first-frame.
    ...(queryValue(req, 'reports') === 'first-frame' ? { reportsFirstFrame: true } : {}),
    offer,
    remoteAddress: sourceAddress(req),
    userAgent: (req.headers['user-agent'] ?? '').slice(0, 256),
    owner,
  });
  if (res.closed) {
    // Nobody is there to take the answer: a viewer that never connects would hold the camera open.
    streams.closeViewer(viewer.id);
    throw new ApiError('request_aborted', 'the client left before the answer');
  }
  const stream = find();
  return { viewer, stream: stream?.name ?? asked, playId: stream?.playId };
}

/** The newest play of a stream, to point at its timeline when a view has failed. */
export function playIdOf(context: ApiContext, target: StreamUrl): string | undefined {
  const { streams } = context.parts;
  const running = streams.find(target.stream) ?? streams.find(target.name);
  if (running !== undefined) return running.playId;
  const [deviceId, channelId] = target.name.split('_');
  if (deviceId === undefined || channelId === undefined) return undefined;
  return streams.plays({ deviceId, channelId, limit: 1 })[0]?.id;
}
