import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** Where a camera looks (GB/T 28181-2022 6.6, 11.6): degrees, tilt positive downwards, zoom as a multiplier. */
export interface PtzPositionFacts {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
}

export function ptzPositionNotify(sn: number, channelId: string, { pan, tilt, zoom }: PtzPositionFacts): ManscdpParts {
  const rest = [xmlNode('Pan', pan), xmlNode('Tilt', tilt), xmlNode('Zoom', zoom)];
  return { root: 'Notify', cmdType: 'PTZPosition', sn, deviceId: channelId, rest };
}

/** Either root: the text of the standard leaves it open. */
export function parsePtzPositionNotify({ body }: Manscdp): PtzPositionFacts {
  const [pan, tilt, zoom] = ['Pan', 'Tilt', 'Zoom'].map((name) => body.number(name));
  return {
    ...(pan !== undefined && { pan }),
    ...(tilt !== undefined && { tilt }),
    ...(zoom !== undefined && { zoom }),
  };
}
