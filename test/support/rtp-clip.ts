import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type ClipProfile = 'baseline' | 'main' | 'high';

/** One coded picture of the clip: its NAL units without start codes. */
export interface ClipPicture {
  readonly nalus: readonly Buffer[];
  readonly keyFrame: boolean;
}

export interface Clip {
  readonly profileLevelId: string;
  readonly pictures: readonly ClipPicture[];
}

/** Two seconds of FFmpeg's moving test picture, 25 fps, one key frame, no B frames. */
export function makeClip(profile: ClipProfile, size = '320x240'): Clip {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-clip-'));
  const file = join(folder, 'clip.h264');
  try {
    const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`, '-t', '2', '-pix_fmt', 'yuv420p'];
    const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profile, '-bf', '0', '-g', '50'];
    const result = spawnSync('ffmpeg', ['-v', 'error', ...source, ...codec, '-f', 'h264', file], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`ffmpeg failed: ${result.stderr}`);
    return readClip(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Annex B with one slice a picture. */
export function readClip(bytes: Buffer): Clip {
  const pictures: ClipPicture[] = [];
  let pending: Buffer[] = [];
  let profileLevelId = '';
  for (const nalu of splitAnnexB(bytes)) {
    const type = (nalu[0] ?? 0) & 0x1f;
    if (type === 7) profileLevelId = nalu.subarray(1, 4).toString('hex');
    pending.push(nalu);
    const firstSlice = (type === 1 || type === 5) && ((nalu[1] ?? 0) & 0x80) !== 0;
    if (!firstSlice) continue;
    pictures.push({ nalus: pending, keyFrame: type === 5 });
    pending = [];
  }
  return { profileLevelId, pictures };
}

/** ITU-T H.264 Annex B. */
function splitAnnexB(bytes: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex'))
    starts.push(at);
  return starts.map((start, index) => {
    const next = starts[index + 1] ?? bytes.length;
    let end = next;
    while (index + 1 < starts.length && bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start + 3, end);
  });
}
