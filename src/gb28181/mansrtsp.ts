/** `Content-Type` of playback control in the spelling that devices compare with (GB/T 28181 2.5). */
export const MANSRTSP_CONTENT_TYPE = 'Application/MANSRTSP';

/** A range of normal play time (RFC 2326 §3.6): seconds from the start of the `t=` line. */
export interface NptRange {
  readonly from: number | 'now';
  /** Absent: to the end, of reverse play to the start. */
  readonly to?: number;
}

/** Playback control inside an INVITE dialog (GB/T 28181 14). */
export interface MansrtspRequest {
  readonly method: 'PLAY' | 'PAUSE' | 'TEARDOWN';
  readonly cseq: number;
  /** Negative plays backwards; absent: as before. */
  readonly scale?: number;
  readonly range?: NptRange;
}

const METHODS: readonly MansrtspRequest['method'][] = ['PLAY', 'PAUSE', 'TEARDOWN'];
/** A control request has five lines; what is longer is none. */
const MAX_CHARACTERS = 4096;
/** Annex B and all implementations write RTSP/1.0, an example of 2016 MANSRTSP/1.0. */
const REQUEST_LINE = /^\s*([A-Z]{4,8})\s+(?:MANS)?RTSP\/1\.0\s*$/i;
const STATUS_LINE = /^\s*(?:MANS)?RTSP\/1\.0\s+(\d{3})\b/i;
const NPT = /^npt\s*=\s*(now|\d{1,9}(?:\.\d{1,6})?)\s*-?\s*(\d{1,9}(?:\.\d{1,6})?)?$/i;

/** Writes the body of an INFO request: CRLF lines, an empty one at the end. */
export function formatMansrtsp({ method, cseq, scale, range }: MansrtspRequest): string {
  const lines = [`${method} RTSP/1.0`, `CSeq: ${cseq}`];
  if (method === 'PAUSE') lines.push('PauseTime: now');
  if (scale !== undefined) lines.push(`Scale: ${formatScale(scale)}`);
  if (range !== undefined) lines.push(`Range: npt=${formatNpt(range.from)}-${formatNpt(range.to)}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** One decimal, two where it needs them: `2.0`, `0.25`. */
function formatScale(scale: number): string {
  return Number.isInteger(scale * 10) ? scale.toFixed(1) : scale.toFixed(2);
}

function formatNpt(value: number | 'now' | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : String(Math.round(Math.max(0, value) * 1000) / 1000);
}

/** Reads a control request; what it does not know it passes over. */
export function parseMansrtsp(body: Buffer): MansrtspRequest | 'mansrtsp_invalid' {
  const [first = '', ...rest] = linesOf(body);
  const word = REQUEST_LINE.exec(first)?.[1]?.toUpperCase();
  const method = METHODS.find((each) => each === word);
  if (method === undefined) return 'mansrtsp_invalid';
  const fields = fieldsOf(rest);
  const scale = fields.get('scale');
  const range = parseRange(fields.get('range'));
  return {
    method,
    cseq: integerOf(fields.get('cseq')),
    ...(scale !== undefined && isScale(scale) && { scale: Number(scale) }),
    ...(range !== undefined && { range }),
  };
}

/** Status of an answer's body; undefined where it has none, as most answers. */
export function parseMansrtspStatus(body: Buffer): number | undefined {
  const [first = ''] = linesOf(body);
  const status = STATUS_LINE.exec(first)?.[1];
  return status === undefined ? undefined : Number(status);
}

/** Body of the answer to a control request. */
export function formatMansrtspAnswer(cseq: number, status = 200): string {
  return `RTSP/1.0 ${status} ${status === 200 ? 'OK' : 'Error'}\r\nCSeq: ${cseq}\r\n\r\n`;
}

function linesOf(body: Buffer): string[] {
  return body.toString('latin1', 0, MAX_CHARACTERS).split(/\r?\n/);
}

function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

function isScale(text: string): boolean {
  return /^[+-]?\d{1,3}(?:\.\d{1,8})?$/.test(text) && Number(text) !== 0;
}

function integerOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function parseRange(text: string | undefined): NptRange | undefined {
  const match = NPT.exec(text ?? '');
  const [, from, to] = match ?? [];
  if (from === undefined) return undefined;
  return {
    from: from.toLowerCase() === 'now' ? 'now' : Number(from),
    ...(to !== undefined && { to: Number(to) }),
  };
}
