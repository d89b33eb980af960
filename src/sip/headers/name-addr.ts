import type { NameAddr } from '../types.ts';
import { formatParams, parseParams, quote, unquote } from './params.ts';
import { formatUri, parseUri } from './uri.ts';

/**
 * `"Name" <uri>;params`, `Name <uri>;params` or `uri;params` (RFC 3261 §20.10). Undefined for what is none of these,
 * among it `*`, an unbalanced quote, a comma in an unquoted name and a blank inside the brackets.
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  const value = text.trim();
  const afterName = value.startsWith('"') ? quotedEnd(value) : 0;
  if (afterName < 0) return undefined;
  const open = value.indexOf('<', afterName);
  if (open < 0) return afterName === 0 ? parseAddrSpec(value) : undefined;
  const name = value.slice(0, open).trim();
  const semicolon = value.indexOf(';');
  // `sip:a;p=<x>`: the bracket belongs to a parameter.
  if (afterName === 0 && semicolon >= 0 && semicolon < open) return parseAddrSpec(value);
  const close = value.indexOf('>', open);
  if (close < 0 || !isDisplayName(name, afterName)) return undefined;
  const uri = parseUri(value.slice(open + 1, close));
  const params = parseParams(value.slice(close + 1));
  if (uri === undefined || params === undefined) return undefined;
  return { ...(name !== '' && { displayName: unquote(name) }), uri, params };
}

/** RFC 3261 §20.10: without brackets every parameter belongs to the header, and `?` or `,` must not appear. */
function parseAddrSpec(value: string): NameAddr | undefined {
  const semicolon = value.indexOf(';');
  const address = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (address.includes('?') || address.includes(',')) return undefined;
  const uri = parseUri(address);
  const params = semicolon < 0 ? parseParams('') : parseParams(value.slice(semicolon));
  return uri === undefined || params === undefined ? undefined : { uri, params };
}

/** Position behind the closing quote, or -1. */
function quotedEnd(value: string): number {
  for (let at = 1; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at + 1;
  }
  return -1;
}

/** Tokens; bytes above ASCII are let through, since devices put their own character set here. */
function isDisplayName(name: string, quotedLength: number): boolean {
  if (quotedLength > 0) return name.length === quotedLength;
  return !/[,"@:;]/.test(name);
}

/** Inverse of parseNameAddr, always with brackets. */
export function formatNameAddr({ displayName, uri, params }: NameAddr): string {
  const name = displayName === undefined ? '' : `${quote(displayName)} `;
  return `${name}<${formatUri(uri)}>${formatParams(params)}`;
}

/** Tag of a From or To value without parsing the rest; undefined where there is none. */
export function tagOf(value: string): string | undefined {
  const close = value.lastIndexOf('>');
  const from = value.indexOf(';', close + 1);
  if (from < 0) return undefined;
  const tag = parseParams(value.slice(from))?.get('tag');
  return tag === '' ? undefined : tag;
}
