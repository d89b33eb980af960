import type { LiveSession, LiveSessionEnd } from '../gb28181/index.ts';
import type { Ingest, IngestEndReason, VideoTrack } from '../media/index.ts';
import { StreamError, lateRejection } from './errors.ts';
import type { Play } from './play.ts';

/** Notes what an ingest tells from its first moment on (packets may come before the 200), and lets others wait for it. */
export class IngestWatch {
  readonly #ingest: Ingest;
  readonly #play: Play;
  readonly #waiting = new Set<() => void>();
  readonly #firstPacket = Promise.withResolvers<void>();
  #rtp = false;
  #keyFrame = false;
  #wrongSsrc: string | undefined;
  #wrongSource: string | undefined;
  #ingestEnd: IngestEndReason | undefined;
  #sessionEnd: LiveSessionEnd | undefined;
  #session: LiveSession | undefined;

  constructor(ingest: Ingest, play: Play) {
    this.#ingest = ingest;
    this.#play = play;
    ingest.on('firstRtp', this.#handleFirstRtp);
    ingest.on('ssrcOk', this.#handleSsrcOk);
    ingest.on('wrongSsrc', this.#handleWrongSsrc);
    ingest.on('wrongSource', this.#handleWrongSource);
    ingest.on('firstPack', this.#handleFirstPack);
    ingest.on('track', this.#wake);
    ingest.on('firstKeyFrame', this.#handleFirstKeyFrame);
    ingest.on('ended', this.#handleEnded);
  }

  /** Resolves with the first packet; may never. */
  get firstPacket(): Promise<void> {
    return this.#firstPacket.promise;
  }

  get rtp(): boolean {
    return this.#rtp;
  }

  get keyFrame(): boolean {
    return this.#keyFrame;
  }

  get video(): VideoTrack | undefined {
    return this.#ingest.video;
  }

  /** The device or the media session has ended. */
  get lost(): boolean {
    return this.#ingestEnd !== undefined || this.#sessionEnd !== undefined;
  }

  attachSession(session: LiveSession): void {
    this.#session = session;
    session.on('ended', this.#handleSessionEnded);
    if (session.ended) this.#handleSessionEnded('lost');
  }

  /** True as soon as the condition holds, false after the time; rejects with the signal's reason. */
  async until(condition: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (condition()) return true;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        signal.removeEventListener('abort', abort);
      };
      const check = (): void => {
        if (!condition()) return;
        done();
        resolve(true);
      };
      const abort = (): void => {
        done();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        done();
        resolve(false);
      }, timeoutMs);
      this.#waiting.add(check);
      signal.addEventListener('abort', abort);
    });
  }

  /** Why no usable packet came, best evidence first. */
  noRtpError(waitedMs: number): StreamError {
    if (this.#wrongSsrc !== undefined) return new StreamError('rtp_wrong_ssrc', this.#wrongSsrc);
    if (this.#wrongSource !== undefined) return new StreamError('rtp_wrong_source', this.#wrongSource);
    if (this.#sessionEnd === 'device_bye') {
      return new StreamError('device_bye', 'the device sent BYE before its first packet');
    }
    if (this.#ingestEnd === 'thread_died') return new StreamError('media_lost', 'the media thread ended');
    if (this.#ingestEnd === 'connect_failed') {
      return new StreamError('no_rtp', 'the connection to the device could not be opened');
    }
    if (this.#ingestEnd === 'tcp_closed') {
      return new StreamError('no_rtp', 'the device closed its media connection without a packet');
    }
    return new StreamError('no_rtp', `no packet within ${waitedMs} ms after the answer`);
  }

  /** Why a device that had sent packets is lost. */
  lostError(): StreamError {
    if (this.#sessionEnd === 'device_bye') return new StreamError('device_bye', 'the device sent BYE');
    if (this.#sessionEnd === 'device_rejected') return lateRejection();
    return new StreamError('media_lost', `the media session ended: ${this.#ingestEnd ?? this.#sessionEnd ?? 'lost'}`);
  }

  close(): void {
    const ingest = this.#ingest;
    ingest.off('firstRtp', this.#handleFirstRtp);
    ingest.off('ssrcOk', this.#handleSsrcOk);
    ingest.off('wrongSsrc', this.#handleWrongSsrc);
    ingest.off('wrongSource', this.#handleWrongSource);
    ingest.off('firstPack', this.#handleFirstPack);
    ingest.off('track', this.#wake);
    ingest.off('firstKeyFrame', this.#handleFirstKeyFrame);
    ingest.off('ended', this.#handleEnded);
    this.#session?.off('ended', this.#handleSessionEnded);
  }

  readonly #wake = (): void => {
    for (const check of this.#waiting) check();
  };

  readonly #handleFirstRtp = (from: { address: string; port: number; ssrc: number; payloadType: number }): void => {
    this.#rtp = true;
    this.#firstPacket.resolve();
    this.#play.add(
      'first_rtp',
      `from ${from.address}:${from.port}, SSRC ${from.ssrc}, payload type ${from.payloadType}`,
    );
    this.#wake();
  };

  readonly #handleSsrcOk = (ssrc: number): void => {
    this.#play.add('ssrc_ok', `SSRC ${ssrc}`);
  };

  readonly #handleWrongSsrc = (seen: { ssrc: number; expected: number; address: string }): void => {
    this.#wrongSsrc = `packets from ${seen.address} have SSRC ${seen.ssrc}, expected ${seen.expected}`;
  };

  readonly #handleWrongSource = (seen: { address: string; expected: string }): void => {
    this.#wrongSource = `packets come from ${seen.address}, expected ${seen.expected}`;
  };

  readonly #handleFirstPack = (): void => {
    this.#play.add('first_pack');
  };

  readonly #handleFirstKeyFrame = (): void => {
    this.#keyFrame = true;
    this.#play.add('first_key_frame');
  };

  readonly #handleEnded = (reason: IngestEndReason): void => {
    this.#ingestEnd = reason;
    this.#wake();
  };

  readonly #handleSessionEnded = (reason: LiveSessionEnd): void => {
    this.#sessionEnd = reason;
    this.#wake();
  };
}
