import { isIP } from 'node:net';
import { plainAddress } from '../../util/plain-address.ts';

/** A source that was silent for so long may be replaced by another (quirks P2). */
export const SOURCE_SILENT_MS = 3000;
/** How long the expected SSRC is waited for while another one sends. */
export const LATCH_WAIT_MS = 1000;

export interface SourceRuleOptions {
  readonly expectedSsrc: number;
  readonly ssrcCheck: 'strict' | 'latch';
  /** False on the shared port, where the SSRC alone tells ingests apart. */
  readonly ownPort: boolean;
}

/** `latched` = accepted, and the SSRC is a new one: what was received before belongs to another sequence. */
export type Verdict = 'accepted' | 'latched' | 'wrong_ssrc' | 'wrong_source';

/**
 * Decides whose RTP an ingest takes (GB/T 28181-2022 annex D `y=`, quirks P2): the expected SSRC, from the address that
 * sent first; where the check is strict, from an address of the device alone. Everything else is counted and ignored
 * until the accepted source is silent.
 */
export class SourceRules {
  readonly #options: SourceRuleOptions;
  #expected: number;
  #anySsrc = false;
  /** Addresses of the device as far as they count; empty: any. */
  #device: readonly string[] = [];
  #ssrc = -1;
  #address = '';
  #acceptedAtMs = 0;
  #strangerSinceMs = -1;

  constructor(options: SourceRuleOptions) {
    this.#options = options;
    this.#expected = options.expectedSsrc;
  }

  /** The SSRC that the next packet should have. */
  get expected(): number {
    return this.#expected;
  }

  /** The accepted SSRC; −1 before the first packet. */
  get ssrc(): number {
    return this.#ssrc;
  }

  /** Where packets are expected from: the accepted address, before the first packet those of the device. */
  get source(): string {
    return this.#address === '' ? this.#device.join(' or ') : this.#address;
  }

  /**
   * `y=` of the answer counts; without one, or with 0, any SSRC may be taken on a port of our own. `device`: where the
   * answer's `c=` and the device's SIP say that it is.
   */
  setAnswer(ssrc: number | undefined, device: readonly string[] = []): void {
    // Where a host name stands for the device, any address may be its.
    const known = device.every((address) => isIP(address) !== 0);
    if (this.#options.ssrcCheck === 'strict') this.#device = known ? device.map(plainAddress) : [];
    if (ssrc !== undefined && ssrc !== 0) {
      this.#expected = ssrc;
      this.#strangerSinceMs = -1;
    } else {
      this.#anySsrc = true;
    }
  }

  check(ssrc: number, address: string, nowMs: number): Verdict {
    const silent = nowMs - this.#acceptedAtMs > SOURCE_SILENT_MS;
    if (ssrc === this.#ssrc) {
      if (address !== this.#address) {
        if (!silent || !this.#isDevice(address)) return 'wrong_source';
        this.#address = address;
      }
      this.#acceptedAtMs = nowMs;
      return 'accepted';
    }
    const known = this.#ssrc >= 0;
    // The expected SSRC wins over a stale sender that was latched; otherwise a running source is kept.
    if (known && !silent && ssrc !== this.#expected) return 'wrong_ssrc';
    if (!this.#mayLatch(ssrc, nowMs)) return 'wrong_ssrc';
    if (!this.#isDevice(address)) return 'wrong_source';
    this.#ssrc = ssrc;
    this.#address = address;
    this.#acceptedAtMs = nowMs;
    this.#strangerSinceMs = -1;
    return 'latched';
  }

  #isDevice(address: string): boolean {
    return this.#device.length === 0 || this.#device.includes(plainAddress(address));
  }

  #mayLatch(ssrc: number, nowMs: number): boolean {
    if (ssrc === this.#expected) return true;
    if (!this.#options.ownPort) return false;
    if (ssrc === 0) return true;
    if (this.#options.ssrcCheck === 'strict') return false;
    if (this.#anySsrc || this.#ssrc >= 0) return true;
    if (this.#strangerSinceMs < 0) this.#strangerSinceMs = nowMs;
    return nowMs - this.#strangerSinceMs >= LATCH_WAIT_MS;
  }
}
