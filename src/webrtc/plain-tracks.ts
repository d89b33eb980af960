import { parseParams } from 'sdp-transform';
import type { FormattedTrack } from './base-publication.ts';
import { OfferCodecError } from './errors.ts';
import { CODECS, NAMES } from './formats.ts';
import { parseH264Profile, type H264Profile } from './h264-profile.ts';
import type { PlainTrack, PublishedCodec } from './types.ts';

/** RFC 3551 §6: the dynamic payload types. */
const FIRST_DYNAMIC = 96;
const LAST_DYNAMIC = 127;
/** RFC 3551 table 4. */
const STATIC_OF: Readonly<Partial<Record<PublishedCodec, number>>> = { pcmu: 0, pcma: 8 };

/** The formats in which tracks of plain RTP are carried on. @throws OfferCodecError */
export function readPlainTracks(tracks: readonly PlainTrack[]): FormattedTrack[] {
  if (tracks.length === 0) throw new OfferCodecError('there is neither video nor audio');
  const codecs = tracks.map(codecOf);
  const double = tracks.find(({ kind }, index) => tracks.findIndex((other) => other.kind === kind) !== index);
  if (double !== undefined) throw new OfferCodecError(`there is more than one ${double.kind} track`);
  const used = new Set<number>();
  return tracks.map((track, index) => {
    const codec = codecs[index]!;
    const payloadType = payloadTypeOf(track, codec, used);
    used.add(payloadType);
    const format = { codec, payloadType, fmtp: track.parameters, profile: profileOf(track, codec), rtx: undefined };
    return { kind: track.kind, format };
  });
}

function codecOf({ kind, encoding, clockRate, channels }: PlainTrack): PublishedCodec {
  const codec = NAMES.get(encoding.toUpperCase());
  const facts = codec === undefined ? undefined : CODECS[codec];
  // RFC 7587 §7: Opus always says two channels, mono is in the payload; some senders say what they mean.
  const fits = codec === 'opus' ? (channels ?? 1) <= 2 : (channels ?? 1) === (facts?.channels ?? 1);
  if (codec !== undefined && facts?.kind === kind && facts.clockRate === clockRate && fits) return codec;
  const shown = `${encoding}/${clockRate}${channels === undefined ? '' : `/${channels}`}`.slice(0, 60);
  const known = kind === 'video' ? 'H264, VP8, VP9 and AV1' : 'opus, PCMA and PCMU';
  throw new OfferCodecError(`${kind} ${shown} is not carried, only ${known}`);
}

/** As announced where that can be: mediasoup's routers need one for each codec, and dynamic ones for those without a static one. */
function payloadTypeOf({ payloadType }: PlainTrack, codec: PublishedCodec, used: ReadonlySet<number>): number {
  const allowed = (payloadType >= FIRST_DYNAMIC && payloadType <= LAST_DYNAMIC) || payloadType === STATIC_OF[codec];
  if (allowed && !used.has(payloadType)) return payloadType;
  let free = STATIC_OF[codec] ?? FIRST_DYNAMIC;
  while (used.has(free)) free = free < FIRST_DYNAMIC ? FIRST_DYNAMIC : free + 1;
  return free;
}

/** RFC 6184 §8.1; where the description says nothing of it, the SPS of the parameter sets does. */
function profileOf({ parameters }: PlainTrack, codec: PublishedCodec): H264Profile | undefined {
  if (codec !== 'h264') return undefined;
  const named = parseParams(parameters ?? '');
  const given = named['profile-level-id'];
  if (given !== undefined) return parseH264Profile(String(given).padStart(6, '0')) ?? 'other';
  const [first = ''] = String(named['sprop-parameter-sets'] ?? '').split(',');
  const sps = Buffer.from(first, 'base64');
  return sps.length < 4 ? 'other' : (parseH264Profile(sps.toString('hex', 1, 4)) ?? 'other');
}
