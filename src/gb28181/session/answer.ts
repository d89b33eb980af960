import { decodeText } from '../charset.ts';
import { parseGbSdp } from '../gb-sdp.ts';
import type { MediaAnswer } from '../types.ts';

/**
 * What counts in a device's answer. `fallbackAddress` (where its SIP comes from) stands in for a missing or wildcard
 * address. The text is returned for the timeline, without the account that some devices put in.
 */
export function parseMediaAnswer(body: Buffer, fallbackAddress: string): MediaAnswer | string {
  const parsed = parseGbSdp(body);
  if (typeof parsed === 'string') return parsed;
  const { address, port, ssrc, payloads, setup } = parsed;
  return {
    address: address === '' || address === '0.0.0.0' || address === '::' ? fallbackAddress : address,
    port,
    ...(ssrc !== undefined && { ssrc }),
    payloads,
    ...(setup !== undefined && { setup }),
    sdp: decodeText(body).replaceAll(/^(\s*a\s*=\s*(?:username|password)\s*:).*$/gim, '$1[redacted]'),
  };
}
