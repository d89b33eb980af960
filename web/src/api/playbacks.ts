import { call } from './http.ts';

export type RecordType = 'time' | 'alarm' | 'manual' | 'all';

export interface RecordSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly type: RecordType;
}

/** What a device has recorded in a range of time; Unix ms. */
export interface RecordList {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sumNum: number;
  readonly complete: boolean;
  readonly items: readonly RecordSegment[];
  readonly segments: readonly RecordSegment[];
}

export interface Playback {
  readonly id: string;
  readonly stream: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: 'opening' | 'playing' | 'paused' | 'ended';
  readonly speed: number;
  readonly positionMs: number;
  readonly control: 'info' | 'invite';
  readonly end?: string;
  readonly message?: string;
}

export interface PlaybackChange {
  readonly state?: 'playing' | 'paused';
  readonly speed?: number;
  readonly position?: number;
  readonly step?: 1 | -1;
}

export interface ChannelRange {
  readonly deviceId: string;
  readonly channelId: string;
  readonly from: number;
  readonly to: number;
}

export interface Download {
  readonly id: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly speed: number;
  readonly state: 'running' | 'complete' | 'partial' | 'failed';
  readonly progress: number;
  readonly positionMs: number;
  readonly durationMs: number;
  readonly receivedBytes: number;
  readonly resumes: number;
  readonly recordingId: string;
  readonly files: readonly { readonly index: number; readonly fileName: string; readonly bytes: number }[];
  readonly end?: string;
  readonly message?: string;
  readonly continuedBy?: string;
}

const channel = (deviceId: string, channelId: string) =>
  `/devices/${encodeURIComponent(deviceId)}/channels/${encodeURIComponent(channelId)}`;
const playback = (id: string) => `/playbacks/${encodeURIComponent(id)}`;

export const listRecords = ({ deviceId, channelId, from, to }: ChannelRange, signal: AbortSignal) =>
  call<RecordList>('GET', `${channel(deviceId, channelId)}/records`, { query: { from, to }, signal });

export const startPlayback = (body: ChannelRange & { readonly speed?: number }) =>
  call<Playback>('POST', '/playbacks', { body });
export const getPlayback = (id: string) => call<Playback>('GET', playback(id));
export const changePlayback = (id: string, body: PlaybackChange) => call<Playback>('PATCH', playback(id), { body });
export const stopPlayback = (id: string) => call<void>('DELETE', playback(id));

export const startDownload = (body: ChannelRange & { readonly speed?: number }) =>
  call<Download>('POST', '/downloads', { body });
export const listDownloads = () => call<{ items: Download[] }>('GET', '/downloads');
export const resumeDownload = (id: string) => call<Download>('POST', `/downloads/${encodeURIComponent(id)}/resume`);
export const stopDownload = (id: string) => call<void>('DELETE', `/downloads/${encodeURIComponent(id)}`);
