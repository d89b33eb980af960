import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { formatGbTime } from '../../gb28181/beijing-time.ts';
import type { SnapShotConfig } from '../../gb28181/manscdp/config-values.ts';
import { snapshotFinishedNotify } from '../../gb28181/manscdp/snapshot-finished.ts';
import { assetPath } from '../media-source.ts';
import type { CommandContext } from './types.ts';

const MAX_PICTURES = 10;
const UPLOAD_MS = 10_000;

let picture: Buffer<ArrayBuffer> | undefined;

/** The same picture each time. */
function takePicture(): Buffer<ArrayBuffer> {
  picture ??= Buffer.from(readFileSync(assetPath('snapshot.jpg')));
  return picture;
}

/** Takes, uploads and reports pictures, also when every upload failed (GB/T 28181-2022 9.5). */
export async function takeSnapshots(
  deviceId: string,
  { snapNum = 1, intervalSec = 1, uploadUrl = '', sessionId = '' }: SnapShotConfig,
  { device, behaviour, effects }: CommandContext,
): Promise<void> {
  const wanted = Math.min(snapNum, MAX_PICTURES, behaviour.snapshotsAtMost);
  const fileIds: string[] = [];
  for (let number = 1; number <= wanted; number += 1) {
    if (number > 1) await delay(intervalSec * 1_000);
    const fileId = fileIdOf(deviceId, number);
    if (await upload(uploadUrl, fileId, behaviour.snapshotUpload)) fileIds.push(fileId);
  }
  await effects.notify(snapshotFinishedNotify(device.nextSn(), deviceId, { sessionId, fileIds }));
}

/** Device, `02`, time to the millisecond, number in the session. */
function fileIdOf(deviceId: string, number: number): string {
  const now = Date.now();
  const time = formatGbTime(now).replaceAll(/\D/g, '').slice(0, 14);
  const ms = String(now % 1_000).padStart(3, '0');
  return `${deviceId}02${time}${ms}${String(number).padStart(2, '0')}`;
}

/** Neither the method nor the form is in the standard. */
async function upload(url: string, fileId: string, form: 'raw' | 'multipart'): Promise<boolean> {
  const jpeg = takePicture();
  const signal = AbortSignal.timeout(UPLOAD_MS);
  try {
    const response =
      form === 'raw'
        ? await fetch(url, { method: 'PUT', body: jpeg, headers: { 'Content-Type': 'image/jpeg' }, signal })
        : await fetch(url, { method: 'POST', body: multipart(fileId, jpeg), signal });
    return response.ok;
  } catch {
    return false;
  }
}

function multipart(fileId: string, jpeg: Buffer<ArrayBuffer>): FormData {
  const form = new FormData();
  form.append('FileID', fileId);
  form.append('file', new Blob([jpeg], { type: 'image/jpeg' }), `${fileId}.jpg`);
  return form;
}
