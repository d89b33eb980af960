import type { ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181 5.1. */
export interface Keepalive {
  readonly status: 'OK' | 'ERROR';
  /** Sub-devices that are out of order: none since the edition of 2022, and nothing is made of them here. */
  readonly faulty: readonly string[];
}

export function keepaliveNotify(sn: number, deviceId: string, { status, faulty }: Keepalive): ManscdpParts {
  const list = faulty.map((id) => xmlNode('DeviceID', id));
  const rest = [xmlNode('Status', status), ...(list.length === 0 ? [] : [xmlNode('Info', list)])];
  return { root: 'Notify', cmdType: 'Keepalive', sn, deviceId, rest };
}
