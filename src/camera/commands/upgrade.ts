import { deviceUpgradeResultNotify, type DeviceUpgrade } from '../../gb28181/manscdp/device-upgrade.ts';
import type { CommandContext } from './types.ts';

const DOWNLOAD_MS = 30_000;
const MAX_BYTES = 256 * 1024 * 1024;
/** UpgradeFailedReason (GB/T 28181-2022 9.2). */
const DOWNLOAD_TIMEOUT = '01';
const PACKAGE_DAMAGED = '02';

/** Loads the package, restarts, and reports when it has registered again. */
export async function upgradeDevice(upgrade: DeviceUpgrade, { device, effects }: CommandContext): Promise<void> {
  const { firmware = '', fileUrl = '', sessionId = '' } = upgrade;
  const failedReason = await download(fileUrl);
  if (failedReason === '') device.state.firmware = firmware;
  await effects.restart();
  const result = { sessionId, ok: failedReason === '', firmware, failedReason };
  await effects.notify(deviceUpgradeResultNotify(device.nextSn(), device.id, result));
}

/** Empty, or the reason of the failure. */
async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
    if (!response.ok || response.body === null) return DOWNLOAD_TIMEOUT;
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return PACKAGE_DAMAGED;
    }
    return bytes === 0 ? PACKAGE_DAMAGED : '';
  } catch {
    return DOWNLOAD_TIMEOUT;
  }
}
