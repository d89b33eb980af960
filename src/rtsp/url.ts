/** What a request's URL names. */
export interface RtspTarget {
  /** `<app>/<name>`; the app is `live` where the URL has none. */
  readonly stream: string;
  /** Number behind `trackID=`. */
  readonly track?: number;
  readonly token?: string;
  /** The URL without the track: what SDP's relative control URLs are relative to. */
  readonly base: string;
}

const TRACK = /\/trackID=(\d{1,3})\/?(?=$|\?)/i;
const URL_PARTS = /^(?:rtspu?:\/\/[^/?#\s]{0,300})?(\/[^?#\s]*)?(?:\?([^#\s]*))?$/i;
const MAX_CHARS = 4096;

/**
 * `rtsp://host:8554/live/<name>?token=…`. A player that appends the track's relative URL puts it behind the query or
 * before it. Undefined where no stream is named. Never throws.
 */
export function parseTarget(uri: string): RtspTarget | undefined {
  if (uri.length > MAX_CHARS) return undefined;
  const track = TRACK.exec(uri)?.[1];
  const base = uri.replace(TRACK, '').replace(/\/$/, '');
  const [, path = '', query = ''] = URL_PARTS.exec(base) ?? [];
  const stream = nameOf(path);
  if (stream === undefined) return undefined;
  const token = new URLSearchParams(query).get('token')?.replace(/\/$/, '') ?? undefined;
  return {
    stream,
    base,
    ...(track === undefined ? {} : { track: Number(track) }),
    ...(token === undefined || token === '' ? {} : { token }),
  };
}

function nameOf(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const parts = decoded.split('/').filter((part) => part !== '');
  const bare = parts.join('/');
  // Control characters and blanks are in no name and would end up in headers and logs.
  if (bare === '' || bare.length > 256 || /[\p{Cc}\s]/u.test(bare)) return undefined;
  return parts.length === 1 ? `live/${bare}` : bare;
}
