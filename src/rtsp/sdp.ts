import { isIPv6 } from 'node:net';
import type { TapTrack } from '../stream/index.ts';

export interface DescriptionOptions {
  readonly stream: string;
  readonly tracks: readonly TapTrack[];
  /** Own address. */
  readonly address: string;
  readonly sessionId: number;
}

/** The description of a live stream (RFC 8866, RFC 2326 appendix C). */
export function formatDescription({ stream, tracks, address, sessionId }: DescriptionOptions): string {
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
  tracks.forEach((track, index) => lines.push(...formatTrack(track, index)));
  return `${lines.join('\r\n')}\r\n`;
}

function formatTrack(track: TapTrack, index: number): string[] {
  const { kind, payloadType, encoding, clockRate, channels, parameters } = track;
  const rate = channels === undefined ? clockRate : `${clockRate}/${channels}`;
  return [
    `m=${kind} 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${encoding}/${rate}`,
    ...(parameters === undefined ? [] : [`a=fmtp:${payloadType} ${parameters}`]),
    'a=recvonly',
    `a=control:trackID=${index}`,
  ];
}
