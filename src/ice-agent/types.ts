/** A fixed account of coturn, empty for none, or the secret that makes accounts. */
export type AgentAccount = { readonly username: string; readonly credential: string } | { readonly secret: string };

export interface IceAgentOptions {
  /** Of the gateway, with the path. */
  readonly server: URL;
  /** Empty = none. */
  readonly token: string;
  /** Public address of coturn. */
  readonly ip: string;
  /** 0 = none, as `stunPort`. */
  readonly turnPort: number;
  readonly stunPort: number;
  /** Where coturn is asked. */
  readonly turnAddress: string;
  /** Undefined: that of the default route. */
  readonly interfaceName: string | undefined;
  /** kbit/s. */
  readonly maxBandwidth: number;
  readonly account: AgentAccount;
  readonly relayOnly: boolean;
  readonly intervalMs: number;
}

/** kbit/s. */
export interface Rates {
  readonly rxRate: number;
  readonly txRate: number;
}

/** Takes messages to the gateway. */
export interface GatewayLink {
  /** Resolves with the word of the answer. @throws GatewayLinkError */
  send(message: Readonly<Record<string, unknown>>): Promise<string>;
  /** Idempotent. */
  close(): void;
}

/** Where the agent's facts come from. */
export interface HostFacts {
  /** Rates since the last call; undefined: not known yet. @throws NetInterfaceError */
  rates(): Rates | undefined;
  /** What coturn says of itself; undefined: it does not answer. */
  ask(signal: AbortSignal): Promise<string | undefined>;
}
