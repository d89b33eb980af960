const MAX_FRAGMENT_BYTES = 16_384;

/** Lines that an RFC 8840 §4.4 fragment may have: ICE attributes, and the pseudo m= lines that they belong to. */
const LINE =
  /^(?:m=\S+ \d+ \S+( \S+)*|a=(?:mid:\S+|ice-ufrag:\S+|ice-pwd:\S+|ice-options:.*|candidate:\S+ \d+ \S+ \d+ \S+ \d+ typ \S.*|end-of-candidates|group:.*|ice-lite|rtcp-mux|extmap-allow-mixed|msid-semantic:.*|fingerprint:.*|setup:.*|bundle-only|ice-pacing:\d+)|c=.*|o=.*|s=.*|t=.*|v=0)$/;

/** Tells whether a text is an `application/trickle-ice-sdpfrag` body (RFC 8840 §9). */
export function isTrickleFragment(text: string): boolean {
  if (text.length === 0 || text.length > MAX_FRAGMENT_BYTES) return false;
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const candidates = lines.some((line) => line.startsWith('a=candidate:') || line === 'a=end-of-candidates');
  const restart = lines.some((line) => line.startsWith('a=ice-ufrag:'));
  return (candidates || restart) && lines.every((line) => LINE.test(line));
}
