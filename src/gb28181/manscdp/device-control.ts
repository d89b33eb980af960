import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** Sub-commands of DeviceControl that this platform sends (GB/T 28181 9.2); none has a Response. */
export type DeviceControl =
  | { readonly kind: 'ptz'; readonly hex: string }
  | { readonly kind: 'key_frame'; /** `X-GB-ver` of the device. */ readonly gbVersion: string };

/** Devices of 2016 know only the misprint; 2022 corrected it. */
function keyFrameElement(gbVersion: string): 'IFameCmd' | 'IFrameCmd' {
  return Number.parseFloat(gbVersion) >= 3 ? 'IFrameCmd' : 'IFameCmd';
}

export function deviceControl(sn: number, channelId: string, control: DeviceControl): ManscdpParts {
  return { root: 'Control', cmdType: 'DeviceControl', sn, deviceId: channelId, rest: contentOf(control) };
}

function contentOf(control: DeviceControl): XmlNode[] {
  switch (control.kind) {
    case 'ptz':
      return [xmlNode('PTZCmd', control.hex), xmlNode('Info', [xmlNode('ControlPriority', 5)])];
    case 'key_frame':
      return [xmlNode(keyFrameElement(control.gbVersion), 'Send')];
  }
}

/** What a receiver of DeviceControl is asked to do; undefined for sub-commands not listed here. */
export type ReceivedControl =
  | { readonly kind: 'ptz'; readonly hex: string }
  | { readonly kind: 'key_frame' }
  | { readonly kind: 'reboot' };

export function parseDeviceControl({ body }: Manscdp): ReceivedControl | undefined {
  const hex = body.field('PTZCmd');
  if (hex !== '') return { kind: 'ptz', hex };
  if (body.field('IFameCmd') !== '' || body.field('IFrameCmd') !== '') return { kind: 'key_frame' };
  if (body.field('TeleBoot') !== '') return { kind: 'reboot' };
  return undefined;
}
