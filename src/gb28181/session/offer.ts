import { formatGbSdp, type GbPayload } from '../gb-sdp.ts';
import { formatSubject } from '../subject.ts';
import { subStreamAttributes } from '../sub-stream.ts';
import type { LiveInvite, SubStreamDialect } from '../types.ts';

/** The list of the standard's own example (GB/T 28181 13.1); devices use the first in practice. */
export const OFFERED_PAYLOADS: readonly GbPayload[] = [
  { payloadType: 96, encoding: 'PS' },
  { payloadType: 97, encoding: 'MPEG4' },
  { payloadType: 98, encoding: 'H264' },
];

/** Offer for live video (GB/T 28181 13.1, 13.2). `setup` is our side: passive listens. */
export function liveOffer(options: LiveInvite, dialect: SubStreamDialect): string {
  const { channelId, transport, mediaAddress, mediaPort, ssrc, subStream } = options;
  return formatGbSdp({
    // At least one Hikvision type answers only when this is the channel (GB/T 28181 13.3).
    originId: channelId,
    sessionName: 'Play',
    address: mediaAddress,
    start: 0,
    stop: 0,
    media: 'video',
    port: mediaPort,
    transport: transport === 'udp' ? 'udp' : 'tcp',
    ...(transport !== 'udp' && { setup: transport === 'tcp-passive' ? ('passive' as const) : ('active' as const) }),
    payloads: OFFERED_PAYLOADS,
    direction: 'recvonly',
    attributes: subStreamAttributes(dialect, subStream),
    ssrcText: ssrc.text,
  });
}

/** Subject of a live INVITE (GB/T 28181 13.6). */
export function liveSubject({ channelId, ssrc }: LiveInvite, serial: string): string {
  return formatSubject({ senderId: channelId, senderSeq: ssrc.text, receiverId: serial, receiverSeq: '0' });
}
