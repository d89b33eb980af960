import { splitStreamName } from '../lib/stream-name.ts';
import { call } from './http.ts';
import type { LiveStream, LiveStreamDetail, LiveStreamQuery, Muted, Page } from './types.ts';

const path = (stream: string) => {
  const { app, name } = splitStreamName(stream);
  return `/live-streams/${encodeURIComponent(app)}/${encodeURIComponent(name)}`;
};

export const listLiveStreams = (query: LiveStreamQuery, signal?: AbortSignal) =>
  call<Page<LiveStream>>('GET', '/live-streams', { query: { ...query }, ...(signal && { signal }) });

export const getLiveStream = (stream: string, signal: AbortSignal) =>
  call<LiveStreamDetail>('GET', path(stream), { signal });

export const closeLiveStream = (stream: string) => call<void>('DELETE', path(stream));

export const muteLiveStream = (stream: string, body: Partial<Muted>) =>
  call<Muted>('POST', `${path(stream)}/mute`, { body });

export const closeViewer = (viewerId: string) => call<void>('DELETE', `/viewers/${encodeURIComponent(viewerId)}`);

/** For players outside of this console. */
export const createPlayToken = (stream: string, lifetimeSec: number) =>
  call<{ token: string; expiresAt: number }>('POST', '/tokens', { body: { scope: 'play', stream, lifetimeSec } });
