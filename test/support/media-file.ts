import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProbedFile {
  readonly container: string;
  readonly durationMs: number;
  readonly codecs: readonly string[];
  /** By codec. */
  readonly packets: Readonly<Record<string, number>>;
}

interface Probe {
  readonly format: { readonly format_name: string; readonly duration?: string };
  readonly streams: ReadonlyArray<{ readonly codec_name: string; readonly nb_read_packets: string }>;
}

/** What ffprobe says of a file. */
export async function probeFile(path: string): Promise<ProbedFile> {
  const entries = 'format=format_name,duration:stream=codec_name,nb_read_packets';
  const args = ['-v', 'error', '-count_packets', '-show_entries', entries, '-of', 'json', path];
  const { stdout } = await run('ffprobe', args);
  const { format, streams } = JSON.parse(stdout) as Probe;
  return {
    container: format.format_name.includes('mp4') ? 'mp4' : format.format_name.includes('webm') ? 'webm' : 'other',
    durationMs: Number(format.duration) * 1000,
    codecs: streams.map(({ codec_name }) => codec_name),
    packets: Object.fromEntries(streams.map((stream) => [stream.codec_name, Number(stream.nb_read_packets)])),
  };
}

/**
 * What FFmpeg complains of while it decodes all of a file; empty for a good one. The stamps keep the file's time base:
 * counted in frames of a guessed rate, two frames of a camera that does not keep its rate would be one.
 */
export async function decodeErrors(path: string): Promise<string> {
  const { stderr } = await run('ffmpeg', [
    '-v',
    'error',
    '-nostdin',
    '-i',
    path,
    '-enc_time_base',
    '-1',
    '-f',
    'null',
    '-',
  ]);
  return stderr;
}
