/** One stream of an RTP-Info header (RFC 2326 §12.33). */
export interface RtpInfo {
  readonly url: string;
  /** Of the first packet, where it is known. */
  readonly seq?: number;
  readonly rtptime?: number;
}

/** One entry a stream. */
export function formatRtpInfo(streams: readonly RtpInfo[]): string {
  return streams
    .map(({ url, seq, rtptime }) => {
      const parts = [`url=${url}`];
      if (seq !== undefined) parts.push(`seq=${seq}`);
      if (rtptime !== undefined) parts.push(`rtptime=${rtptime}`);
      return parts.join(';');
    })
    .join(',');
}
