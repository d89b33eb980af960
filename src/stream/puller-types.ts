/** Keeps a stream that is fetched for a player until that player itself is counted. */
export interface PullHold {
  /** Idempotent. */
  release(): void;
}

/** Where streams come from that nobody publishes here, and that are no camera's. */
export interface StreamPuller {
  /**
   * Resolves as soon as the stream is published here under this name (`<app>/<name>`); one fetch for all who ask.
   * Undefined where there is nothing to fetch it from. `hops` are the gateways that have asked each other already,
   * undefined for a player of ours. @throws GatewayError, `stream_not_found` where nobody has it
   */
  pull(name: string, hops: readonly string[] | undefined): Promise<PullHold | undefined>;
  /** Whether a running stream may be handed on to a gateway that asks for it. */
  mayServe(name: string, hops: readonly string[]): boolean;
}
