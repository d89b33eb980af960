import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `500ms`, `10s`, `2m`, `1h` or `7d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  return Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
}

/** A configuration value like `10s`, parsed into milliseconds and held between two bounds. */
export function duration(defaultText: string, minText: string, maxText: string) {
  const min = parseDuration(minText) ?? 0;
  const max = parseDuration(maxText) ?? Number.MAX_SAFE_INTEGER;
  return z
    .string({ error: 'must be a duration such as 500ms, 10s, 2m or 1h' })
    .default(defaultText)
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms === undefined) {
        context.addIssue({ code: 'custom', message: `must be a duration such as 500ms, 10s, 2m or 1h, not "${text}"` });
        return z.NEVER;
      }
      if (ms < min || ms > max) {
        context.addIssue({ code: 'custom', message: `must be between ${minText} and ${maxText}, not ${text}` });
        return z.NEVER;
      }
      return ms;
    });
}
