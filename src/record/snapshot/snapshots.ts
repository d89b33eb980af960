import type { Tap, TapFrames, TapTrack, Streams } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import { SnapshotError } from '../errors.ts';
import { forEachFramedPacket } from '../thread/framed-packets.ts';
import { TrackReceiver } from '../thread/track-receiver.ts';
import { decodePicture } from './decode-picture.ts';

interface SnapshotsOptions {
  /** The program FFmpeg. */
  readonly ffmpeg: string;
  /** For a key frame of a stream that is open, and for its decoding; default 10000. */
  readonly timeoutMs?: number;
}

interface Snapshots {
  /**
   * The next key frame as JPEG; the stream is opened where it does not run.
   * @throws SnapshotError (`ffmpeg_missing`, `ffmpeg_failed`, `no_key_frame`, `codec_unsupported`), StreamError
   */
  take(stream: string): Promise<Buffer>;
}

const TIMEOUT_MS = 10_000;
const ASK_AGAIN_MS = 1_000;
const READER = { protocol: 'recording', remoteAddress: '', userAgent: 'gbrtc snapshot' } as const;
/** ITU-T H.264 annex B. */
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** Single pictures of streams, decoded by FFmpeg in a process of its own. */
export function createSnapshots(
  { ffmpeg, timeoutMs = TIMEOUT_MS }: SnapshotsOptions,
  { streams, log }: { readonly streams: Pick<Streams, 'tap'>; readonly log: Logger },
): Snapshots {
  return {
    async take(stream) {
      const tap = await streams.tap(stream, { reader: READER });
      const startedAt = Date.now();
      try {
        const track = tap.tracks.find(({ kind }) => kind === 'video');
        if (track?.encoding !== 'H264') throw new SnapshotError('codec_unsupported', track?.encoding ?? 'no video');
        const picture = await keyFrameOf(tap, track, timeoutMs);
        tap.close();
        const jpeg = await decodePicture(ffmpeg, picture, timeoutMs);
        log.debug({ stream, bytes: jpeg.length, ms: Date.now() - startedAt }, 'snapshot taken');
        return jpeg;
      } finally {
        tap.close();
      }
    },
  };
}

/** A key frame with its parameter sets, as annex B has it. */
async function keyFrameOf(tap: Tap, track: TapTrack, timeoutMs: number): Promise<Buffer> {
  const found = Promise.withResolvers<Buffer>();
  found.promise.catch(() => undefined);
  let frames: TapFrames | undefined;
  const receiver = new TrackReceiver({ ...track, encoding: 'H264', channels: 1 }, false, {
    onFrame: ({ keyFrame, data }) => {
      if (keyFrame) found.resolve(toAnnexB(data));
    },
    onKeyFrameNeeded: () => undefined,
  });
  const onClosed = (reason: string): void =>
    found.reject(new SnapshotError('no_key_frame', `the stream ended: ${reason}`));
  tap.once('closed', onClosed);
  const limit = setTimeout(() => found.reject(new SnapshotError('no_key_frame', `none in ${timeoutMs} ms`)), timeoutMs);
  const asking = setInterval(() => frames?.requestKeyFrame(), ASK_AGAIN_MS);
  try {
    frames = await tap.openFrames(({ data }) =>
      pushFramed(receiver, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    );
    frames.requestKeyFrame();
    return await found.promise;
  } finally {
    clearTimeout(limit);
    clearInterval(asking);
    tap.off('closed', onClosed);
    frames?.close();
  }
}

function pushFramed(receiver: TrackReceiver, data: Buffer): 'done' {
  const nowMs = performance.now();
  forEachFramedPacket(data, (_channel, start, end) => {
    // The other tracks come over the same way.
    if ((data[start + 1]! & 0x7f) === receiver.track.payloadType) receiver.push(data, start, end, nowMs);
  });
  receiver.tick(nowMs);
  return 'done';
}

/** 32-bit lengths (ISO/IEC 14496-15) → start codes; copies, since the frame is valid during the call only. */
function toAnnexB(frame: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= frame.length;) {
    const length = frame.readUInt32BE(at);
    parts.push(START_CODE, frame.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return Buffer.concat(parts);
}
