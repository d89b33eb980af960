import { splitStreamName } from '../lib/stream-name.ts';
import { send } from './http.ts';

/** What the server answered to a WHEP or WHIP offer (RFC 9725). */
export interface WhepAnswer {
  readonly sdp: string;
  /** For the DELETE that leaves. */
  readonly resource: string | undefined;
  readonly viewerId: string | undefined;
  readonly playId: string | undefined;
}

const withToken = (token: string | undefined) => (token === undefined ? '' : `&token=${encodeURIComponent(token)}`);

/** `token`: for those who have no login, e.g. guests of a meeting. */
export const whepUrl = (stream: string, token?: string) => {
  const { app, name } = splitStreamName(stream);
  return `/rtc/v1/whep/?app=${encodeURIComponent(app)}&stream=${encodeURIComponent(name)}${withToken(token)}`;
};

/** A player that will call `reportFirstFrame`: where it does not, the timeline says so. */
export const reportingUrl = (url: string) => `${url}&reports=first-frame`;

export const whipUrl = (stream: string, maxBitrateBps?: number, token?: string) => {
  const { app, name } = splitStreamName(stream);
  const limit = maxBitrateBps === undefined ? '' : `&max_bitrate=${maxBitrateBps}`;
  return `/rtc/v1/whip/?app=${encodeURIComponent(app)}&stream=${encodeURIComponent(name)}${limit}${withToken(token)}`;
};

export async function postOffer(url: string, offer: string, signal: AbortSignal): Promise<WhepAnswer> {
  const response = await send(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: offer,
    signal,
  });
  return {
    sdp: await response.text(),
    resource: response.headers.get('Location') ?? undefined,
    viewerId: response.headers.get('X-Gbrtc-Viewer') ?? undefined,
    playId: response.headers.get('X-Gbrtc-Play') ?? undefined,
  };
}

/** Leaves; also while the page is being closed. Failures do not matter: the server notices by itself, only later. */
export async function deleteResource(resource: string): Promise<void> {
  await send(resource, { method: 'DELETE', keepalive: true }).catch(() => undefined);
}
