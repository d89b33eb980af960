import { GatewayError } from '../util/index.ts';

/** A port or a TLS file of the configuration cannot be used. */
export class WebSocketListenError extends GatewayError {
  override readonly code = 'websocket_listen_failed';
}
