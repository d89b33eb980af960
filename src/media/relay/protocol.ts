import type { RelayEndReason, RelayOptions, RelayRemote, RelayStats } from '../relay-types.ts';

/** Main thread to media thread, for one relay. */
export type RelayRequest =
  | { readonly name: 'open'; readonly options: RelayOptions }
  | { readonly name: 'openUdp'; readonly track: number; readonly port: number; readonly remote: RelayRemote }
  | { readonly name: 'setRemote'; readonly track: number; readonly remote: RelayRemote }
  | { readonly name: 'push'; readonly framed: Uint8Array<ArrayBuffer> }
  | { readonly name: 'expect'; readonly expecting: boolean }
  | { readonly name: 'restart' }
  | { readonly name: 'close' };

/** Why ports could not be had. */
export interface RelayPortRefusal {
  readonly taken: boolean;
  readonly reason: string;
}

/** Media thread to main thread, about one relay. */
export type RelayNotice =
  | { readonly name: 'opened' }
  | { readonly name: 'udp'; readonly track: number; readonly refusal?: RelayPortRefusal }
  | { readonly name: 'firstMedia' }
  | { readonly name: 'rtcp'; readonly framed: Uint8Array<ArrayBuffer> }
  /** `consumedBytes`: of all that was pushed. */
  | { readonly name: 'stats'; readonly stats: RelayStats; readonly consumedBytes: number }
  | { readonly name: 'ended'; readonly reason: RelayEndReason; readonly stats: RelayStats };

export const NO_RELAY_STATS: RelayStats = { packets: 0, bytes: 0, lost: 0, rtcpPackets: 0, bitrateBps: 0, errors: {} };
