/** H.264 profiles as they differ in a decoder's abilities. */
export type H264Profile = 'baseline' | 'constrained-baseline' | 'main' | 'high' | 'other';

const PROFILE_IDC_BASELINE = 66;
const PROFILE_IDC_MAIN = 77;
const PROFILE_IDC_HIGH = 100;
/** constraint_set1_flag (ITU-T H.264 7.4.2.1.1). */
const CONSTRAINT_SET1 = 0x40;

/** Profile of a profile-level-id (RFC 6184 §8.1); absent means Baseline there, `undefined` is returned for what is not six hexadecimal digits. */
export function parseH264Profile(profileLevelId: string | undefined): H264Profile | undefined {
  if (profileLevelId === undefined) return 'baseline';
  if (!/^[0-9a-f]{6}$/i.test(profileLevelId)) return undefined;
  const value = Number.parseInt(profileLevelId, 16);
  const profileIdc = value >> 16;
  const constraints = (value >> 8) & 0xff;
  if (profileIdc === PROFILE_IDC_BASELINE) return constraints & CONSTRAINT_SET1 ? 'constrained-baseline' : 'baseline';
  if (profileIdc === PROFILE_IDC_MAIN) return 'main';
  return profileIdc === PROFILE_IDC_HIGH ? 'high' : 'other';
}

/** What to answer for each profile of a stream, best first: the same, then whatever promises the ablest decoder. */
const PREFERENCE: Readonly<Record<H264Profile, readonly H264Profile[]>> = {
  'constrained-baseline': ['constrained-baseline', 'baseline', 'main', 'high', 'other'],
  baseline: ['baseline', 'constrained-baseline', 'high', 'main', 'other'],
  main: ['main', 'high', 'constrained-baseline', 'baseline', 'other'],
  high: ['high', 'main', 'constrained-baseline', 'baseline', 'other'],
  other: ['high', 'main', 'constrained-baseline', 'baseline', 'other'],
};

/** Rank of an offered profile for a stream's, 0 = best. Levels are ignored: decoders take what they can. */
export function rankH264Profile(offered: H264Profile, stream: H264Profile): number {
  return PREFERENCE[stream].indexOf(offered);
}
