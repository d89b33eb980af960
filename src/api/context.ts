import type { Refusals, RequestShares } from '../util/index.ts';
import type { Gate } from './auth/gate.ts';
import type { Tokens } from './auth/tokens.ts';
import type { PublicAddress } from './public-address.ts';
import type { ApiOptions, ApiParts } from './types.ts';

/** What every group of routes is built from. */
export interface ApiContext {
  readonly options: ApiOptions;
  readonly parts: ApiParts;
  readonly tokens: Tokens;
  readonly gate: Gate;
  readonly publicAddress: PublicAddress;
  /** Connections that the ports did not take. */
  readonly refused: Refusals<Parameters<RequestShares['onRefused']>[0]>;
}
