import type { MediaDescription, SdpLine, SessionDescription } from './types.ts';

/** Writes the lines in the order given, each ended by CRLF (RFC 8866 §5). */
export function formatSdp(description: SessionDescription): string {
  let text = formatLines(description.lines);
  for (const media of description.media) text += `m=${formatMediaLine(media)}\r\n${formatLines(media.lines)}`;
  return text;
}

/** Value of the `m=` line, RFC 8866 §5.14. */
export function formatMediaLine({ media, port, portCount, protocol, formats }: MediaDescription): string {
  const ports = portCount === undefined ? String(port) : `${port}/${portCount}`;
  return [media, ports, protocol, ...formats].join(' ');
}

function formatLines(lines: readonly SdpLine[]): string {
  let text = '';
  for (const { type, value } of lines) text += `${type}=${value}\r\n`;
  return text;
}
