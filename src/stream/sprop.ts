/** `sprop-parameter-sets` of an `a=fmtp` value (RFC 6184 §8.1); empty where it has none. */
export function spropOf(parameters: string): string {
  return /(?:^|;)\s*sprop-parameter-sets\s*=\s*([^;\s]*)/i.exec(parameters)?.[1] ?? '';
}
