import { z } from 'zod';
import { splitCommand } from '../util/index.ts';

/** A program with its arguments, as one text that is split like a shell's, or as a list. Empty = none. */
export function command() {
  return z
    .union([z.string(), z.array(z.string().min(1)).min(1)], { error: 'must be a command, as a text or as a list' })
    .default('')
    .transform((value, context) => {
      const words = typeof value === 'string' ? splitCommand(value) : value;
      if (words !== undefined) return words;
      context.addIssue({ code: 'custom', message: 'has a quote that is not closed' });
      return z.NEVER;
    });
}
