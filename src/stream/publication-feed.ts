import type { FramedPackets, H264Description, PlayerOutput } from '../media/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { PublishedTrack } from '../webrtc/index.ts';
import { FrameHub, type FrameReader, type HubOutput } from './frame-hub.ts';
import { openFramed, type FramedParts } from './framed-output.ts';
import { formatH264Parameters } from './ingest-feed.ts';
import { spropOf } from './sprop.ts';
import type { TapFeed } from './tap-feed.ts';
import type { TapTrack, TapUdpTarget } from './tap-types.ts';

/** How long a player's first question waits for the parameter sets of H.264. */
const DESCRIBE_WAIT_MS = 2000;
/** Packets are framed so long after that, because the player's next request wants them. */
const DESCRIBE_GRACE_MS = 3000;

const CLOCKS: Readonly<Record<PublishedTrack['codec'], { readonly clockRate: number; readonly channels?: number }>> = {
  h264: { clockRate: 90_000 },
  vp8: { clockRate: 90_000 },
  vp9: { clockRate: 90_000 },
  av1: { clockRate: 90_000 },
  // RFC 7587 §4.1, whatever is in it.
  opus: { clockRate: 48_000, channels: 2 },
  pcma: { clockRate: 8000 },
  pcmu: { clockRate: 8000 },
};

type ParameterSets = Pick<H264Description, 'profileLevelId' | 'spropParameterSets'>;

export interface PublicationFeedOptions extends FramedParts {
  /** The media thread died. */
  readonly onLost: () => void;
  readonly log: Logger;
}

/** A publication: mediasoup sends to players over UDP, and to a media thread that frames. */
export class PublicationFeed implements TapFeed {
  readonly hub: FrameHub;
  readonly #options: PublicationFeedOptions;
  readonly #describer: FrameReader = { onFrames: () => undefined };
  #description: ParameterSets | undefined;
  #describing: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #grace: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PublicationFeedOptions) {
    this.#options = options;
    this.#description = announcedDescription(options.publication.tracks);
    this.hub = new FrameHub((onFrames) => this.#openFramed(onFrames));
  }

  get tracks(): TapTrack[] {
    const { tracks } = this.#options.publication;
    return tracks
      .toSorted((a, b) => Number(b.kind === 'video') - Number(a.kind === 'video'))
      .map((track) => {
        const parameters = this.#parametersOf(track);
        return {
          kind: track.kind,
          encoding: track.codec.toUpperCase(),
          ...CLOCKS[track.codec],
          payloadType: track.payloadType,
          ...(parameters === undefined ? {} : { parameters }),
        };
      });
  }

  async openUdp({ track, ...target }: TapUdpTarget): Promise<PlayerOutput> {
    const { publication, webrtc, onLost } = this.#options;
    const isVp9 = publication.tracks.some(({ kind, codec }) => kind === track && codec === 'vp9');
    if (!isVp9) return webrtc.openPackets(publication, { kinds: [track], ...target });
    // Browsers send VP9 in a mode that FFmpeg does not understand; a media thread puts that right on the way.
    const output = await openFramed(this.#options, [track], { kind: 'udp', ...target });
    output.framing.on('ended', onLost);
    return output;
  }

  /** Resolves when the parameter sets of H.264 are known, or have had time enough to come. Never rejects. */
  async described(): Promise<void> {
    const isH264 = this.#options.publication.tracks.some(({ codec }) => codec === 'h264');
    if (!isH264 || this.#description !== undefined || this.#closed) return;
    this.#describing ??= this.#describe().finally(() => {
      this.#describing = undefined;
    });
    await this.#describing;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
    clearTimeout(this.#grace);
    this.hub.remove(this.#describer);
  }

  #parametersOf({ codec, profileLevelId, parameters }: PublishedTrack): string | undefined {
    switch (codec) {
      case 'h264':
        return formatH264Parameters(this.#description ?? (profileLevelId === undefined ? {} : { profileLevelId }));
      case 'opus':
        // RFC 7587 §6.1: the only one that tells what is sent and not what is wished.
        return /(?:^|[;\s])sprop-stereo=1(?:[;\s]|$)/.test(parameters ?? '') ? 'sprop-stereo=1' : undefined;
      case 'vp9':
      case 'av1':
        return parameters;
      case 'vp8':
      case 'pcma':
      case 'pcmu':
        return undefined;
    }
  }

  async #describe(): Promise<void> {
    const { log } = this.#options;
    const seen = Promise.withResolvers<undefined>();
    this.#wake = () => seen.resolve(undefined);
    clearTimeout(this.#grace);
    const timer = setTimeout(this.#wake, DESCRIBE_WAIT_MS);
    try {
      await this.hub.add(this.#describer);
      await seen.promise;
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'publication could not be described');
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
    if (this.#closed) return this.hub.remove(this.#describer);
    this.#grace = setTimeout(() => this.hub.remove(this.#describer), DESCRIBE_GRACE_MS);
    this.#grace.unref();
  }

  async #openFramed(onFrames: (frames: FramedPackets) => void): Promise<HubOutput> {
    const output = await openFramed(this.#options, ['video', 'audio'], { kind: 'frames', onFrames });
    output.framing.on('described', (video) => {
      this.#description = video;
      this.#wake?.();
    });
    output.framing.on('ended', () => {
      this.hub.remove(this.#describer);
      this.#options.onLost();
    });
    return output;
  }
}

/** What the publisher itself has said of its H.264 by RTSP; a browser says nothing of its parameter sets. */
function announcedDescription(tracks: readonly PublishedTrack[]): ParameterSets | undefined {
  const { profileLevelId, parameters = '' } = tracks.find(({ codec }) => codec === 'h264') ?? {};
  const spropParameterSets = spropOf(parameters);
  return profileLevelId === undefined || spropParameterSets === '' ? undefined : { profileLevelId, spropParameterSets };
}
