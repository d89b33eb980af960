import { z } from 'zod';
import { MeetingError } from './errors.ts';

/** `<name>` or `<app>/<name>`, as the media server takes it. */
const STREAM = /^(?!\.{1,2}(?:\/|$))[^/\\?#%\s\p{C}]{1,160}(?:\/(?!\.{1,2}$)[^/\\?#%\s\p{C}]{1,160})?$/u;
const PRINTABLE = /^\P{C}*$/u;

const printable = (max: number) => z.string().max(max).regex(PRINTABLE, 'must have no control characters');
const optionalText = (max: number) =>
  printable(max)
    .nullish()
    .transform((value) => value ?? '');
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const counter = z
  .int()
  .nullish()
  .transform((value) => value ?? 0);
const streamId = z
  .string()
  .max(321)
  .regex(STREAM, 'must be a name of 1 to 160 characters without / \\ ? # % and spaces');

/** App, channel or endpoint. */
export const nameSchema = printable(128).min(1);

const envelope = {
  version: counter,
  cseq: counter,
  session: z
    .string()
    .max(128)
    .nullish()
    .transform((value) => value ?? ''),
};
const noData = z.looseObject({}).nullish();

/** Seed 004 §1.3: what a member says of a stream. */
export const streamSchema = z.object({
  stream_id: streamId,
  type: printable(64).min(1),
  has_video: flag,
  has_audio: flag,
  audio_codec: optionalText(64),
  video_codec: optionalText(64),
});
/** A stream of a room, as `channel.dump` shows it. */
export type RoomStream = Readonly<z.infer<typeof streamSchema>>;

const joinSchema = z.object({
  ...envelope,
  method: z.literal('channel.join'),
  data: z.object({
    app: nameSchema,
    channel: nameSchema,
    endpoint: optionalText(128),
    device: optionalText(256),
    role: z
      .enum(['normal', 'recorder', 'relayer'])
      .nullish()
      .transform((value) => value ?? 'normal'),
    token: z.string().max(4096).nullish(),
    /** Ours, of the console: it has its media at this gateway, whatever media nodes there are. */
    media_here: flag,
  }),
});
const leaveSchema = z.object({ ...envelope, method: z.literal('channel.leave'), data: noData });
const dumpSchema = z.object({ ...envelope, method: z.literal('channel.dump'), data: noData });
const addSchema = z.object({ ...envelope, method: z.literal('stream.add'), data: z.object({ stream: streamSchema }) });
const deleteSchema = z.object({
  ...envelope,
  method: z.literal('stream.delete'),
  data: z.object({ stream_id: streamId }),
});
const mediaServerSchema = z.object({
  ...envelope,
  method: z.literal('media_server.dump'),
  data: z.object({ protocol: z.string().max(64).nullish() }).nullish(),
});
const broadcastSchema = z.object({
  ...envelope,
  method: z.literal('broadcast'),
  data: z.custom<object>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'expected object',
  ),
});

const requestSchema = z.discriminatedUnion('method', [
  joinSchema,
  leaveSchema,
  addSchema,
  deleteSchema,
  dumpSchema,
  mediaServerSchema,
  broadcastSchema,
]);

/** One message of a client (seed 004 §1). */
export type MeetingRequest = z.infer<typeof requestSchema>;
export type JoinRequest = z.infer<typeof joinSchema>;

const METHODS: ReadonlySet<string> = new Set(requestSchema.options.map(({ shape }) => shape.method.value));

/** The parts of the envelope that a reply repeats, as far as they can be read. */
export interface Echo {
  readonly version: number;
  readonly cseq: number;
  readonly method: string;
  readonly session: string;
}

/** Of a text that is no message. */
export const NOBODY: Echo = { version: 0, cseq: 0, method: '', session: '' };

export type ParsedMessage =
  | { readonly echo: Echo; readonly request: MeetingRequest }
  | { readonly echo: Echo; readonly error: MeetingError };

/** Reads one message. Never throws; the error's text names each field that is wrong. */
export function parseMessage(text: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.slice(0, 120) : 'syntax error';
    const error = new MeetingError('message_invalid', `the message is not JSON: ${problem}`, { cause });
    return { echo: NOBODY, error };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { echo: NOBODY, error: new MeetingError('message_invalid', 'the message is not a JSON object') };
  }
  const echo = echoOf(value);
  if (echo.method === '') {
    return { echo, error: new MeetingError('message_invalid', 'method: expected a string') };
  }
  if (!METHODS.has(echo.method)) {
    return { echo, error: new MeetingError('method_unknown', `method: ${echo.method} is unknown`) };
  }
  const result = requestSchema.safeParse(value);
  if (result.success) return { echo, request: result.data };
  return { echo, error: new MeetingError('message_invalid', problemsOf(result.error)) };
}

/** `data.app: expected string`, up to five of them. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');
}

function echoOf(value: object): Echo {
  const fields: { version?: unknown; cseq?: unknown; method?: unknown; session?: unknown } = value;
  const text = (field: unknown, max: number): string => (typeof field === 'string' ? field.slice(0, max) : '');
  const number = (field: unknown): number => (Number.isSafeInteger(field) ? (field as number) : 0);
  return {
    version: number(fields.version),
    cseq: number(fields.cseq),
    method: text(fields.method, 64),
    session: text(fields.session, 128),
  };
}
