import { z } from 'zod';

/** Ids come from devices: any printable text, as they may send anything (quirks P9). */
export const idSchema = z.string().min(1).max(64);

export const pageQuery = {
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  search: z.string().max(128).default(''),
};

export const onlineQuery = z.enum(['true', 'false']).optional();

export const pageOf = <T extends z.ZodType>(item: T, name: string) =>
  z
    .object({ items: z.array(item), page: z.int(), limit: z.int(), total: z.int() })
    .meta({ id: name, description: 'One page of a list; total counts all pages.' });

export const problemSchema = z
  .object({
    error: z.object({
      code: z.string().meta({ description: 'Stable; docs/errors.md lists all.' }),
      message: z.string(),
      details: z.array(z.string()).optional(),
      playId: z.string().optional(),
      sipStatus: z.int().optional(),
    }),
  })
  .meta({ id: 'Problem', description: 'The body of every error.' });

/** One page of a list. */
export function paginate<T>(items: readonly T[], { page, limit }: { page: number; limit: number }) {
  const start = (page - 1) * limit;
  return { items: items.slice(start, start + limit), page, limit, total: items.length };
}
