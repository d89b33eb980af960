import type { Flow } from '../types.ts';

/** A flow with its way out. */
export interface TransportFlow extends Flow {
  /** Writes one message; `onError` at most once, and not for what is lost on the way. */
  send(bytes: Buffer, onError?: (error: Error) => void): void;
  /** Calls back once when a connection is lost; the returned function takes that back. Never for UDP. */
  onClosed(callback: () => void): () => void;
}

/** True for addresses that stand for every interface. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}
