import type { LiveSession, MediaTransport, SsrcLease } from '../gb28181/index.ts';
import type { Ingest } from '../media/index.ts';

export interface SourceParts {
  readonly ingest: Ingest;
  readonly session: LiveSession;
  readonly ssrc: SsrcLease;
  readonly transport: MediaTransport;
  /** A key frame has come already. */
  readonly keyFrame: boolean;
}

/** A device that sends: its dialog, its media session and its SSRC, which end together. */
export class Source {
  readonly ingest: Ingest;
  readonly session: LiveSession;
  readonly transport: MediaTransport;
  /** Ten digits. */
  readonly ssrc: string;
  readonly keyFrame: boolean;
  readonly #lease: SsrcLease;
  #closing: Promise<void> | undefined;

  constructor(parts: SourceParts) {
    this.ingest = parts.ingest;
    this.session = parts.session;
    this.transport = parts.transport;
    this.ssrc = parts.ssrc.text;
    this.keyFrame = parts.keyFrame;
    this.#lease = parts.ssrc;
  }

  /**
   * BYE, then port and SSRC are free: a camera whose media connection closes first takes that for a fault.
   * Resolves when the BYE is answered or `waitMs` are over. Never rejects.
   */
  async close(waitMs: number): Promise<void> {
    const bye = this.session.bye();
    this.#closing ??= this.#end(bye, waitMs);
    await this.#closing;
  }

  async #end(bye: Promise<void>, waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([bye, waited]);
    clearTimeout(timer);
    this.ingest.close();
    void bye.then(() => this.#lease.release());
  }
}
