import type { types } from 'mediasoup';

/** Routers without viewers that are kept for the next one; browsers use a handful of payload types. */
const MAX_IDLE_ROUTERS = 8;

/** The profile that routers and producers agree on; the worker never looks at it, the answer carries the real one. */
export const INTERNAL_H264 = {
  'packetization-mode': 1,
  'profile-level-id': '42e01f',
  'level-asymmetry-allowed': 1,
} as const;

function routerCodecs(payloadType: number): types.RouterRtpCodecCapability[] {
  return [
    {
      kind: 'video',
      mimeType: 'video/H264',
      clockRate: 90_000,
      preferredPayloadType: payloadType,
      parameters: { ...INTERNAL_H264 },
    },
    { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, channels: 1 },
    { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000, channels: 1 },
  ];
}

/** What a viewer's consumers may use: no RTX, because its payload type is the router's choice and never the offer's; no header extensions. */
export function consumerCapabilities(router: types.Router, feedback: readonly string[]): types.RtpCapabilities {
  const codecs = (router.rtpCapabilities.codecs ?? []).filter((codec) => !codec.mimeType.endsWith('/rtx'));
  const rtcpFeedback = feedback.map((value) => {
    const [type = '', parameter = ''] = value.split(' ');
    return { type, parameter };
  });
  return {
    codecs: codecs.map((codec) => (codec.kind === 'video' ? { ...codec, rtcpFeedback } : codec)),
    headerExtensions: [],
  };
}

interface Entry {
  readonly router: Promise<types.Router>;
  users: number;
}

/**
 * Routers by H.264 payload type: a mediasoup consumer sends with its router's payload type, and a browser decodes only
 * what has the payload type of its own offer.
 */
export class RouterCache {
  readonly #worker: types.Worker;
  /** Insertion order is the order of last use. */
  readonly #entries = new Map<number, Entry>();

  constructor(worker: types.Worker) {
    this.#worker = worker;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The router stays until as many `release` calls as there were `acquire` calls. */
  async acquire(payloadType: number): Promise<types.Router> {
    const known = this.#entries.get(payloadType);
    const entry = known ?? {
      router: this.#worker.createRouter({ mediaCodecs: routerCodecs(payloadType) }),
      users: 0,
    };
    entry.users += 1;
    this.#entries.delete(payloadType);
    this.#entries.set(payloadType, entry);
    try {
      return await entry.router;
    } catch (error) {
      if (this.#entries.get(payloadType) === entry) this.#entries.delete(payloadType);
      throw error;
    }
  }

  release(payloadType: number): void {
    const entry = this.#entries.get(payloadType);
    if (entry === undefined || entry.users === 0) return;
    entry.users -= 1;
    const idle = [...this.#entries].filter(([, candidate]) => candidate.users === 0);
    for (const [key, candidate] of idle.slice(0, -MAX_IDLE_ROUTERS)) {
      this.#entries.delete(key);
      void candidate.router.then((router) => router.close());
    }
  }
}
