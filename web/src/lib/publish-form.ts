import { NO_SOUND, RESOLUTIONS, type CaptureChoice, type CaptureSource, type Resolution } from './capture.ts';
import { suggestStreamName } from './stream-name.ts';

export interface PublishForm {
  source: CaptureSource;
  cameraId: string;
  sound: string;
  resolution: Resolution;
  name: string;
  /** bit/s as text; empty = no limit. */
  limit: string;
  /** MIME type; empty = the browser's choice. */
  codec: string;
}

const SOURCES: readonly CaptureSource[] = ['camera', 'screen', 'microphone'];

/** bit/s, smallest first. */
export const BITRATE_LIMITS = [500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000] as const;

const textOr = (value: unknown, fallback: string) => (typeof value === 'string' ? value.slice(0, 400) : fallback);

/** What somebody chose the last time; whatever does not fit is replaced. */
export function restoreForm(stored: Readonly<Record<string, unknown>>): PublishForm {
  const source = SOURCES.find((known) => known === stored['source']) ?? 'camera';
  const limit = BITRATE_LIMITS.find((known) => String(known) === stored['limit']);
  return {
    source,
    cameraId: textOr(stored['cameraId'], ''),
    sound: textOr(stored['sound'], ''),
    resolution: RESOLUTIONS.find((known) => known === stored['resolution']) ?? '1280x720',
    name: textOr(stored['name'], '') || suggestStreamName(),
    limit: limit === undefined ? '' : String(limit),
    codec: textOr(stored['codec'], ''),
  };
}

/** Sound alone cannot be without sound. */
export function captureChoice({ source, cameraId, sound, resolution }: PublishForm): CaptureChoice {
  return { source, cameraId, resolution, sound: source === 'microphone' && sound === NO_SOUND ? '' : sound };
}
