import { Readable } from 'node:stream';
import { createTransport, type SMTPSentMessageInfo } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import { errorMessage, isMailAddress, parseMailSender } from '../util/index.ts';
import { MailError, type MailErrorCode } from './errors.ts';
import type { Mailer, MailMessage, MailOptions, MailResult, SendOptions } from './types.ts';

const MAX_RECIPIENTS = 200;
const MAX_SUBJECT = 400;
const MESSAGE_ID = /^<[\w.+-]{1,200}@[\w.-]{1,200}>$/;

/** Handed over in such pieces, so that most of a long message is on its way when its end is asked for. */
const PIECE_BYTES = 16_384;

/** An answer that comes as soon is better known than not. */
const CLOSE_GRACE_MS = 500;

type Phase = 'transfer' | 'answer';

interface Sending {
  readonly abort: AbortController;
  phase: Phase;
  ended: Promise<unknown>;
}

/** @throws MailError `mail_invalid` for a sender that is no address */
export function createMailer(options: MailOptions): Mailer {
  const sender = senderOf(options);
  const connectMs = options.connectTimeoutMs ?? 15_000;
  const transferMs = options.transferTimeoutMs ?? 120_000;
  const answerMs = options.answerTimeoutMs ?? 600_000;
  const server = {
    host: options.host,
    port: options.port,
    secure: options.secure,
    // An account never goes out in clear, but to a server of this machine.
    requireTLS: options.username !== '' && !isLoopbackHost(options.host),
    ...(options.username === '' ? {} : { auth: { user: options.username, pass: options.password }, forceAuth: true }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    // The limits below are in charge.
    socketTimeout: transferMs + answerMs,
    maxResponseSize: 65_536,
  };
  /** Nodemailer itself reads a message ahead while sender and recipients are named; this one only behind DATA. */
  const transportOf = (body: Readable) =>
    createTransport(server).use('stream', ({ message }, done) => {
      message.createReadStream = () => body;
      done();
    });
  const running = new Set<Sending>();
  let closed = false;

  async function transmit(message: MailMessage, sending: Sending, hook: SendOptions): Promise<MailResult> {
    const { abort } = sending;
    const content = await compose(message, sender);
    const limit = new Limit(abort, transferMs);
    let cancelled: Error | undefined;
    async function* body(): AsyncGenerator<Buffer> {
      for (let at = 0; at < content.length; at += PIECE_BYTES) yield content.subarray(at, at + PIECE_BYTES);
      try {
        await hook.beforeEnd?.();
        // Broken off meanwhile: the end must not go out.
        abort.signal.throwIfAborted();
      } catch (error) {
        cancelled = error instanceof Error ? error : new Error(errorMessage(error));
        abort.abort();
        throw error;
      }
      sending.phase = 'answer';
      limit.set(answerMs);
    }
    const stream = Readable.from(body(), { objectMode: false, highWaterMark: PIECE_BYTES });
    // Nobody else listens any more where the connection has ended before.
    stream.on('error', () => {});
    try {
      const info: SMTPSentMessageInfo = await transportOf(stream).sendMail({
        envelope: { from: sender.address, to: [...message.to] },
        raw: content,
        signal: abort.signal,
      });
      return resultOf(message.to, info);
    } catch (error) {
      if (cancelled !== undefined && !closed && !limit.expired) throw cancelled;
      throw toMailError(error, sending.phase, limit.expired);
    } finally {
      limit.clear();
    }
  }

  return {
    async send(message, hook = {}) {
      if (closed) throw new MailError('mail_aborted', 'the mailer is closed');
      check(message);
      const sending: Sending = { abort: new AbortController(), phase: 'transfer', ended: Promise.resolve() };
      const result = transmit(message, sending, hook);
      sending.ended = result.catch(() => {});
      running.add(sending);
      try {
        return await result;
      } finally {
        running.delete(sending);
      }
    },
    async close() {
      closed = true;
      const left = [...running];
      const abort = (): void => {
        for (const sending of left) sending.abort.abort();
      };
      for (const sending of left) if (sending.phase === 'transfer') sending.abort.abort();
      const grace = setTimeout(abort, CLOSE_GRACE_MS);
      await Promise.all(left.map(({ ended }) => ended));
      clearTimeout(grace);
    },
  };
}

const isLoopbackHost = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);

