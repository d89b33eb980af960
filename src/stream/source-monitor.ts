import type { LiveSessionEnd } from '../gb28181/index.ts';
import type { AudioTrack, IngestEndReason, IngestStats, Track } from '../media/index.ts';
import { errorMessage } from '../util/index.ts';
import type { SourceContext } from './attempt.ts';
import { audioNote } from './audio-note.ts';
import { StreamError, lateRejection } from './errors.ts';
import { KeyFrameLimiter } from './key-frame-limiter.ts';
import type { Play } from './play.ts';
import type { Source } from './source.ts';

/** The media threads start a new output with a key frame that is not older than a little more than this. */
const FRESH_KEY_FRAME_MS = 250;

export interface SourceMonitorOptions {
  readonly source: Source;
  readonly play: Play;
  readonly context: SourceContext;
  /** Silence is meant: a recording is paused. */
  readonly held?: (() => boolean) | undefined;
  /** Which sound the device sends is known now. */
  readonly onAudio: () => void;
  /** Once. */
  readonly onLost: (error: StreamError) => void;
}

/** Watches a source that is open: key frames, signs of life, and the ways in which it can be lost. */
export class SourceMonitor {
  readonly #options: SourceMonitorOptions;
  readonly #keyFrames: KeyFrameLimiter;
  /** Codecs that the timeline knows: a PSM may name a wrong one first. */
  readonly #audioCodecs = new Set<AudioTrack['codec']>();
  #packets = 0;
  #keyFrameAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SourceMonitorOptions) {
    this.#options = options;
    this.#keyFrames = new KeyFrameLimiter(() => this.#requestKeyFrame());
    const { ingest, session, keyFrame } = options.source;
    ingest.on('track', this.#handleTrack);
    if (ingest.audio !== undefined) this.#noteAudio(ingest.audio);
    ingest.on('firstKeyFrame', this.#handleFirstKeyFrame);
    ingest.on('keyFrameRequested', this.#askKeyFrame);
    ingest.on('stats', this.#handleStats);
    ingest.on('silent', this.#handleSilent);
    ingest.on('ended', this.#handleIngestEnded);
    session.on('ended', this.#handleSessionEnded);
    if (keyFrame) {
      this.#keyFrameAt = Date.now();
      options.play.setPlaying();
    } else {
      this.#waitForKeyFrame();
    }
  }

  /** A viewer is on its way: a key frame that comes while it connects is what it starts with. */
  prepareKeyFrame(): void {
    if (Date.now() - this.#keyFrameAt > FRESH_KEY_FRAME_MS) this.#keyFrames.ask();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#keyFrames.close();
    const { ingest, session } = this.#options.source;
    ingest.off('track', this.#handleTrack);
    ingest.off('firstKeyFrame', this.#handleFirstKeyFrame);
    ingest.off('keyFrameRequested', this.#askKeyFrame);
    ingest.off('stats', this.#handleStats);
    ingest.off('silent', this.#handleSilent);
    ingest.off('ended', this.#handleIngestEnded);
    session.off('ended', this.#handleSessionEnded);
  }

  #lost(error: StreamError): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(error);
  }

  /** Long GOPs: the device is asked once (quirks P17), then the play fails. */
  #waitForKeyFrame(): void {
    const { keyFrameAskMs, mediaTimeoutMs } = this.#options.context.timing;
    this.#timer = setTimeout(() => {
      this.#keyFrames.ask();
      const leftMs = Math.max(0, mediaTimeoutMs - keyFrameAskMs);
      this.#timer = setTimeout(() => {
        this.#lost(new StreamError('no_key_frame', `video, but no key frame within ${mediaTimeoutMs} ms`));
      }, leftMs);
    }, keyFrameAskMs);
  }

  #requestKeyFrame(): void {
    const { context, play } = this.#options;
    // The command is for the encoder; a recording is what it is.
    if (context.history !== undefined) return;
    const { deviceId, channelId } = play.request;
    context.platform.requestKeyFrame(deviceId, channelId).catch((error: unknown) => {
      context.log.debug({ deviceId, channelId, error: errorMessage(error) }, 'key frame request failed');
    });
  }

  #noteAudio(track: AudioTrack): void {
    const { context, play } = this.#options;
    // A file gets other sound than players do.
    if (context.history?.kind === 'download' || this.#audioCodecs.has(track.codec)) return;
    this.#audioCodecs.add(track.codec);
    play.add('audio', audioNote(track));
  }

  readonly #handleTrack = (track: Track): void => {
    if (track.kind !== 'audio') return;
    const known = this.#audioCodecs.has(track.codec);
    this.#noteAudio(track);
    if (!known) this.#options.onAudio();
  };

  readonly #handleFirstKeyFrame = (): void => {
    clearTimeout(this.#timer);
    this.#keyFrameAt = Date.now();
    const { play } = this.#options;
    play.add('first_key_frame');
    play.setPlaying();
  };

  readonly #askKeyFrame = (): void => {
    this.#keyFrames.ask();
  };

  /** Media is a sign of life where keepalives are late (quirks P8). */
  readonly #handleStats = ({ packets }: IngestStats): void => {
    if (packets === this.#packets) return;
    this.#packets = packets;
    this.#options.context.platform.touch(this.#options.play.request.deviceId);
  };

  readonly #handleSilent = (silentMs: number): void => {
    if (this.#options.held?.() === true) return;
    this.#lost(new StreamError('media_lost', `no packet for ${silentMs} ms`));
  };

  readonly #handleIngestEnded = (reason: IngestEndReason): void => {
    this.#lost(new StreamError('media_lost', `the media session ended: ${reason}`));
  };

  /** A device whose SIP side is gone may still send: only its word or its silence ends the stream (quirks P8). */
  readonly #handleSessionEnded = (reason: LiveSessionEnd): void => {
    if (reason === 'device_bye') this.#lost(new StreamError('device_bye', 'the device sent BYE'));
    if (reason === 'device_rejected') this.#lost(lateRejection());
  };
}
