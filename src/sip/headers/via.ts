import { parseParams } from './params.ts';
import { splitHostPort } from './uri.ts';

/** One Via value, RFC 3261 §20.42. */
export interface Via {
  readonly version: string;
  /** Upper case: `UDP`, `TCP`, … */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: ReadonlyMap<string, string>;
}

/** RFC 3261 §8.1.1.7: branches with this prefix identify a transaction alone. */
export const BRANCH_COOKIE = 'z9hG4bK';

/** `SIP/2.0/UDP host:port;params` with blanks wherever the grammar lets them in; undefined where it is none. */
export function parseVia(value: string): Via | undefined {
  const first = value.indexOf('/');
  const second = value.indexOf('/', first + 1);
  if (first < 0 || second < 0 || value.slice(0, first).trim().toUpperCase() !== 'SIP') return undefined;
  const rest = value.slice(second + 1).trim();
  const semicolon = rest.indexOf(';');
  const head = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim();
  const blank = head.search(/[ \t]/);
  if (blank <= 0) return undefined;
  const sentBy = splitHostPort(head.slice(blank + 1).trim());
  if (sentBy.host === '' || /[ \t,]/.test(sentBy.host)) return undefined;
  const params = semicolon < 0 ? parseParams('') : parseParams(rest.slice(semicolon));
  if (params === undefined) return undefined;
  return {
    version: value.slice(first + 1, second).trim(),
    transport: head.slice(0, blank).toUpperCase(),
    ...sentBy,
    params,
  };
}

/** `;rport`, `;rport=`. Blanks in one place of the pattern only: of two it would try every way to share them out. */
const EMPTY_RPORT = /;\s*rport(?=\s*(?:=\s*)?(?:;|$))\s*=?/i;

/** Fills `received` and `rport` into a top Via (RFC 3261 §18.2.1, RFC 3581 §4), other text unchanged. */
export function stampVia(value: string, via: Via, remote: { address: string; port: number }): string {
  let text = value;
  const rport = via.params.get('rport');
  if (rport === '') text = text.replace(EMPTY_RPORT, `;rport=${remote.port}`);
  if (via.params.has('received') || (rport === undefined && via.host === remote.address)) return text;
  return `${text.trimEnd()};received=${remote.address}`;
}
