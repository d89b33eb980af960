import { decodeText } from '../charset.ts';
import { parseGbSdp, type GbAttribute } from '../gb-sdp.ts';
import { parseNumber } from '../manscdp/index.ts';
import { OFFERED_PAYLOADS } from './offer.ts';
import type { LiveInvite, MediaAnswer } from './types.ts';

/**
 * What counts in a device's answer. `fallbackAddress` (where its SIP comes from) stands in for a missing or wildcard
 * address. The text is returned for the timeline, without the account that some devices put in.
 */
export function parseMediaAnswer(body: Buffer, fallbackAddress: string): MediaAnswer | string {
  const parsed = parseGbSdp(body);
  if (typeof parsed === 'string') return parsed;
  const { address, port, ssrc, payloads, setup } = parsed;
  const fileSize = fileSizeOf(parsed.attributes);
  return {
    address: address === '' || address === '0.0.0.0' || address === '::' ? fallbackAddress : address,
    port,
    ...(ssrc !== undefined && { ssrc }),
    payloads,
    ...(setup !== undefined && { setup }),
    ...(fileSize > 0 && { fileSize }),
    sdp: decodeText(body).replaceAll(/^([ \t]*a[ \t]*=[ \t]*(?:username|password)[ \t]*:).*$/gim, '$1[redacted]'),
  };
}

/** Stands for the answer of a device that sent packets and no 200: what was offered, from where its SIP comes. */
export function assumedMediaAnswer({ ssrc }: LiveInvite, sourceAddress: string): MediaAnswer {
  return { address: sourceAddress, port: 0, ssrc: ssrc.value, payloads: OFFERED_PAYLOADS, sdp: '' };
}

/** Bytes of a download; some cameras write 0 into live answers. */
function fileSizeOf(attributes: readonly GbAttribute[]): number {
  const [, text = ''] = attributes.find(([name]) => name.toLowerCase() === 'filesize') ?? [];
  return Math.max(0, parseNumber(text) ?? 0);
}
