import { GatewayError } from '../../util/errors.ts';

/** The media thread of the ingest ended, or the threads are closed. */
export class ThreadDiedError extends GatewayError {
  override readonly code = 'thread_died';
}

/** The media sockets could not be opened for another reason than a taken port. */
export class MediaBindError extends GatewayError {
  override readonly code = 'media_bind_failed';

  readonly address: string;
  readonly port: number;

  constructor(address: string, port: number, reason: string) {
    super(`cannot bind media port ${address}:${port}: ${reason}`);
    this.address = address;
    this.port = port;
  }
}

/** A player's output could not be opened. */
export class OutputFailedError extends GatewayError {
  override readonly code = 'media_output_failed';
}

/** No loopback port could be opened for a publication's packets, from its source or to who reads them. */
export class FramingFailedError extends GatewayError {
  override readonly code = 'media_framing_failed';
}

/** In single-port mode the SSRC is what tells ingests apart. */
export class SsrcTakenError extends GatewayError {
  override readonly code = 'ssrc_taken';

  readonly ssrc: number;

  constructor(ssrc: number) {
    super(`an ingest on the single port expects SSRC ${ssrc} already`);
    this.ssrc = ssrc;
  }
}
