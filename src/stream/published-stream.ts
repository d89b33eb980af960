import { NO_STATS, type IngestStats, type MediaThreads } from '../media/index.ts';
import type { Logger } from '../util/index.ts';
import type { DtlsState, IceState, MuteState, Publication, WebRtc } from '../webrtc/index.ts';
import { StreamError } from './errors.ts';
import type { Play } from './play.ts';
import { PublicationFeed } from './publication-feed.ts';
import { StreamTaps } from './stream-taps.ts';
import { StreamViewers } from './stream-viewers.ts';
import type { Tap, TapRequest } from './tap-types.ts';
import type { PublicationEndReason, StreamSnapshot, ViewerClosed, ViewerHandle, ViewerRequest } from './types.ts';

/** Who sends a published stream, and how. */
export interface Publisher {
  readonly transport: 'webrtc' | 'rtsp' | 'pull';
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Member of a room. */
  readonly owner?: string | undefined;
  /** For the timeline. */
  readonly notes?: readonly string[] | undefined;
  /** Of its WebRTC connection, where it has one. */
  readonly states?: () => { readonly iceState: IceState; readonly dtlsState: DtlsState };
  /** Counters of where its packets arrive, where that is not mediasoup. */
  readonly stats?: () => Partial<IngestStats>;
  /** How many watch has changed. */
  readonly onWatchers?: (count: number) => void;
  /** Once. */
  readonly onEnded?: (reason: PublicationEndReason) => void;
}

export interface PublishedStreamOptions {
  readonly name: string;
  readonly publication: Publication;
  readonly publisher: Publisher;
  readonly webrtc: Pick<WebRtc, 'createPlayer' | 'openPackets'>;
  readonly media: Pick<MediaThreads, 'openFraming'>;
  readonly firstFrameTimeoutMs: number;
  readonly play: Play;
  readonly onViewers: (stream: PublishedStream) => void;
  readonly onViewerClosed: (viewer: ViewerClosed) => void;
  /** Once; its viewers are closed already. */
  readonly onClosed: (stream: PublishedStream, reason: PublicationEndReason) => void;
  readonly log: Logger;
}

/** One stream that a browser or a native client publishes, and its viewers. */
export class PublishedStream {
  readonly name: string;
  readonly viewers: StreamViewers;
  readonly #taps: StreamTaps;
  readonly #feed: PublicationFeed;
  readonly #options: PublishedStreamOptions;
  readonly #createdAt = Date.now();
  /** Taps that wait for the description. */
  #opening = 0;
  #closed = false;

