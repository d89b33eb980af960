import type { Channel } from './catalogue/types.ts';

/** GB/T 28181 1.1: 20 decimal digits, the parts of a device or platform ID. */
export interface GbId {
  readonly centreCode: string;
  readonly industry: string;
  readonly type: number;
  readonly network: string;
  readonly serial: string;
}

const STANDARD = /^(\d{8})(\d{2})(\d{3})(\d)(\d{6})$/;
/** Old devices register with 18 digits and gateways with words: only what cannot be a SIP user part is refused. */
const USABLE = /^[A-Za-z0-9\-_.!~*'()%+$&=]{1,32}$/;
const REGION = /^(?:\d{2}|\d{4}|\d{6}|\d{8})$/;

/** Splits a 20-digit ID; anything else is undefined. */
export function parseGbId(id: string): GbId | undefined {
  const match = STANDARD.exec(id);
  if (match === null) return undefined;
  const [, centreCode = '', industry = '', type, network = '', serial = ''] = match;
  return { centreCode, industry, type: Number(type), network, serial };
}

/** True for any user part of 1 to 32 characters that may name a device (GB/T 28181 1.1, field practice). */
export function isUsableId(id: string): boolean {
  return USABLE.test(id);
}

/** Digits 11-13 of a 20-digit ID (GB/T 28181 Annex D), undefined for any other form. */
export function typeCodeOf(id: string): number | undefined {
  return parseGbId(id)?.type;
}

const KINDS = new Map<number, Channel['kind']>([
  [131, 'video'],
  [132, 'video'],
  [134, 'alarm'],
  [135, 'alarm'],
  [136, 'audio'],
  [137, 'audio'],
  [140, 'alarm'],
  [200, 'system'],
  [215, 'group'],
  [216, 'organisation'],
]);

/**
 * What a catalogue item is, by its type code (GB/T 28181 Annex D). Main devices (111-130) without children are
 * cameras in vendor practice (Uniview numbers its cameras 119-129); an ID of another form is taken for a camera too,
 * since short and vendor-made IDs are nearly always that.
 */
export function kindOfItem(id: string, hasChildren: boolean): Channel['kind'] {
  if (id.length <= 8 && REGION.test(id)) return 'region';
  const type = typeCodeOf(id);
  if (type === undefined) return hasChildren ? 'other' : 'video';
  const known = KINDS.get(type);
  if (known !== undefined) return known;
  if (type >= 111 && type <= 130) return hasChildren ? 'other' : 'video';
  if (type >= 200 && type <= 299) return 'system';
  return 'other';
}
