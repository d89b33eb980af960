import type { Ingest, PlayableAudio, PlayerOutput } from '../media/index.ts';
import { FrameHub } from './frame-hub.ts';
import type { TapFeed } from './tap-feed.ts';
import type { TapTrack, TapUdpTarget } from './tap-types.ts';

/** RFC 3551 §6. */
const G711_CLOCK_RATE = 8000;
/** RFC 6184 §8.2.1, RFC 7798 §7.1. */
const VIDEO_CLOCK_RATE = 90_000;

/** A camera: its media thread sends and frames. */
export class IngestFeed implements TapFeed {
  readonly hub: FrameHub;
  readonly ownPace: boolean;
  readonly #ingest: Ingest;

  constructor(ingest: Ingest, ownPace = false) {
    this.ownPace = ownPace;
    this.#ingest = ingest;
    this.hub = new FrameHub((onFrames) =>
      ingest.openPlayerOutput({ kind: 'framed', audioCodec: this.#audioCodec, onFrames }),
    );
  }

  get tracks(): TapTrack[] {
    const { video, audio } = this.#ingest;
    const tracks: TapTrack[] = [];
    if (video !== undefined && !video.playable && this.ownPace && video.codec === 'h265') {
      const { payloadType, ssrc } = video;
      tracks.push({ kind: 'video', encoding: 'H265', clockRate: VIDEO_CLOCK_RATE, payloadType, ssrc });
    }
    if (video?.playable === true) {
      const { payloadType, ssrc } = video;
      const rtp = { encoding: 'H264', clockRate: VIDEO_CLOCK_RATE, payloadType, ssrc };
      tracks.push({ kind: 'video', ...rtp, parameters: formatH264Parameters(video) });
    }
    if (audio?.playable === true) {
      const { payloadType, ssrc, codec } = audio;
      tracks.push({ kind: 'audio', encoding: codec.toUpperCase(), clockRate: G711_CLOCK_RATE, payloadType, ssrc });
    }
    return tracks;
  }

  openUdp(target: TapUdpTarget): Promise<PlayerOutput> {
    return this.#ingest.openPlayerOutput({ kind: 'udp', ...target, audioCodec: this.#audioCodec });
  }

  get #audioCodec(): PlayableAudio {
    return this.#ingest.audio?.codec === 'pcmu' ? 'pcmu' : 'pcma';
  }
}

/** Value of `a=fmtp` for H.264 (RFC 6184 §8.2.1). */
export function formatH264Parameters(video: {
  readonly profileLevelId?: string;
  readonly spropParameterSets?: string;
}): string {
  const { profileLevelId, spropParameterSets } = video;
  const parameters = ['packetization-mode=1'];
  if (profileLevelId !== undefined) parameters.push(`profile-level-id=${profileLevelId.toUpperCase()}`);
  if (spropParameterSets !== undefined) parameters.push(`sprop-parameter-sets=${spropParameterSets}`);
  return parameters.join('; ');
}
