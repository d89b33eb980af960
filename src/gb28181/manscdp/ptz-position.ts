import type { Manscdp, ManscdpParts } from './message.ts';
import { decimalField, struct, type ValueOf } from './struct.ts';

const AXES = {
  /** Degrees 0-360, clockwise seen from above. */
  pan: decimalField('Pan', 2),
  /** Degrees, about -30 to 90; positive is down. */
  tilt: decimalField('Tilt', 2),
  /** Multiplier from 1. */
  zoom: decimalField('Zoom', 2),
};

/** Where a camera looks to, as it is set (GB/T 28181-2022 9.2). */
export const precisePositionStruct = struct(AXES);
export type PrecisePosition = ValueOf<typeof AXES>;

const POSITION = struct({
  ...AXES,
  /** Degrees. */
  horizontalFieldAngle: decimalField('HorizontalFieldAngle', 1),
  verticalFieldAngle: decimalField('VerticalFieldAngle', 1),
  /** Metres. */
  maxViewDistance: decimalField('MaxViewDistance', 1),
});

/** Where a camera looks to and how much it sees (GB/T 28181-2022 6.6). */
export type PtzPositionState = ValueOf<typeof POSITION.shape>;

export function ptzPositionQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'PTZPosition', sn, deviceId };
}

/** Also of the event of that name (GB/T 28181-2022 11.6). */
export function parsePtzPosition({ body }: Manscdp): PtzPositionState {
  return POSITION.read(body);
}

export function ptzPositionResponse(sn: number, deviceId: string, position: PtzPositionState): ManscdpParts {
  return { root: 'Response', cmdType: 'PTZPosition', sn, deviceId, rest: POSITION.write(position) };
}

/** What a camera tells who has subscribed; platforms take either root (GB/T 28181-2022 11.6). */
export function ptzPositionNotify(sn: number, channelId: string, position: PtzPositionState): ManscdpParts {
  return { ...ptzPositionResponse(sn, channelId, position), root: 'Notify' };
}
