import type { types } from 'mediasoup';
import type { Ingest } from '../media/index.ts';
import type { AnswerSsrcs, SectionAnswer } from './answer.ts';
import type { MediaWorker } from './media-worker.ts';
import type { SessionOffer } from './offer-session.ts';

/** Producers in the viewer's own router, held until they are released. */
export interface ProducerLease {
  readonly video: types.Producer | undefined;
  readonly audio: types.Producer | undefined;
  /** The viewer is connected: packets may come. */
  start(): void;
  /** Sound that starts later; returns what takes the listener off. */
  onAudio(listener: (producer: types.Producer) => void): () => void;
  /** Idempotent. */
  release(): void;
}

/** What a viewer shows, and how its answer tells that. */
export interface ViewerSource {
  readonly offer: SessionOffer & { readonly fullBundle: boolean };
  /** The codecs of the router, with the payload types of the viewer's offer. */
  readonly codecs: readonly types.RouterRtpCodecCapability[];
  /** The video feedback that the answer allows. */
  readonly feedback: readonly string[];
  readonly audio: boolean;
  open(worker: MediaWorker): Promise<ProducerLease>;
  /** The same for another ingest; absent where nothing else can be shown. */
  readonly rebind?: (ingest: Ingest) => ViewerSource;
  sections(streamId: string, ssrcs: AnswerSsrcs | undefined): ReadonlyMap<number, SectionAnswer>;
}
