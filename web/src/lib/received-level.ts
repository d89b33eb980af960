/** A level that is older says nothing about now. */
const STALE_MS = 500;

/** How loud the sound is that arrives by a connection, linear, 0 to 1; 0 where the browser does not tell. */
export function receivedLevel(
  peer: Pick<RTCPeerConnection, 'getReceivers'> | undefined,
  now = performance.timeOrigin + performance.now(),
): number {
  let level = 0;
  for (const receiver of peer?.getReceivers() ?? []) {
    if (receiver.track.kind !== 'audio') continue;
    for (const { audioLevel, timestamp } of receiver.getSynchronizationSources()) {
      // Chromium counts from the epoch, others from the start of the page.
      const age = timestamp > 1e11 ? now - timestamp : now - performance.timeOrigin - timestamp;
      if (age < STALE_MS) level = Math.max(level, audioLevel ?? 0);
    }
  }
  return level;
}
