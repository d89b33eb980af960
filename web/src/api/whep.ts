import { send } from './http.ts';

/** What the server answered to a WHEP offer (RFC 9725). */
export interface WhepAnswer {
  readonly sdp: string;
  /** For the DELETE that leaves. */
  readonly resource: string | undefined;
  readonly viewerId: string | undefined;
  readonly playId: string | undefined;
}

export const whepUrl = (stream: string) => {
  const [app = 'live', name = ''] = stream.includes('/') ? stream.split('/') : ['live', stream];
  return `/rtc/v1/whep/?app=${encodeURIComponent(app)}&stream=${encodeURIComponent(name)}`;
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