  constructor(options: PublishedStreamOptions) {
    this.name = options.name;
    this.#options = options;
    const { publication, play, publisher, webrtc, media, log } = options;
    const onChange = (): void => {
      if (this.#closed) return;
      this.#tellWatchers();
      options.onViewers(this);
    };
    this.#taps = new StreamTaps({ stream: options.name, onChange, log });
    const onLost = (): void => this.#taps.closeAll('thread_died');
    this.#feed = new PublicationFeed({ publication, webrtc, media, onLost, log });
    this.viewers = new StreamViewers({
      stream: options.name,
      firstFrameTimeoutMs: options.firstFrameTimeoutMs,
      play: () => play,
      onChange,
      onViewerClosed: options.onViewerClosed,
      log,
    });
    const { transport, remoteAddress, userAgent } = publisher;
    play.transport = transport;
    play.add('requested', `${transport}: published from ${remoteAddress} ${userAgent}`);
    for (const note of publisher.notes ?? []) play.add('codec', note);
    publication.on('iceStateChange', (state) => play.add('ice', state));
    publication.on('dtlsStateChange', (state) => {
      play.add('dtls', state);
      if (state === 'connected') play.setPlaying();
    });
    publication.once('closed', (reason) => this.close(reason));
  }

  get id(): string {
    return this.#options.publication.id;
  }

  get owner(): string | undefined {
    return this.#options.publisher.owner;
  }

  get playId(): string {
    return this.#options.play.id;
  }

  get muted(): MuteState {
    return this.#options.publication.muted;
  }

  get snapshot(): StreamSnapshot {
    const { publication, play, publisher } = this.#options;
    const { tracks } = publication;
    const stats = publisher.stats?.() ?? publication.stats;
    const video = tracks.find(({ kind }) => kind === 'video');
    const audio = tracks.find(({ kind }) => kind === 'audio');
    return {
      name: this.name,
      source: 'publication',
      playId: play.id,
      deviceId: '',
      channelId: '',
      subStream: 0,
      state: play.state,
      ssrc: '',
      transport: publisher.transport,
      createdAt: this.#createdAt,
      stats: { ...NO_STATS, ...stats },
      viewers: this.viewers.snapshots(),
      readers: this.#taps.snapshots(),
      publisher: {
        id: publication.id,
        remoteAddress: publisher.remoteAddress,
        userAgent: publisher.userAgent,
        ...publisher.states?.(),
        muted: publication.muted,
      },
      ...(video === undefined
        ? {}
        : { video: { ...video, kind: 'video', codec: video.codec as 'vp8', playable: true } }),
      ...(audio === undefined
        ? {}
        : {
            audio: {
              kind: 'audio',
              codec: audio.codec as 'opus',
              playable: true,
              sampleRate: audio.codec === 'opus' ? 48_000 : 8000,
              channels: audio.codec === 'opus' ? 2 : 1,
              ssrc: audio.ssrc,
              payloadType: audio.payloadType,
            },
          }),
    };
  }

  /** @throws SdpError, StreamError */
  async view(request: ViewerRequest): Promise<ViewerHandle> {
    const { webrtc, publication, play } = this.#options;
    const handle = await this.viewers.add(request, (parts) => webrtc.createPlayer({ ...parts, publication }));
    if (this.#closed) {
      this.viewers.close(handle.id);
      throw new StreamError('closed', 'the publication ended meanwhile', { playId: play.id });
    }
    return handle;
  }

  /** @throws StreamError */
  async tap(request: TapRequest): Promise<Tap> {
    this.#opening += 1;
    this.#tellWatchers();
    await this.#feed.described();
    this.#opening -= 1;
    if (this.#closed) {
      throw new StreamError('closed', 'the publication ended meanwhile', { playId: this.#options.play.id });
    }
    return this.#taps.open(this.#feed, request);
  }

  /** Ends what members of rooms watch and read of it who may not any more. */
  closeOwned(mayStay: (owner: string) => boolean): void {
    this.viewers.closeOwned(mayStay);
    this.#taps.closeOwned(mayStay);
  }

  setMuted(change: Partial<MuteState>): Promise<MuteState> {
    return this.#options.publication.setMuted(change);
  }

  /** The first packet has come. */
  onMedia(): void {
    if (this.#closed) return;
    this.#options.play.add('first_rtp');
    this.#options.play.setPlaying();
  }

  /** Ends the publication and tells its viewers. Idempotent. */
  close(reason: PublicationEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    const { play, publication, publisher, onClosed } = this.#options;
    if (reason === 'ice_failed') {
      play.fail(new StreamError('ice_failed', `no connectivity check of the publisher at ${this.#address} arrived`));
    } else if (reason === 'no_media') {
      play.fail(new StreamError('no_rtp', `no RTP of the publisher at ${this.#address} arrived`));
    } else play.close(reason);
    this.viewers.closeAll('publisher_gone');
    this.#taps.closeAll('publisher_gone');
    this.#feed.close();
    publication.close();
    publisher.onEnded?.(reason);
    onClosed(this, reason);
  }

  /** Those who are still being served are watchers too: for nobody else a pulled stream would go on. */
  #tellWatchers(): void {
    if (this.#closed) return;
    this.#options.publisher.onWatchers?.(this.viewers.size + this.#taps.size + this.#opening);
  }

  get #address(): string {
    return this.#options.publisher.remoteAddress;
  }
}
