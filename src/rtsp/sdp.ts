import { isIPv6 } from 'node:net';
import type { TapTrack } from '../stream/index.ts';

export interface DescriptionOptions {
  readonly stream: string;
  readonly tracks: readonly TapTrack[];
  /** Own address. */
  readonly address: string;
  readonly sessionId: number;
  /** As the one who reads it sees it: a player receives, an announcement says that we send. */
  readonly direction?: 'recvonly' | 'sendonly';
}

/** The description of a live stream (RFC 8866, RFC 2326 appendix C). */
export function formatDescription(options: DescriptionOptions): string {
  const { stream, tracks, address, sessionId, direction = 'recvonly' } = options;
  const family = isIPv6(address) ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- ${sessionId} 1 IN ${family} ${address}`,
    `s=${stream}`,
    `c=IN ${family} ${family === 'IP6' ? '::' : '0.0.0.0'}`,
    't=0 0',
    'a=tool:gbrtc',
    'a=range:npt=now-',
    'a=control:*',
  ];
  tracks.forEach((track, index) => lines.push(...formatTrack(track, index, direction)));
  return `${lines.join('\r\n')}\r\n`;
}

function formatTrack(track: TapTrack, index: number, direction: string): string[] {
  const { kind, payloadType, encoding, clockRate, channels, parameters } = track;
  const rate = channels === undefined ? clockRate : `${clockRate}/${channels}`;
  return [
    `m=${kind} 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${encoding}/${rate}`,
    ...(parameters === undefined ? [] : [`a=fmtp:${payloadType} ${parameters}`]),
    `a=${direction}`,
    `a=control:trackID=${index}`,
  ];
}
