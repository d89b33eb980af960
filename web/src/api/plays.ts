import { call } from './http.ts';
import type { Play, PlayTicket, Stream, TraceEntry } from './types.ts';

interface StreamList {
  readonly streams: ReadonlyArray<{ readonly gbrtc?: Stream }>;
}

export const createPlay = (body: { deviceId: string; channelId: string; subStream: number }, signal: AbortSignal) =>
  call<PlayTicket>('POST', '/plays', { body, signal });

export const listPlays = (limit: number) => call<{ items: Play[] }>('GET', '/plays', { query: { limit } });

export const getPlay = (playId: string) => call<Play>('GET', `/plays/${encodeURIComponent(playId)}`);

export const playTrace = (playId: string) =>
  call<{ items: TraceEntry[] }>('GET', `/plays/${encodeURIComponent(playId)}/sip`);

/** The running streams; SRS's list, whose items carry ours. */
export async function listStreams(): Promise<Stream[]> {
  const { streams } = await call<StreamList>('GET', '/streams');
  return streams.flatMap(({ gbrtc }) => (gbrtc ? [gbrtc] : []));
}

export const reportFirstFrame = (viewerId: string, afterMs: number) =>
  call<void>('POST', `/viewers/${encodeURIComponent(viewerId)}/first-frame`, { body: { afterMs } });
