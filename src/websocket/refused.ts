/** Connections that were not taken, or closed to make room, by reason. */
export interface RefusedConnections {
  readonly too_many_connections: number;
  /** Those that are no WebSockets. */
  readonly too_many_of_source: number;
  readonly too_many_websockets: number;
  /** Those that held most of the memory for unfinished messages. */
  readonly held_bytes: number;
}

export const NOTHING_REFUSED: RefusedConnections = {
  too_many_connections: 0,
  too_many_of_source: 0,
  too_many_websockets: 0,
  held_bytes: 0,
};
