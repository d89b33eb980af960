import { EventEmitter } from 'node:events';
import type { RelayEndReason, RelayOptions, RtpRelay } from '../media/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import type { PlainPublication } from '../webrtc/index.ts';
import type { Timing } from './options.ts';
import type { RtpPublication, RtpPublicationEvents, RtpPublishRequest, RtpRemote } from './rtp-publication-types.ts';
import { spropOf } from './sprop.ts';
import type { PublicationEndReason } from './types.ts';

const END_REASONS: Readonly<Record<RelayEndReason, PublicationEndReason>> = {
  closed: 'closed',
  failed: 'media_lost',
  no_media: 'no_media',
  silent: 'media_lost',
  thread_died: 'media_lost',
};

/** How the relay of a publication's RTP is to be opened. */
export function relayOptionsOf(
  publication: PlainPublication,
  { tracks }: RtpPublishRequest,
  timing: Pick<Timing, 'mediaTimeoutMs' | 'silenceTimeoutMs'>,
): RelayOptions {
  return {
    id: publication.id,
    tracks: publication.tracks.map(({ kind, codec, payloadType, ssrc }, index) => {
      const track = tracks[index]!;
      return {
        kind,
        clockRate: track.clockRate,
        payloadType: track.payloadType,
        sentPayloadType: payloadType,
        sentSsrc: ssrc,
        ...(codec === 'h264' ? { spropParameterSets: spropOf(track.parameters ?? '') } : {}),
      };
    }),
    target: publication.input,
    firstMediaMs: timing.mediaTimeoutMs,
    silenceMs: timing.silenceTimeoutMs,
  };
}

export interface RelayedPublicationParts {
  readonly id: string;
  readonly stream: string;
  readonly relay: RtpRelay;
  /** Ends the stream, which calls `finish`. */
  readonly end: (reason: PublicationEndReason) => void;
  readonly log: Logger;
}

/** What the sender's side of a publication by RTP holds. */
export class RelayedPublication extends EventEmitter<RtpPublicationEvents> implements RtpPublication {
  readonly id: string;
  readonly stream: string;
  readonly #parts: RelayedPublicationParts;
  #watchers = 0;
  #closed = false;

  constructor(parts: RelayedPublicationParts) {
    super();
    this.id = parts.id;
    this.stream = parts.stream;
    this.#parts = parts;
    const { relay, log } = parts;
    relay.on('rtcp', (framed) => safeEmit<RtpPublicationEvents, 'rtcp'>(this, log, 'rtcp', framed));
    relay.once('firstMedia', () => safeEmit<RtpPublicationEvents, 'firstMedia'>(this, log, 'firstMedia'));
    relay.once('ended', (reason) => this.close(END_REASONS[reason]));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get watchers(): number {
    return this.#watchers;
  }

  openUdp(track: number, remote: RtpRemote): Promise<{ readonly rtp: number; readonly rtcp: number }> {
    return this.#parts.relay.openUdp(track, remote);
  }

  setUdpRemote(track: number, remote: RtpRemote): void {
    this.#parts.relay.setRemote(track, remote);
  }

  push(framed: Uint8Array<ArrayBuffer>): void {
    this.#parts.relay.push(framed);
  }

  restart(): void {
    this.#parts.relay.restart();
  }

  setExpecting(expecting: boolean): void {
    this.#parts.relay.setExpecting(expecting);
  }

  close(reason: PublicationEndReason = 'closed'): void {
    if (!this.#closed) this.#parts.end(reason);
  }

  setWatchers(count: number): void {
    if (count === this.#watchers || this.#closed) return;
    this.#watchers = count;
    safeEmit<RtpPublicationEvents, 'watchers'>(this, this.#parts.log, 'watchers', count);
  }

  /** The stream has ended. */
  finish(reason: PublicationEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    const { relay, log } = this.#parts;
    relay.close();
    safeEmit<RtpPublicationEvents, 'closed'>(this, log, 'closed', reason);
  }
}
