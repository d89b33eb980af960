/** Why something of a source was left out. */
export type RelayFault =
  | 'rtp_too_short'
  | 'rtp_bad_version'
  | 'rtp_bad_payload_type'
  | 'rtp_bad_csrc'
  | 'rtp_bad_extension'
  | 'rtp_bad_padding'
  | 'rtp_too_long'
  | 'wrong_payload_type'
  | 'wrong_ssrc'
  | 'wrong_source'
  | 'rtcp_bad'
  | 'rtcp_on_rtp_channel'
  | 'rtp_on_rtcp_channel'
  | 'unknown_channel'
  | 'frame_malformed'
  | 'thread_behind';

/** Counts by reason. */
export class FaultCounts {
  readonly #counts = new Map<RelayFault, number>();

  add(fault: RelayFault): void {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1);
  }

  get record(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
