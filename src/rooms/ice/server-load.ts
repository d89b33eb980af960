/** kbit/s that one side sends through a relay, by talkType: audio, audio and video, video, none. */
const NEEDS = [40, 200, 200, 0] as const;

/** kbit/s that a pair needs when it is relayed. */
export function neededBandwidth(talkTypes: readonly [number, number]): number {
  return talkTypes.reduce((sum, talkType) => sum + (NEEDS[talkType] ?? 0), 0);
}

/**
 * What a server sends, as it reports it, and what has been handed out since: a call takes seconds until it shows in a
 * report. Reservations of one period stay for one more, so that those made just before a report are not lost with it.
 */
export class ServerLoad {
  /** A period without a report ends by itself. */
  readonly #periodMs: number;
  #reportedAt: number | undefined;
  #periodFrom: number;
  #rxRate = 0;
  #txRate = 0;
  #fresh = 0;
  #settling = 0;

  constructor(periodMs: number, now: number) {
    this.#periodMs = periodMs;
    this.#periodFrom = now;
  }

  report(rxRate: number, txRate: number, now: number): void {
    this.#rxRate = rxRate;
    this.#txRate = txRate;
    this.#reportedAt = now;
    this.#nextPeriod(now);
  }

  reserve(kbps: number, now: number): void {
    this.#age(now);
    this.#fresh += kbps;
  }

  /** kbit/s; a rate that nobody has reported for a period is 0. */
  at(now: number): { readonly rxRate: number; readonly txRate: number; readonly reserved: number } {
    this.#age(now);
    const reserved = this.#fresh + this.#settling;
    const known = this.#reportedAt !== undefined && now - this.#reportedAt <= this.#periodMs;
    return known ? { rxRate: this.#rxRate, txRate: this.#txRate, reserved } : { rxRate: 0, txRate: 0, reserved };
  }

  #age(now: number): void {
    if (now - this.#periodFrom <= this.#periodMs) return;
    if (now - this.#periodFrom > 2 * this.#periodMs) this.#fresh = 0;
    this.#nextPeriod(now);
  }

  #nextPeriod(now: number): void {
    this.#settling = this.#fresh;
    this.#fresh = 0;
    this.#periodFrom = now;
  }
}