function senderOf({ from }: MailOptions): { name: string; address: string } {
  const sender = parseMailSender(from);
  if (sender === undefined) throw new MailError('mail_invalid', `${JSON.stringify(from)} is no sender's address`);
  return sender;
}

/** Breaks off when the time is over. */
class Limit {
  expired = false;
  readonly #abort: AbortController;
  #timer: NodeJS.Timeout | undefined;

  constructor(abort: AbortController, ms: number) {
    this.#abort = abort;
    this.set(ms);
  }

  set(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#abort.abort();
    }, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

function check({ to, messageId }: MailMessage): void {
  if (to.length === 0 || to.length > MAX_RECIPIENTS) {
    throw new MailError('mail_invalid', `${to.length} recipients, 1 to ${MAX_RECIPIENTS} are possible`);
  }
  const wrong = to.find((address) => !isMailAddress(address));
  if (wrong !== undefined) throw new MailError('mail_invalid', `${JSON.stringify(wrong)} is no recipient's address`);
  if (messageId !== undefined && !MESSAGE_ID.test(messageId)) {
    throw new MailError('mail_invalid', `${JSON.stringify(messageId)} is no Message-ID`);
  }
}

/** No header gets a line that its text brings along. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, MAX_SUBJECT);

function compose(message: MailMessage, from: { name: string; address: string }): Promise<Buffer> {
  const { to, subject, text, html, attachments = [], messageId } = message;
  return new MailComposer({
    from,
    to: to.map((address) => ({ name: '', address })),
    subject: oneLine(subject),
    text,
    ...(html === undefined ? {} : { html }),
    ...(messageId === undefined ? {} : { messageId }),
    attachments: attachments.map(({ fileName, contentType, content }) => ({
      filename: oneLine(fileName),
      contentType: oneLine(contentType),
      content,
    })),
    // RFC 3834 §5: no automatic answers to what nobody reads.
    headers: { 'Auto-Submitted': 'auto-generated' },
    newline: '\r\n',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

function resultOf(to: readonly string[], info: SMTPSentMessageInfo): MailResult {
  const refused = new Set(
    info.rejected.map((entry: unknown) =>
      typeof entry === 'string' ? entry : ((entry as { readonly address?: string }).address ?? ''),
    ),
  );
  return { accepted: to.filter((address) => !refused.has(address)), refused: to.filter((a) => refused.has(a)) };
}

const CODES: Readonly<Record<string, MailErrorCode>> = {
  EAUTH: 'mail_unauthorized',
  ENOAUTH: 'mail_unauthorized',
  EENVELOPE: 'mail_refused',
  EMESSAGE: 'mail_refused',
  EPROTOCOL: 'mail_refused',
  ETIMEDOUT: 'mail_timeout',
  EABORT: 'mail_aborted',
};

/**
 * Behind the end of the message only a refusal by the server says that it was not taken. Silence and the end of the
 * connection say nothing: a server may have taken a message whose answer never arrives (RFC 5321 §4.5.3.2.6, RFC 1047).
 */
function toMailError(error: unknown, phase: Phase, expired: boolean): MailError {
  if (error instanceof MailError) return error;
  const { code = '', responseCode } = error as { code?: string; responseCode?: number };
  const text = errorMessage(error);
  const refused = responseCode !== undefined && responseCode >= 400;
  if (phase === 'answer' && !refused) {
    return new MailError('mail_unanswered', 'the server had the whole message and has not answered', error);
  }
  if (expired) return new MailError('mail_timeout', 'the server was too slow', error);
  const known = CODES[code] ?? (responseCode === undefined ? 'mail_unreachable' : 'mail_refused');
  return new MailError(known, oneLine(text), error);
}
