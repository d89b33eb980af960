/** The parts of `webrtc://host[:port]/app/stream?token=…` that matter to us. */
export interface StreamUrl {
  /** `<app>/<name>`. */
  readonly stream: string;
  readonly app: string;
  readonly name: string;
  readonly token?: string;
}

const MAX_LENGTH = 4096;
/**
 * What a stream's name may consist of. Devices and channels may have any id (quirks P9), but nothing that means
 * something in a path, and no control character.
 */
const NAME = /^[^/\\?#%\s\p{C}]{1,160}$/u;

/** Checks the two halves of a stream's name. */
export function parseStreamName(app: string, name: string): StreamUrl | undefined {
  if (!NAME.test(app) || !NAME.test(name)) return undefined;
  return { stream: `${app}/${name}`, app, name };
}

/** Undefined for anything that does not name a stream; never throws. */
export function parseStreamUrl(text: string): StreamUrl | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  // Only http has the URL parser split host and path the way the players do.
  const http = text.replace(/^(?:webrtc|rtc|rtmp):\/\//i, 'http://');
  if (!/^https?:\/\//i.test(http) || !URL.canParse(http)) return undefined;
  const url = new URL(http);
  const [app, name, ...rest] = url.pathname.slice(1).split('/').map(decode);
  if (app === undefined || name === undefined || rest.length > 0) return undefined;
  const parsed = parseStreamName(app, name);
  const token = url.searchParams.get('token');
  return parsed === undefined || token === null ? parsed : { ...parsed, token };
}

/** Undefined for a broken percent-encoding. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
