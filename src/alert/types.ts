/** Something that has failed, or works again. */
export interface Alert {
  readonly event: 'failed' | 'returned';
  /**
   * What it is about: `mediasoup-worker`, `media-thread`, `record-thread`, `call-database`, `ice-server`, `record-disk`,
   * `daily-report`.
   */
  readonly part: string;
  /** Which one, where there are several; else empty. */
  readonly which: string;
  readonly text: string;
  /** When it happened, Unix ms. */
  readonly at: number;
  /** With `returned`: when it had failed. */
  readonly failedAt?: number;
}

export interface AlertOptions {
  /** In whose name: subject of mails, `gateway` of the JSON. */
  readonly name: string;
  /** Nobody where empty. */
  readonly mailTo: readonly string[];
  /** `http://` or `https://`; none where empty. */
  readonly webhook: string;
  /** Alerts of one way that go out at once; default 20. */
  readonly burst?: number;
  /** Behind these, one in so many milliseconds; default 180000. */
  readonly intervalMs?: number;
  /** Before the second attempt; doubles each time up to five minutes. Default 2000. */
  readonly retryMs?: number;
  /** How long one attempt of the webhook may take; default 10000. */
  readonly webhookTimeoutMs?: number;
}

/** What alerts need of a mailer. */
export interface AlertMailer {
  send(message: { readonly to: readonly string[]; readonly subject: string; readonly text: string }): Promise<unknown>;
  /** Breaks off what is being sent. */
  close(): Promise<void>;
}

export interface Fault {
  readonly part: string;
  readonly which?: string;
  readonly text: string;
}

/** Tells people of faults and of their ends. No call of it throws or waits. */
export interface Alerts {
  /** A fault has begun; nothing happens while it is known. */
  raise(fault: Fault): void;
  /** It is over; nothing happens unless it is known. */
  clear(fault: Fault): void;
  /** Lets what is on its way break off. Idempotent. */
  close(): Promise<void>;
}
