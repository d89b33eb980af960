import type { Dialog } from '../sip/index.ts';
import type { DeviceRecord } from './device/record.ts';

/**
 * Before a request of ours inside of a dialog: it goes where one outside of it would go (GB/T 28181 2.3). The device may
 * have come over another connection, or through another port of a NAT, since it was last heard in the dialog.
 */
export function followDevice(dialog: Dialog, record: DeviceRecord): Promise<void> | undefined {
  const { target } = record;
  const { flow } = dialog;
  if ('id' in target) return target.id === flow.id ? undefined : dialog.retarget(target);
  const same =
    target.protocol === flow.protocol && target.address === flow.remoteAddress && target.port === flow.remotePort;
  // To a device that is gone no connection is tried but that of the dialog.
  return !record.state.online || (same && !flow.closed) ? undefined : dialog.retarget(target);
}
