import { z } from 'zod';
import { wholeNumber } from './common.ts';

export const traceEntrySchema = z
  .object({
    at: z.number(),
    direction: z.enum(['in', 'out']),
    protocol: z.string(),
    local: z.string(),
    remote: z.string(),
    deviceId: z.string(),
    callId: z.string(),
    summary: z.string(),
    text: z.string(),
    cutBytes: z.number().optional().meta({ description: 'So many bytes at the end of a long message were not kept' }),
  })
  .meta({ id: 'TraceEntry', description: 'One SIP message; credentials are redacted.' });

const MAX_SEARCH = 128;

export const traceQuerySchema = z.object({
  limit: wholeNumber(1, 2000).default(200).meta({ description: 'The latest so many' }),
  format: z.enum(['json', 'text', 'pcap']).optional(),
  method: z
    .string()
    .regex(/^[A-Za-z]{1,32}$/)
    .optional()
    .meta({ description: 'Requests of this method and their responses' }),
  direction: z.enum(['in', 'out']).optional(),
  text: z.string().min(1).max(MAX_SEARCH).optional().meta({ description: 'Anywhere in the message, in any case' }),
  callId: z.string().min(1).max(256).optional(),
  since: wholeNumber(0).optional().meta({ description: 'Unix ms' }),
});

export type TraceQuery = z.infer<typeof traceQuerySchema>;

export const TRACE_TYPES = ['text/plain', 'application/vnd.tcpdump.pcap'] as const;
export const traceSchema = z.object({ items: z.array(traceEntrySchema) });
