import type { Manscdp, ManscdpParts } from './message.ts';
import { flagField, groupField, numberField, struct, type ValueOf } from './struct.ts';

/** The watch position that a camera returns to by itself (GB/T 28181 9.2). */
export const homePositionStruct = struct({
  enabled: flagField('Enabled'),
  /** Seconds without a command after which it returns. */
  resetTime: numberField('ResetTime'),
  /** 0-255. */
  presetIndex: numberField('PresetIndex'),
});

export type HomePosition = ValueOf<typeof homePositionStruct.shape>;

const ANSWER = struct({ home: groupField('HomePosition', homePositionStruct) });

/** GB/T 28181-2022 6.4. */
export function homePositionQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'HomePositionQuery', sn, deviceId };
}

/** Undefined where the device has none. */
export function parseHomePosition({ body }: Manscdp): HomePosition | undefined {
  return ANSWER.read(body).home;
}

export function homePositionResponse(sn: number, deviceId: string, home: HomePosition | undefined): ManscdpParts {
  return {
    root: 'Response',
    cmdType: 'HomePositionQuery',
    sn,
    deviceId,
    rest: ANSWER.write(home === undefined ? {} : { home }),
  };
}
