import { deviceUpgradeStruct, type DeviceUpgrade } from './device-upgrade.ts';
import type { XmlElement } from './element.ts';
import { homePositionStruct, type HomePosition } from './home-position.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { precisePositionStruct, type PrecisePosition } from './ptz-position.ts';
import { numberField, struct, type ValueOf } from './struct.ts';
import { xmlNode, type XmlNode } from './xml.ts';

const AREA = struct({
  /** Size of the play window in pixels. */
  length: numberField('Length'),
  width: numberField('Width'),
  /** Middle of the box, from the top left. */
  midPointX: numberField('MidPointX'),
  midPointY: numberField('MidPointY'),
  /** Size of the box. */
  lengthX: numberField('LengthX'),
  lengthY: numberField('LengthY'),
});

/** A box in the play window (GB/T 28181 9.2). */
export type PictureArea = Required<ValueOf<typeof AREA.shape>>;

/** Sub-commands of DeviceControl, one in a message (GB/T 28181 9.2). */
export type DeviceControl =
  | {
      readonly kind: 'ptz';
      /** From `encodePtz`. */
      readonly hex: string;
      /** GB/T 28181-2022, beside opcode 81. */
      readonly presetName?: string;
      /** GB/T 28181-2022, beside the opcodes of cruises. */
      readonly cruiseTrackName?: string;
    }
  | { readonly kind: 'key_frame' }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'record'; readonly on: boolean; /** GB/T 28181-2022. */ readonly streamNumber?: number }
  | { readonly kind: 'guard'; readonly set: boolean }
  | { readonly kind: 'alarm_reset'; readonly alarmMethod?: string; readonly alarmType?: string }
  | { readonly kind: 'drag_zoom'; readonly direction: 'in' | 'out'; readonly area: PictureArea }
  | { readonly kind: 'home_position'; readonly home: HomePosition }
  | { readonly kind: 'precise_ptz'; readonly position: PrecisePosition }
  | { readonly kind: 'upgrade'; readonly upgrade: DeviceUpgrade }
  | { readonly kind: 'format_sd_card'; /** From 1; 0 is all of them. */ readonly card: number }
  | {
      readonly kind: 'target_track';
      readonly mode: TrackMode;
      /** Channel of the panorama; the command itself is for the dome. */
      readonly panoramaId?: string;
      /** With `Manual`. */
      readonly area?: PictureArea;
    };

export type ControlKind = DeviceControl['kind'];
export type TrackMode = (typeof TRACK_MODES)[number];
const TRACK_MODES = ['Auto', 'Manual', 'Stop'] as const;

/** `Info/ControlPriority` is in no schema and in most platforms. */
const PRIORITY = xmlNode('Info', [xmlNode('ControlPriority', 5)]);
/** `X-GB-ver` of GB/T 28181-2022. */
const EDITION_2022 = 3;

/** True for `X-GB-ver` 3.0 and above. */
export function isEdition2022(gbVersion: string): boolean {
  return Number.parseFloat(gbVersion) >= EDITION_2022;
}

/** `gbVersion` is the `X-GB-ver` of the device; it decides on the spelling of the key frame command. */
export function deviceControl(sn: number, channelId: string, control: DeviceControl, gbVersion = '2.0'): ManscdpParts {
  return { root: 'Control', cmdType: 'DeviceControl', sn, deviceId: channelId, rest: contentOf(control, gbVersion) };
}

type ControlOf<K extends ControlKind> = Extract<DeviceControl, { readonly kind: K }>;

const WRITERS: { readonly [K in ControlKind]: (control: ControlOf<K>, gbVersion: string) => XmlNode[] } = {
  ptz: (control) => [xmlNode('PTZCmd', control.hex), ...ptzParams(control), PRIORITY],
  // Devices of 2016 know only the misprint; 2022 corrected it.
  key_frame: (_control, gbVersion) => [xmlNode(isEdition2022(gbVersion) ? 'IFrameCmd' : 'IFameCmd', 'Send')],
  reboot: () => [xmlNode('TeleBoot', 'Boot')],
  record: ({ on, streamNumber }) => [
    xmlNode('RecordCmd', on ? 'Record' : 'StopRecord'),
    xmlNode('StreamNumber', streamNumber),
  ],
  guard: ({ set }) => [xmlNode('GuardCmd', set ? 'SetGuard' : 'ResetGuard')],
  alarm_reset: (control) => [xmlNode('AlarmCmd', 'ResetAlarm'), ...alarmInfo(control)],
  drag_zoom: ({ direction, area }) => [xmlNode(direction === 'in' ? 'DragZoomIn' : 'DragZoomOut', AREA.write(area))],
  home_position: ({ home }) => [xmlNode('HomePosition', homePositionStruct.write(home))],
  precise_ptz: ({ position }) => [xmlNode('PTZPreciseCtrl', precisePositionStruct.write(position))],
  upgrade: ({ upgrade }) => [xmlNode('DeviceUpgrade', deviceUpgradeStruct.write(upgrade))],
  format_sd_card: ({ card }) => [xmlNode('FormatSDCard', card)],
  target_track: ({ mode, panoramaId, area }) => [
    xmlNode('TargetTrack', mode),
    xmlNode('DeviceID2', panoramaId),
    xmlNode('TargetArea', area === undefined ? undefined : AREA.write(area)),
  ],
};

