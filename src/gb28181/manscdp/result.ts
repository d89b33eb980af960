import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** OK, ERROR, or nothing that could be read (GB/T 28181 4.10). */
export function resultOf({ body }: Manscdp): 'OK' | 'ERROR' | undefined {
  const text = body.field('Result').toUpperCase();
  return text === 'OK' || text === 'ERROR' ? text : undefined;
}

/** Text beside the Result of some devices, empty where there is none. */
export function reasonOf({ body }: Manscdp): string {
  return body.field('Reason').slice(0, 256);
}

/** A Response that says only whether it worked. */
export function resultResponse(
  command: { readonly cmdType: string; readonly sn: number; readonly deviceId: string },
  ok: boolean,
): ManscdpParts {
  const { cmdType, sn, deviceId } = command;
  return { root: 'Response', cmdType, sn, deviceId, rest: [xmlNode('Result', ok ? 'OK' : 'ERROR')] };
}
