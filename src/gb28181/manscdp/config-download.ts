import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181 9.4 BasicParam; absent where the device left a field out or wrote no positive number. */
export interface BasicParam {
  readonly name?: string;
  readonly expirationSec?: number;
  readonly heartBeatIntervalSec?: number;
  readonly heartBeatCount?: number;
}

export function basicParamQuery(sn: number, deviceId: string): ManscdpParts {
  return {
    root: 'Query',
    cmdType: 'ConfigDownload',
    sn,
    deviceId,
    rest: [xmlNode('ConfigType', 'BasicParam')],
  };
}

/** Undefined when this part of the answer holds no BasicParam. */
export function parseBasicParam({ body }: Manscdp): BasicParam | undefined {
  // Uniview names the element otherwise than the type that was asked for.
  const basic = body.child('BasicParam') ?? body.children.find((each) => each.child('HeartBeatInterval') !== undefined);
  if (basic === undefined) return undefined;
  const name = basic.field('Name');
  return {
    ...(name !== '' && { name }),
    ...positive('expirationSec', basic.number('Expiration')),
    ...positive('heartBeatIntervalSec', basic.number('HeartBeatInterval')),
    ...positive('heartBeatCount', basic.number('HeartBeatCount')),
  };
}

function positive<K extends string>(key: K, value: number | undefined): { readonly [P in K]?: number } {
  // Some devices answer 0 or nothing: that is "not told", never an interval.
  return value !== undefined && value > 0 ? ({ [key]: value } as { [P in K]: number }) : {};
}

export function basicParamResponse(sn: number, deviceId: string, basic: BasicParam): ManscdpParts {
  const content = [
    xmlNode('Name', basic.name),
    xmlNode('Expiration', basic.expirationSec),
    xmlNode('HeartBeatInterval', basic.heartBeatIntervalSec),
    xmlNode('HeartBeatCount', basic.heartBeatCount),
  ];
  const rest = [xmlNode('Result', 'OK'), xmlNode('BasicParam', content)];
  return { root: 'Response', cmdType: 'ConfigDownload', sn, deviceId, rest };
}
