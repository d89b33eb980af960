import { expect, vi } from 'vitest';
import { createStreams, type Streams } from '../../src/stream/index.ts';
import { GatewayError } from '../../src/util/index.ts';
import { scriptedParts } from './stream-fakes.ts';

/** Of `openScripted`. */
export const STREAM_OPTIONS = { idleTimeoutMs: 30_000, firstPacketTimeoutMs: 5000, silenceTimeoutMs: 5000 };
/** More than streams wait for a device when they end. */
const END_MS = 3000;

/** Who watches; offer and answer are scripted. */
export const VIEWER = { offer: 'v=0', remoteAddress: '127.0.0.5', userAgent: 'test' };

/** How a device, or a part of ours, says no. */
export class Refusal extends GatewayError {
  override readonly code: string;
  readonly status: number | undefined;

  constructor(code: string, status?: number) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

export interface ScriptedStreams {
  readonly parts: ReturnType<typeof scriptedParts>;
  readonly streams: Streams;
}

/** Streams over scripted parts, under fake timers until `closeScripted`. */
export function openScripted(now = Date.now()): ScriptedStreams {
  vi.useFakeTimers({ now });
  const parts = scriptedParts();
  return { parts, streams: createStreams(STREAM_OPTIONS, parts) };
}

/** Ends them; nothing of a stream may be left. */
export async function closeScripted({ parts, streams }: ScriptedStreams): Promise<void> {
  const ended = streams.shutdown();
  await vi.advanceTimersByTimeAsync(END_MS);
  await ended;
  expect(parts.media.open).toBe(0);
  expect(parts.platform.leases.size).toBe(0);
  expect(parts.platform.sessions.every((session) => session.ended)).toBe(true);
  expect(streams.list()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
}
