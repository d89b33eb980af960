import type { TrackKind } from '../stream/index.ts';

/** RTP channel of each track that the player has set up; RTCP is on the next one it named. */
export type ChannelMap = Readonly<Partial<Record<TrackKind, readonly [number, number]>>>;

const FRAME_HEADER_BYTES = 4;

/** Channels of the framed packets: 0 and 1 for video, 2 and 3 for audio. */
function channelOf(from: number, channels: ChannelMap): number | undefined {
  const pair = from < 2 ? channels.video : channels.audio;
  return pair?.[from % 2];
}

/** The packets that the player has set up, on its channels; the same memory where nothing is to be changed. */
export function selectPackets(data: Uint8Array, channels: ChannelMap): Uint8Array {
  if (isAsIs(data, channels)) return data;
  const selected = Buffer.allocUnsafe(data.length);
  let length = 0;
  for (let at = 0; at + FRAME_HEADER_BYTES <= data.length; at = endOf(data, at)) {
    const channel = channelOf(data[at + 1] ?? 0, channels);
    if (channel === undefined) continue;
    selected.set(data.subarray(at, endOf(data, at)), length);
    selected[length + 1] = channel;
    length += endOf(data, at) - at;
  }
  return selected.subarray(0, length);
}

/** Is there a packet of video in it? */
export function hasVideo(data: Uint8Array): boolean {
  for (let at = 0; at + FRAME_HEADER_BYTES <= data.length; at = endOf(data, at)) if (data[at + 1] === 0) return true;
  return false;
}

function isAsIs(data: Uint8Array, channels: ChannelMap): boolean {
  for (let at = 0; at + FRAME_HEADER_BYTES <= data.length; at = endOf(data, at)) {
    const channel = data[at + 1] ?? 0;
    if (channelOf(channel, channels) !== channel) return false;
  }
  return true;
}

function endOf(data: Uint8Array, at: number): number {
  return at + FRAME_HEADER_BYTES + (((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0));
}
