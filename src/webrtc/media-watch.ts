import type { types } from 'mediasoup';

const MIN_POLL_MS = 250;
const MAX_POLL_MS = 5000;
/** The end comes at most this part of the time late. */
const POLLS_OF_A_TIMEOUT = 4;

/** `no_media`: nothing has ever come; `media_lost`: nothing came any more. */
export type MediaLoss = 'no_media' | 'media_lost';

/** How long a publisher that is connected may send nothing, in ms; 0 = for ever. */
export interface MediaTimeouts {
  /** From DTLS to its first packet. */
  readonly firstPacketMs: number;
  /** After that. */
  readonly silenceMs: number;
}

export interface MediaWatchParts {
  readonly transport: Pick<types.WebRtcTransport, 'getStats'>;
  readonly timeouts: MediaTimeouts;
  /** The publisher holds everything back with our knowledge. */
  readonly muted: () => boolean;
  /** Once. */
  readonly onLost: (reason: MediaLoss) => void;
}

/**
 * Watches over what a connected publisher sends. RTP and RTCP of any kind count: a screen without a change and a
 * microphone with DTX still send reports (RFC 3550 §6.2). Checks of ICE do not, every open connection has them.
 */
export class MediaWatch {
  readonly #parts: MediaWatchParts;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #asking = false;
  #heard = false;
  /** Of everything but STUN, which the worker's one port takes out before the transport counts. */
  #bytes: number | undefined;
  /** Time of the last packet, or from which the first one is waited for. */
  #since = 0;

  constructor(parts: MediaWatchParts) {
    this.#parts = parts;
  }

  /** DTLS is up. Idempotent. */
  start(): void {
    const { firstPacketMs, silenceMs } = this.#parts.timeouts;
    const shortest = Math.min(...[firstPacketMs, silenceMs].filter((timeoutMs) => timeoutMs > 0));
    if (this.#timer !== undefined || this.#stopped || !Number.isFinite(shortest)) return;
    this.#since = performance.now();
    const pollMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, shortest / POLLS_OF_A_TIMEOUT));
    this.#timer = setInterval(() => void this.#poll(), pollMs);
    this.#timer.unref();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    // A worker that is slow to answer is asked once: silence is told by its answers alone.
    if (this.#asking) return;
    this.#asking = true;
    // Rejected where the transport has closed meanwhile.
    const [stats] = await this.#parts.transport.getStats().catch(() => []);
    this.#asking = false;
    if (stats !== undefined && !this.#stopped) this.#take(stats);
  }

  #take({
    bytesReceived,
    rtpBytesReceived,
  }: Pick<types.WebRtcTransportStat, 'bytesReceived' | 'rtpBytesReceived'>): void {
    // What came before the first poll was DTLS, too; only RTP is told apart.
    const came = this.#bytes === undefined ? rtpBytesReceived > 0 : bytesReceived > this.#bytes;
    this.#bytes = bytesReceived;
    const { timeouts, muted, onLost } = this.#parts;
    if (came) this.#heard = true;
    const timeoutMs = this.#heard ? timeouts.silenceMs : timeouts.firstPacketMs;
    if (this.#heard && timeoutMs === 0) {
      this.stop();
      return;
    }
    const now = performance.now();
    if (came || muted()) this.#since = now;
    if (timeoutMs === 0 || now - this.#since < timeoutMs) return;
    this.stop();
    onLost(this.#heard ? 'media_lost' : 'no_media');
  }
}
