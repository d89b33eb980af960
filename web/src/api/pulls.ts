import { call } from './http.ts';
import type { NewPull, Page, Pull, PullQuery } from './types.ts';

export const listPulls = (query: PullQuery, signal?: AbortSignal) =>
  call<Page<Pull>>('GET', '/pulls', { query: { ...query }, ...(signal && { signal }) });

export const addPull = (body: NewPull) => call<Pull>('POST', '/pulls', { body });

export const deletePull = (name: string) => call<void>('DELETE', `/pulls/${encodeURIComponent(name)}`);
