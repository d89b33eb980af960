import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** 1080p25, 4 Mbit/s, GOP 2 s, 10 s long, Annex B; made once and kept outside of the checkout. */
export function benchClip(): string {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gbrtc-bench');
  const file = join(folder, '1080p25-4m-v1.h264');
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const x264 = 'nal-hrd=cbr:force-cfr=1:keyint=50:min-keyint=50:scenecut=0:bframes=0:repeat-headers=1:aud=0';
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M'];
  execFileSync(
    'ffmpeg',
    ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=25,noise=alls=12:allf=t', '-t', '10']
      .concat(['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-pix_fmt', 'yuv420p', ...rate])
      .concat(['-x264-params', x264, '-f', 'h264', `${file}.new`]),
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  renameSync(`${file}.new`, file);
  return file;
}
