import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { STATUS_OF_CODE } from '../errors.ts';

/** Whole numbers in paths and queries, where everything is text. */
export const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  );

/** A moment in a query, Unix ms; no `Date` goes further (ECMA-262 §21.4.1.1). */
export const momentQuery = wholeNumber(0, 8.64e15);

/** Ids come from devices: any printable text, as they may send anything (quirks P9). */
export const idSchema = z.string().min(1).max(64);

export const pageQuery = {
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 500).default(50),
  search: z.string().max(128).default(''),
};

export const onlineQuery = z.enum(['true', 'false']).optional();

export const pageOf = <T extends z.ZodType>(item: T, name: string) =>
  z
    .object({ items: z.array(item), page: z.int(), limit: z.int(), total: z.int() })
    .meta({ id: name, description: 'One page of a list; total counts all pages.' });

const problems = new Map<number, z.ZodType>();

/** Body of the errors of one status: which codes it stands for (docs/errors.md). */
export function problemOf(status: number): z.ZodType {
  const known = problems.get(status);
  if (known !== undefined) return known;
  const codes = [...STATUS_OF_CODE].filter(([, each]) => each === status).map(([code]) => code);
  const schema = z
    .object({
      error: z.object({
        // 500 is the status of every code that has none of its own.
        code: status === 500 || codes.length === 0 ? z.string() : z.enum(codes as [string, ...string[]]),
        message: z.string().meta({ description: 'For people' }),
        details: z.array(z.string()).optional().meta({ description: 'Of invalid input: each problem with its path' }),
        playId: z.string().optional().meta({ description: 'The play whose timeline says why' }),
        sipStatus: z.int().optional().meta({ description: 'With which the device refused' }),
      }),
    })
    .meta({ id: `Problem${status}`, description: STATUS_CODES[status] ?? 'Problem' });
  problems.set(status, schema);
  return schema;
}

/** The responses of an operation that fails with these statuses. */
export function problemResponses(statuses: Iterable<number>) {
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      {
        description: STATUS_CODES[status] ?? 'Problem',
        content: { 'application/json': { schema: problemOf(status) } },
      },
    ]),
  );
}

/** One page of a list. */
export function paginate<T>(items: readonly T[], { page, limit }: { page: number; limit: number }) {
  const start = (page - 1) * limit;
  return { items: items.slice(start, start + limit), page, limit, total: items.length };
}
