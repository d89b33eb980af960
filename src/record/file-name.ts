import { RecordingNameError } from './errors.ts';
import type { Container } from './writer-types.ts';

/** A name is at most 255 bytes in the usual file systems; this leaves room for suffixes and extension. */
const MAX_NAME_BYTES = 200;
const MAX_STREAM_BYTES = 150;

/** Separators, control characters, halves of surrogate pairs, and marks that turn the direction of writing. */
const FORBIDDEN = /[/\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
/** Devices of Windows, where a downloaded file may end up. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
/** What the name of a container replaces. */
const MEDIA_EXTENSION = /\.(?:webm|mp4|m4v|mkv|mov|flv|ts|avi)$/i;

export interface RequestedName {
  /** Without extension. */
  readonly base: string;
  /** The wish that the extension tells. */
  readonly container?: Container;
}

const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

function problemOf(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (byteLength(name) > MAX_NAME_BYTES) return `has ${byteLength(name)} bytes, the limit is ${MAX_NAME_BYTES}`;
  if (FORBIDDEN.test(name)) return 'has a path separator or a control character';
  if (name.startsWith('.')) return 'begins with a dot';
  if (/^\s|[\s.]$/u.test(name)) return 'begins or ends with a space, or ends with a dot';
  if (RESERVED.test(name)) return 'is a reserved name';
  return undefined;
}

/** Reads the name that somebody asks for. @throws RecordingNameError */
export function parseFileName(fileName: string): RequestedName {
  const base = fileName.replace(MEDIA_EXTENSION, '');
  const problem = problemOf(fileName) ?? problemOf(base);
  if (problem !== undefined) {
    throw new RecordingNameError(`fileName ${JSON.stringify(fileName.slice(0, 80))} ${problem}`);
  }
  const extension = fileName.slice(base.length + 1).toLowerCase();
  return extension === 'webm' || extension === 'mp4' ? { base, container: extension } : { base };
}

/** Cuts between characters, never within one. */
function truncate(text: string, maxBytes: number): string {
  let bytes = 0;
  let result = '';
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > maxBytes) break;
    result += character;
  }
  return result;
}

/** The number that a writer has put behind this base; 1 for the bare name, undefined for other names. */
export function numberOf(fileName: string, base: string): number | undefined {
  const match = fileName.startsWith(base) ? /^(?:-(\d{1,6}))?\.(?:mp4|webm)$/.exec(fileName.slice(base.length)) : null;
  return match === null ? undefined : Number(match[1] ?? 1);
}

/** A file's name for a stream: what would be a folder or hidden becomes `_`. */
export function nameOfStream(stream: string): string {
  const name = stream
    .replace(/^\/*live\//, '')
    .replaceAll(new RegExp(FORBIDDEN, 'gu'), '_')
    .replace(/^[.\s]/u, '_');
  const cut = truncate(name, MAX_STREAM_BYTES).replace(/[\s.]+$/u, '');
  return problemOf(cut) === undefined ? cut : `stream_${truncate(cut, MAX_STREAM_BYTES).replaceAll('.', '_')}`;
}

/** `-20261121-231523` in local time. */
export function timeSuffix(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `-${date}-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
}
