import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181 5.1. */
export interface Keepalive {
  readonly status: 'OK' | 'ERROR';
  /** Sub-devices that are out of order. */
  readonly faulty: readonly string[];
}

export function keepaliveNotify(sn: number, deviceId: string, { status, faulty }: Keepalive): ManscdpParts {
  const list = faulty.map((id) => xmlNode('DeviceID', id));
  const rest = [xmlNode('Status', status), ...(list.length === 0 ? [] : [xmlNode('Info', list)])];
  return { root: 'Notify', cmdType: 'Keepalive', sn, deviceId, rest };
}

export function parseKeepalive({ body }: Manscdp): Keepalive {
  const ids = body.child('Info')?.childrenNamed('DeviceID') ?? [];
  return {
    status: body.field('Status').toUpperCase() === 'ERROR' ? 'ERROR' : 'OK',
    faulty: ids.map((each) => each.value).filter((id) => id !== ''),
  };
}
