/** An SMTP server, and in whose name it is used. */
export interface MailOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where the server offers it. */
  readonly secure: boolean;
  /** Empty = without an account. */
  readonly username: string;
  readonly password: string;
  /** `name@host`, or `Name <name@host>`. */
  readonly from: string;
  /** From the first packet until the server answers EHLO; default 15000. */
  readonly connectTimeoutMs?: number;
  /** From the first packet until the message is with the server; default 120000. */
  readonly transferTimeoutMs?: number;
  /** How long the server may think about a complete message; default 600000 (RFC 5321 §4.5.3.2.6). */
  readonly answerTimeoutMs?: number;
}

export interface MailAttachment {
  readonly fileName: string;
  readonly contentType: string;
  readonly content: string;
}

export interface MailMessage {
  /** Addresses `name@host`, at least one. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly MailAttachment[];
  /** `<…@…>`; the same for every attempt of one message. Made up where absent. */
  readonly messageId?: string;
}

export interface SendOptions {
  /**
   * Runs when everything but the end of the message is on its way: before it nothing can have been delivered, behind it
   * the message may have been. What it throws cancels the message.
   */
  readonly beforeEnd?: () => Promise<void>;
}

export interface MailResult {
  /** Of `to`, those that the server has taken the message for. */
  readonly accepted: readonly string[];
  /** Of `to`, those that the server refused. */
  readonly refused: readonly string[];
}

/** Sends e-mail through one SMTP server, a connection for each message. */
export interface Mailer {
  /** Resolves when the server has taken the message for one recipient at least. @throws MailError */
  send(message: MailMessage, options?: SendOptions): Promise<MailResult>;
  /** Breaks off what is being sent (`mail_aborted`, `mail_unanswered`), refuses the rest. Idempotent. */
  close(): Promise<void>;
}
