import { spawn } from 'node:child_process';
import { SnapshotError } from '../errors.ts';

const MAX_JPEG_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_TEXT = 300;
/** Wide enough to tell what happened. */
const MAX_WIDTH = 1280;

const SCALE = `scale='min(${MAX_WIDTH},iw)':-2`;
const INPUT = '-hide_banner -loglevel error -nostdin -threads 1 -f h264 -i pipe:0'.split(' ');
const OUTPUT = `-frames:v 1 -vf ${SCALE} -q:v 5 -f mjpeg pipe:1`.split(' ');
const ARGUMENTS = [...INPUT, ...OUTPUT];

/** One H.264 access unit (annex B) → JPEG. @throws SnapshotError `ffmpeg_missing`, `ffmpeg_failed` */
export function decodePicture(ffmpeg: string, picture: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpeg, ARGUMENTS, { stdio: ['pipe', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let errors = '';
    const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', (error) => {
      clearTimeout(killer);
      const missing = 'code' in error && error.code === 'ENOENT';
      reject(new SnapshotError(missing ? 'ffmpeg_missing' : 'ffmpeg_failed', error.message));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_JPEG_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < MAX_ERROR_TEXT) errors += chunk.toString('utf8').slice(0, MAX_ERROR_TEXT);
    });
    child.on('close', (code, signal) => {
      clearTimeout(killer);
      const jpeg = Buffer.concat(chunks);
      if (code === 0 && jpeg.length > 0) resolve(jpeg);
      else reject(new SnapshotError('ffmpeg_failed', `exit ${code ?? signal ?? ''}: ${errors.trim()}`));
    });
    // It may close its input before it has read all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(picture);
  });
}
