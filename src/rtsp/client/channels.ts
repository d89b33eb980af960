const FRAME_HEADER_BYTES = 4;

/** Which interleaved channel becomes which; what is not in it is left out. */
export type ChannelMap = ReadonlyMap<number, number>;

/**
 * Complete frames (RFC 2326 §10.12) on other channels, in memory of their own; undefined where none is left. Never
 * throws.
 */
export function remapFrames(frames: Uint8Array, channels: ChannelMap): Uint8Array<ArrayBuffer> | undefined {
  const mapped = new Uint8Array(frames.length);
  let length = 0;
  for (let at = 0; at + FRAME_HEADER_BYTES <= frames.length;) {
    const end = at + FRAME_HEADER_BYTES + (((frames[at + 2] ?? 0) << 8) | (frames[at + 3] ?? 0));
    const channel = channels.get(frames[at + 1] ?? 0);
    if (channel !== undefined && end <= frames.length) {
      mapped.set(frames.subarray(at, end), length);
      mapped[length + 1] = channel;
      length += end - at;
    }
    at = end;
  }
  if (length === 0) return undefined;
  return length === mapped.length ? mapped : mapped.slice(0, length);
}