function contentOf<K extends ControlKind>(control: ControlOf<K> & { readonly kind: K }, gbVersion: string): XmlNode[] {
  return WRITERS[control.kind](control, gbVersion);
}

function ptzParams({ presetName, cruiseTrackName }: DeviceControl & { kind: 'ptz' }): XmlNode[] {
  if (presetName === undefined && cruiseTrackName === undefined) return [];
  return [xmlNode('PTZCmdParams', [xmlNode('PresetName', presetName), xmlNode('CruiseTrackName', cruiseTrackName)])];
}

function alarmInfo({ alarmMethod, alarmType }: DeviceControl & { kind: 'alarm_reset' }): XmlNode[] {
  if (alarmMethod === undefined && alarmType === undefined) return [];
  return [xmlNode('Info', [xmlNode('AlarmMethod', alarmMethod), xmlNode('AlarmType', alarmType)])];
}

/** What a receiver of DeviceControl is asked to do; undefined for what is none of these. */
export function parseDeviceControl({ body }: Manscdp): DeviceControl | undefined {
  for (const read of READERS) {
    const control = read(body);
    if (control !== undefined) return control;
  }
  return undefined;
}

type Reader = (body: XmlElement) => DeviceControl | undefined;

/** One of two words of an element. */
function wordReader(element: string, yes: string, no: string, make: (on: boolean) => DeviceControl): Reader {
  return (body) => {
    const word = body.field(element).toLowerCase();
    if (word === yes.toLowerCase()) return make(true);
    return word === no.toLowerCase() ? make(false) : undefined;
  };
}

const READERS: readonly Reader[] = [
  (body) => {
    const hex = body.field('PTZCmd');
    if (hex === '') return undefined;
    const params = body.child('PTZCmdParams');
    return {
      kind: 'ptz',
      hex,
      ...given('presetName', params?.field('PresetName')),
      ...given('cruiseTrackName', params?.field('CruiseTrackName')),
    };
  },
  (body) => (body.field('IFameCmd') + body.field('IFrameCmd') === '' ? undefined : { kind: 'key_frame' }),
  (body) => (body.field('TeleBoot') === '' ? undefined : { kind: 'reboot' }),
  (body) =>
    wordReader('RecordCmd', 'Record', 'StopRecord', (on) => {
      const streamNumber = body.number('StreamNumber');
      return { kind: 'record', on, ...(streamNumber !== undefined && { streamNumber }) };
    })(body),
  wordReader('GuardCmd', 'SetGuard', 'ResetGuard', (set) => ({ kind: 'guard', set })),
  (body) => {
    if (body.field('AlarmCmd').toLowerCase() !== 'resetalarm') return undefined;
    const info = body.child('Info');
    return {
      kind: 'alarm_reset',
      ...given('alarmMethod', info?.field('AlarmMethod')),
      ...given('alarmType', info?.field('AlarmType')),
    };
  },
  (body) => dragZoom(body, 'DragZoomIn', 'in') ?? dragZoom(body, 'DragZoomOut', 'out'),
  (body) => {
    const home = body.child('HomePosition');
    return home === undefined ? undefined : { kind: 'home_position', home: homePositionStruct.read(home) };
  },
  (body) => {
    const position = body.child('PTZPreciseCtrl');
    return position && { kind: 'precise_ptz', position: precisePositionStruct.read(position) };
  },
  (body) => {
    const upgrade = body.child('DeviceUpgrade');
    return upgrade && { kind: 'upgrade', upgrade: deviceUpgradeStruct.read(upgrade) };
  },
  (body) => {
    const card = body.number('FormatSDCard');
    return card === undefined ? undefined : { kind: 'format_sd_card', card };
  },
  (body) => {
    const word = body.field('TargetTrack').toLowerCase();
    const mode = TRACK_MODES.find((each) => each.toLowerCase() === word);
    if (mode === undefined) return undefined;
    const area = areaOf(body.child('TargetArea'));
    return { kind: 'target_track', mode, ...given('panoramaId', body.field('DeviceID2')), ...(area && { area }) };
  },
];

function dragZoom(body: XmlElement, element: string, direction: 'in' | 'out'): DeviceControl | undefined {
  const area = areaOf(body.child(element));
  return area && { kind: 'drag_zoom', direction, area };
}

/** Undefined where one of the six numbers is missing. */
function areaOf(element: XmlElement | undefined): PictureArea | undefined {
  const area = element === undefined ? {} : AREA.read(element);
  return Object.keys(area).length === Object.keys(AREA.shape).length ? (area as PictureArea) : undefined;
}

function given<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [P in K]: string });
}
