import type { types } from 'mediasoup';
import type { AnswerTransport } from './answer.ts';
import { formatCandidates } from './candidates.ts';
import type { MediaWorker } from './media-worker.ts';
import { WebRtcUnavailableError } from './errors.ts';
import type { DtlsState, IceState } from './types.ts';

/** A browser that changes its network comes back within this time, or not at all. */
const ICE_DISCONNECTED_MS = 5000;
const ICE_CONSENT_TIMEOUT_SEC = 20;
/** From ICE to DTLS; a lost flight is repeated after 1, 2 and 4 s (RFC 6347 §4.2.4.1). */
const DTLS_TIMEOUT_MS = 15_000;

export type PeerLoss = 'ice_failed' | 'ice_disconnected' | 'dtls_failed' | 'peer_closed' | 'worker_died';

export interface PeerListener {
  readonly onIce: (state: IceState) => void;
  readonly onDtls: (state: DtlsState) => void;
  /** The peer is gone; may be called more than once. */
  readonly onLost: (reason: PeerLoss) => void;
}

/** Makes a transport on the worker's one port. */
export async function createPeerTransport(
  worker: MediaWorker,
  codecs: readonly types.RouterRtpCodecCapability[],
): Promise<{ readonly router: types.Router; readonly transport: types.WebRtcTransport }> {
  const router = await acquireRouter(worker, codecs);
  try {
    const transport = await router.createWebRtcTransport({
      webRtcServer: worker.server,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      iceConsentTimeout: ICE_CONSENT_TIMEOUT_SEC,
    });
    return { router, transport };
  } catch (error) {
    worker.routers.release(codecs);
    throw error;
  }
}

async function acquireRouter(
  worker: MediaWorker,
  codecs: readonly types.RouterRtpCodecCapability[],
): Promise<types.Router> {
  try {
    return await worker.routers.acquire(codecs);
  } catch (cause) {
    throw new WebRtcUnavailableError('the mediasoup worker makes no router', { cause });
  }
}

/** Watches over the connection of one peer: no check in time, a lost one, a closed one. */
export class PeerWatch {
  readonly #listener: PeerListener;
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: types.WebRtcTransport, listener: PeerListener) {
    this.#listener = listener;
    transport.on('icestatechange', (state) => {
      listener.onIce(state);
      if (isUp(state)) this.#expectDtls(transport.dtlsState);
      if (state === 'disconnected') this.expectWithin(ICE_DISCONNECTED_MS, 'ice_disconnected');
    });
    transport.on('dtlsstatechange', (state) => {
      listener.onDtls(state);
      if (state === 'connected' && isUp(transport.iceState)) this.stop();
      if (state === 'failed') listener.onLost('dtls_failed');
      if (state === 'closed') listener.onLost('peer_closed');
    });
    transport.on('routerclose', () => listener.onLost('worker_died'));
  }

  /** The next ICE connection has to come within this time. */
  expectWithin(timeoutMs: number, reason: PeerLoss): void {
    this.stop();
    this.#timer = setTimeout(() => this.#listener.onLost(reason), timeoutMs);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** A peer that answers ICE checks and never begins DTLS would hold its stream for ever. */
  #expectDtls(state: DtlsState): void {
    if (state === 'connected') this.stop();
    else this.expectWithin(DTLS_TIMEOUT_MS, 'dtls_failed');
  }
}

function isUp(state: IceState): boolean {
  return state === 'connected' || state === 'completed';
}

/** The transport's side of an answer. */
export function answerTransport(
  { iceParameters, dtlsParameters }: types.WebRtcTransport,
  worker: MediaWorker,
  addresses: readonly string[],
): AnswerTransport {
  const fingerprint = dtlsParameters.fingerprints.find((candidate) => candidate.algorithm === 'sha-256');
  if (fingerprint === undefined) throw new TypeError('the worker has no SHA-256 fingerprint');
  return { ...iceParameters, fingerprint, candidates: formatCandidates(addresses, worker.ports) };
}
