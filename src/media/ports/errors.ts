import { GatewayError } from '../../util/errors.ts';

/** Every port of the range is taken, in quarantine or used by another process. */
export class PortsExhaustedError extends GatewayError {
  override readonly code = 'no_media_port';

  readonly used: number;
  readonly capacity: number;

  constructor(used: number, capacity: number) {
    super(`no free media port: ${used} of ${capacity} even ports are taken or in quarantine`);
    this.used = used;
    this.capacity = capacity;
  }
}
