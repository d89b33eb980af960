import type { types } from 'mediasoup';
import { CODECS, type OfferedFormat } from './formats.ts';
import type { PublishedCodec } from './types.ts';

/** Routers without viewers that are kept for the next one; browsers use a handful of payload types. */
const MAX_IDLE_ROUTERS = 8;

/** The profile that routers and producers agree on; the worker never looks at it, the answer carries the real one. */
export const INTERNAL_H264 = {
  'packetization-mode': 1,
  'profile-level-id': '42e01f',
  'level-asymmetry-allowed': 1,
} as const;

/** A router for cameras: H.264 with the viewer's payload type and both laws of G.711. */
export function cameraCodecs(payloadType: number): types.RouterRtpCodecCapability[] {
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

/** A router for a publication: its codecs with the payload types of whoever plays it. */
export function publishedCodecs(formats: readonly OfferedFormat[]): types.RouterRtpCodecCapability[] {
  // Audio first: the router picks the payload types of RTX among those that are free after each video codec.
  const audioFirst = formats.toSorted((a, b) => CODECS[a.codec].kind.localeCompare(CODECS[b.codec].kind));
  return audioFirst.map(({ codec, payloadType }) => ({
    ...CODECS[codec],
    preferredPayloadType: payloadType,
    parameters: codecParameters(codec),
  }));
}

/** Parameters that a producer and its routers have to agree on. */
export function codecParameters(codec: PublishedCodec): Record<string, string | number> {
  return codec === 'h264' ? { ...INTERNAL_H264 } : {};
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
 * Routers by codecs and payload types: a mediasoup consumer sends with its router's payload type, and a browser decodes
 * only what has the payload type of its own offer.
 */
export class RouterCache {
  readonly #worker: types.Worker;
  /** Insertion order is the order of last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(worker: types.Worker) {
    this.#worker = worker;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The router stays until as many `release` calls as there were `acquire` calls. */
  async acquire(codecs: readonly types.RouterRtpCodecCapability[]): Promise<types.Router> {
    const key = routerKey(codecs);
    const known = this.#entries.get(key);
    const entry = known ?? {
      router: this.#worker.createRouter({ mediaCodecs: [...codecs] }),
      users: 0,
    };
    entry.users += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    try {
      return await entry.router;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  release(codecs: readonly types.RouterRtpCodecCapability[]): void {
    const entry = this.#entries.get(routerKey(codecs));
    if (entry === undefined || entry.users === 0) return;
    entry.users -= 1;
    const idle = [...this.#entries].filter(([, candidate]) => candidate.users === 0);
    for (const [key, candidate] of idle.slice(0, -MAX_IDLE_ROUTERS)) {
      this.#entries.delete(key);
      void candidate.router.then((router) => router.close());
    }
  }
}

/** What tells one router from another. */
export function routerKey(codecs: readonly types.RouterRtpCodecCapability[]): string {
  return codecs.map(({ mimeType, preferredPayloadType = '' }) => `${mimeType}=${preferredPayloadType}`).join(' ');
}
