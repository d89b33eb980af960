import { z } from 'zod';
import { PmsError } from './errors.ts';

/** `<name>` or `<app>/<name>`: nothing that means something in a path, and no control character. */
const STREAM = /^(?!\.{1,2}(?:\/|$))[^/\\?#%\s\p{C}]{1,160}(?:\/(?!\.{1,2}$)[^/\\?#%\s\p{C}]{1,160})?$/u;
const MAX_SDP_CHARACTERS = 65_536;
/** More than any link has; the document's type is uint64, whose greatest value is how some say "no limit". */
const MAX_BITRATE = 1_000_000_000;

const stream = z.string().regex(STREAM, 'must be a name of 1 to 160 characters without / \\ ? # % and spaces');
const token = z.string().max(4096).nullish();
const sdp = z.string('Missing sdp').min(1, 'Missing sdp').max(MAX_SDP_CHARACTERS);
const maxBitrate = z
  .number()
  .min(0)
  // No .int(): that of zod stops at 2^53.
  .refine((value) => Number.isInteger(value), 'must be a whole number')
  .nullish()
  .transform((value) =>
    value === null || value === undefined || value === 0 ? undefined : Math.min(value, MAX_BITRATE),
  );

/** The envelope; what else stands in it (cseq, uid) is ignored, as in the original. */
const envelope = {
  version: z.string().max(16).nullish(),
  session: z
    .string()
    .max(128)
    .nullish()
    .transform((value) => value ?? ''),
};
const noData = z
  .looseObject({ token })
  .nullish()
  .transform((value) => value ?? {});

const publishSchema = z.object({
  ...envelope,
  method: z.literal('stream.publish'),
  stream,
  data: z.object({ sdp, max_bitrate: maxBitrate, token }),
});
const playSchema = z.object({
  ...envelope,
  method: z.literal('stream.play'),
  stream,
  data: z.object({ sdp, token }),
});
const muteSchema = z.object({
  ...envelope,
  method: z.literal('stream.mute'),
  stream,
  data: z
    .object({ video: z.boolean().optional(), audio: z.boolean().optional() })
    .nullish()
    .transform((value) => value ?? {}),
});
const closeSchema = z.object({
  ...envelope,
  method: z.enum(['stream.close', 'stream.shutdown']),
  stream,
  data: noData,
});
const heartbeatSchema = z.object({
  ...envelope,
  method: z.literal('stream.heartbeat'),
  stream: z.string().max(400).nullish(),
  data: noData,
});
const setupSchema = z.object({
  ...envelope,
  method: z.literal('session.setup'),
  stream: z.string().max(400).nullish(),
  data: z.object({ role: z.enum(['publisher', 'player', 'rtsp_player', 'monitor']) }),
});

const recordFileName = z
  .string()
  .max(1024)
  .nullish()
  .transform((value) => (value === null || value === '' ? undefined : value));
/** Where the original's FFmpeg gets the stream from; ours is taken inside, whatever stands here. */
const unusedTarget = z.union([z.string().max(256), z.number()]).nullish();
const recordData = z
  .object({ fileName: recordFileName, targetHost: unusedTarget, targetPort: unusedTarget, token })
  .nullish()
  .transform((value) => value ?? recordDefaults);
const recordDefaults = { fileName: undefined, targetHost: undefined, targetPort: undefined, token: undefined };
const recordStartSchema = z.object({ ...envelope, method: z.literal('record.start'), stream, data: recordData });
const recordStopSchema = z.object({ ...envelope, method: z.literal('record.stop'), stream, data: recordData });

const requestSchema = z.discriminatedUnion('method', [
  publishSchema,
  playSchema,
  muteSchema,
  closeSchema,
  heartbeatSchema,
  setupSchema,
  recordStartSchema,
  recordStopSchema,
]);

/** One message of a client. */
export type PmsRequest = z.infer<typeof requestSchema>;
export type PublishMessage = z.infer<typeof publishSchema>;
export type PlayMessage = z.infer<typeof playSchema>;
export type MuteMessage = z.infer<typeof muteSchema>;
export type CloseMessage = z.infer<typeof closeSchema>;
export type RecordStartMessage = z.infer<typeof recordStartSchema>;
export type RecordStopMessage = z.infer<typeof recordStopSchema>;
export type SetupMessage = z.infer<typeof setupSchema>;
export type SessionRole = SetupMessage['data']['role'];
export interface MuteChange {
  readonly video?: boolean;
  readonly audio?: boolean;
}

const METHODS: ReadonlySet<string> = new Set([
  'stream.publish',
  'stream.play',
  'stream.mute',
  'stream.close',
  'stream.shutdown',
  'stream.heartbeat',
  'session.setup',
  'record.start',
  'record.stop',
]);

/** The parts of the envelope that a reply repeats, as far as they can be read. */
export interface Echo {
  readonly method: string;
  readonly stream: string;
  readonly session: string;
}

/** Of a text that is no message. */
export const NOBODY: Echo = { method: '', stream: '', session: '' };

export type ParsedMessage =
  | { readonly echo: Echo; readonly request: PmsRequest }
  | { readonly echo: Echo; readonly error: PmsError };

/** Reads one message. Never throws; the error's text names each field that is wrong. */
export function parseMessage(text: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const error = new PmsError('message_invalid', `the message is not JSON: ${jsonProblem(cause)}`, { cause });
    return { echo: NOBODY, error };
  }
  const echo = echoOf(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { echo, error: new PmsError('message_invalid', 'the message is not a JSON object') };
  }
  if (echo.method === '') return { echo, error: new PmsError('message_invalid', 'method: expected a string') };
  if (!METHODS.has(echo.method)) {
    return { echo, error: new PmsError('method_unknown', `Unknown method[${echo.method}]`) };
  }
  const result = requestSchema.safeParse(value);
  if (result.success) return { echo, request: result.data };
  const problems = result.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { echo, error: new PmsError('message_invalid', problems.join('; ')) };
}

function jsonProblem(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 120) : 'syntax error';
}

function echoOf(value: unknown): Echo {
  const fields: { method?: unknown; stream?: unknown; session?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  const text = (field: unknown, max: number): string => (typeof field === 'string' ? field.slice(0, max) : '');
  return { method: text(fields.method, 64), stream: text(fields.stream, 400), session: text(fields.session, 128) };
}
