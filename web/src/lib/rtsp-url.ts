/** What somebody typed as the address of an RTSP camera. */
export interface RtspUrl {
  /** Without user and password. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const PARTS = /^rtsp:\/\/(?:([^@/?#\s]*)@)?([^@/?#\s]+)([/?]\S*)?$/i;
const MAX_CHARACTERS = 2048;

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Takes user and password out of the address, where people often paste them; undefined for no RTSP address. */
export function parseRtspUrl(text: string): RtspUrl | undefined {
  const trimmed = text.trim();
  const match = trimmed.length > MAX_CHARACTERS ? null : PARTS.exec(trimmed);
  const [, account = '', host, path = ''] = match ?? [];
  if (host === undefined || !URL.canParse(`http://${host}/`)) return undefined;
  const colon = account.indexOf(':');
  const [username, password] = colon < 0 ? [account, ''] : [account.slice(0, colon), account.slice(colon + 1)];
  return { url: `rtsp://${host}${path}`, username: decode(username), password: decode(password) };
}

/** A name for its stream out of the host and the path. */
export function suggestPullName({ url }: RtspUrl): string {
  const host = /^rtsp:\/\/([^/:?]+)/.exec(url)?.[1] ?? 'camera';
  const last = url
    .replace(/^rtsp:\/\/[^/]+/, '')
    .split('?')[0]
    ?.split('/')
    .findLast((part) => part !== '');
  return [host, last]
    .filter(Boolean)
    .join('-')
    .replaceAll(/[^\w.-]+/g, '-')
    .slice(0, 80);
}
