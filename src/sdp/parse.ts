import type { MediaDescription, SdpFault, SdpLine, SessionDescription } from './types.ts';

const MAX_CHARACTERS = 65_536;
const MAX_LINES = 2_000;
const MAX_MEDIA = 64;
const MAX_PORT = 65_535;

interface OpenMedia {
  readonly head: Omit<MediaDescription, 'lines'>;
  readonly lines: SdpLine[];
}

/**
 * Reads a session description (RFC 8866 §5) as tolerantly as devices write it: CRLF, LF or CR line ends, blanks
 * around a line or its `=`, control characters, no final line end, unknown letters, garbage lines between or after.
 * Order is kept, not checked.
 */
export function parseSdp(text: string): SessionDescription | SdpFault {
  if (text.length > MAX_CHARACTERS) return 'too_long';
  const rows = text.split(/[\r\n]+/, MAX_LINES + 1);
  if (rows.length > MAX_LINES) return 'too_many_lines';
  const session: SdpLine[] = [];
  const media: OpenMedia[] = [];
  let ignored = 0;
  for (const row of rows) {
    const line = parseLine(row);
    if (line === undefined) ignored += isBlank(row) ? 0 : 1;
    else if (line.type === 'm') {
      const head = parseMediaLine(line.value);
      if (head === undefined) return 'bad_media';
      if (media.length === MAX_MEDIA) return 'too_many_media';
      media.push({ head, lines: [] });
    } else (media.at(-1)?.lines ?? session).push(line);
  }
  if (session.length === 0 && media.length === 0) return ignored === 0 ? 'empty' : 'not_sdp';
  return { lines: session, media: media.map(({ head, lines }) => ({ ...head, lines })), ignored };
}

function isBlank(row: string): boolean {
  return stripControls(row).trim() === '';
}

/** `a=x`, ` a = x `, and a line with NUL bytes around it. */
function parseLine(row: string): SdpLine | undefined {
  const clean = stripControls(row).trim();
  const type = clean.charAt(0);
  if (!isLetter(type)) return undefined;
  let at = 1;
  while (clean.charAt(at) === ' ' || clean.charAt(at) === '\t') at += 1;
  if (clean.charAt(at) !== '=') return undefined;
  return { type: type.toLowerCase(), value: clean.slice(at + 1).trim() };
}

function isLetter(character: string): boolean {
  const code = character.charCodeAt(0) | 0x20;
  return code >= 0x61 && code <= 0x7a;
}

function stripControls(row: string): string {
  // Nearly every line is clean: look before paying for a replacement.
  for (let at = 0; at < row.length; at += 1) {
    const code = row.charCodeAt(at);
    if (code < 0x20 && code !== 0x09)
      return Array.from(row)
        .filter((character) => character >= ' ' || character === '\t')
        .join('');
  }
  return row;
}

/** RFC 8866 §5.14: `<media> <port>[/<number of ports>] <proto> <fmt> ...`. */
function parseMediaLine(value: string): Omit<MediaDescription, 'lines'> | undefined {
  const [media, portText, protocol, ...formats] = value.split(/[ \t]+/);
  if (media === undefined || media === '' || portText === undefined || protocol === undefined) return undefined;
  const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(portText);
  const port = Number(match?.[1]);
  if (!(port <= MAX_PORT)) return undefined;
  const portCount = match?.[2];
  return { media, port, ...(portCount !== undefined && { portCount: Number(portCount) }), protocol, formats };
}
