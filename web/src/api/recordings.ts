import { call, send } from './http.ts';
import type { Recording, RecordingPage, RecordingQuery, RecordingRequest } from './types.ts';

const path = (id: string) => `/recordings/${encodeURIComponent(id)}`;

export const listRecordings = (query: RecordingQuery, signal?: AbortSignal) =>
  call<RecordingPage>('GET', '/recordings', { query: { ...query }, ...(signal && { signal }) });

export const getRecording = (id: string) => call<Recording>('GET', path(id));

export const startRecording = (body: RecordingRequest) => call<Recording>('POST', '/recordings', { body });

export const stopRecording = (id: string) => call<Recording>('POST', `${path(id)}/stop`);

export const deleteRecording = (id: string) => call<void>('DELETE', path(id));

/** For a video element or a link; the login's cookie opens it. */
export const recordingFileUrl = (id: string, index: number, download = false) =>
  `/api/v1${path(id)}/files/${index}${download ? '?download=1' : ''}`;

/** Whether the file is there and ours to read; rejects with the reason where it is not. */
export const checkRecordingFile = async (id: string, index: number): Promise<void> => {
  await send(recordingFileUrl(id, index), { headers: { Range: 'bytes=0-0' } });
};
