import { GatewayError } from '../util/index.ts';

/** An option of the ICE agent that cannot be; told before anything starts. */
export class IceAgentOptionError extends GatewayError {
  override readonly code = 'ice_agent_option';
}

/** The gateway did not answer, or not as a RoomServer does. */
export class GatewayLinkError extends GatewayError {
  override readonly code = 'ice_agent_gateway';
}
