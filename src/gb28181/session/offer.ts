import { formatGbSdp, type GbPayload } from '../gb-sdp.ts';
import { formatSubject } from '../subject.ts';
import { subStreamAttributes } from '../sub-stream.ts';
import type { EffectiveSettings } from '../device/settings.ts';
import type { HistoryInvite, LiveInvite } from './types.ts';

/** The list of the standard's own example (GB/T 28181 13.1); devices use the first in practice. */
export const OFFERED_PAYLOADS: readonly GbPayload[] = [
  { payloadType: 96, encoding: 'PS' },
  { payloadType: 97, encoding: 'MPEG4' },
  { payloadType: 98, encoding: 'H264' },
];

/** Part of an offer that tells live from recorded material (GB/T 28181 13.7). */
function materialOf(channelId: string, history: HistoryInvite | undefined, offsetSec: number) {
  if (history === undefined) return { sessionName: 'Play', start: 0, stop: 0 };
  const { fromSec, toSec } = history;
  return {
    sessionName: downloadSpeedOf(history) === undefined ? 'Playback' : 'Download',
    // All types of recordings; what platforms send in practice (GB/T 28181 13.3).
    uri: `${channelId}:0`,
    start: fromSec + offsetSec,
    stop: toSec + offsetSec,
  };
}

function downloadSpeedOf({ kind, downloadSpeed }: HistoryInvite): number | undefined {
  return kind === 'download' ? (downloadSpeed ?? 1) : downloadSpeed;
}

/** Offer for live or recorded video (GB/T 28181 13.1, 13.2, 13.7). `setup` is our side: passive listens. */
export function mediaOffer(
  options: LiveInvite,
  { subStreamDialect, timeOffsetSec }: Pick<EffectiveSettings, 'subStreamDialect' | 'timeOffsetSec'>,
): string {
  const { channelId, transport, mediaAddress, mediaPort, ssrc, subStream, history } = options;
  const speed = history === undefined ? undefined : downloadSpeedOf(history);
  return formatGbSdp({
    // At least one Hikvision type answers only when this is the channel (GB/T 28181 13.3).
    originId: channelId,
    ...materialOf(channelId, history, timeOffsetSec),
    address: mediaAddress,
    media: 'video',
    port: mediaPort,
    transport: transport === 'udp' ? 'udp' : 'tcp',
    ...(transport !== 'udp' && { setup: transport === 'tcp-passive' ? ('passive' as const) : ('active' as const) }),
    payloads: OFFERED_PAYLOADS,
    direction: 'recvonly',
    attributes: [
      ...subStreamAttributes(subStreamDialect, subStream),
      ...(speed === undefined ? [] : [['downloadspeed', String(speed)] as const]),
    ],
    ssrcText: ssrc.text,
  });
}

/** Subject of an INVITE (GB/T 28181 13.6): the SSRC begins with 0 for live, with 1 for recorded material. */
export function mediaSubject({ channelId, ssrc }: LiveInvite, serial: string): string {
  return formatSubject({ senderId: channelId, senderSeq: ssrc.text, receiverId: serial, receiverSeq: '0' });
}
