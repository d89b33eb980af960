import type { DiskFile } from '../disk-file.ts';
import { FrameMemory } from '../frame/frame-memory.ts';
import { opusSamples } from '../frame/opus.ts';
import type { FileTracks, RecordingFile } from '../recording-file.ts';
import { EBML_ID, formatId, formatSize, formatSizeIn, unsignedElement } from './ebml.ts';
import { durationPlace, float64 } from './finish.ts';
import { AUDIO_TRACK, formatWebmHeader, VIDEO_TRACK } from './header.ts';

/** RFC 9559 §10.2: bit 0 of a SimpleBlock's flags. */
const KEY_FRAME_FLAG = 0x80;
/** Of a block's 16-bit time in its cluster. */
const MAX_CLUSTER_MS = 30_000;
const MAX_BYTES = 24 * 1_048_576;
const OPUS_SAMPLES_PER_MS = 48;

interface Block {
  readonly track: number;
  readonly timeMs: number;
  readonly flags: number;
  readonly start: number;
  readonly end: number;
}

/** WebM (RFC 9559): one cluster a flush, the duration kept right all the time, Cues and SeekHead by `finishWebm`. */
export class WebmFile implements RecordingFile {
  readonly #disk: DiskFile;
  readonly #memory = new FrameMemory(MAX_BYTES);
  readonly #durationAt: number | undefined;
  #blocks: Block[] = [];
  #lastVideoMs = -1;
  #lastAudioMs = -1;
  #frameMs = 40;
  #endMs = 0;
  #writtenMs = 0;

  constructor(disk: DiskFile, tracks: FileTracks) {
    this.#disk = disk;
    disk.append([formatWebmHeader(tracks)]);
    this.#durationAt = durationPlace(disk);
  }

  get path(): string {
    return this.#disk.path;
  }

  get bytes(): number {
    return this.#disk.size;
  }

  get durationMs(): number {
    return this.#writtenMs;
  }

  get pendingBytes(): number {
    return this.#memory.length;
  }

  addVideo(timeMs: number, keyFrame: boolean, data: Uint8Array): boolean {
    const time = Math.max(this.#lastVideoMs + 1, Math.round(timeMs));
    if (!this.#add({ track: VIDEO_TRACK, timeMs: time, flags: keyFrame ? KEY_FRAME_FLAG : 0 }, data)) return false;
    if (this.#lastVideoMs >= 0) this.#frameMs = Math.min(1000, time - this.#lastVideoMs);
    this.#lastVideoMs = time;
    this.#endMs = Math.max(this.#endMs, time + this.#frameMs);
    return true;
  }

  addAudio(timeMs: number, data: Uint8Array): boolean {
    const time = Math.max(this.#lastAudioMs + 1, Math.round(timeMs));
    if (!this.#add({ track: AUDIO_TRACK, timeMs: time, flags: KEY_FRAME_FLAG }, data)) return false;
    this.#lastAudioMs = time;
    this.#endMs = Math.max(this.#endMs, time + opusSamples(data) / OPUS_SAMPLES_PER_MS);
    return true;
  }

  /** Pictures of any size are in the stream itself. */
  changeVideo(): void {}

  flush(): void {
    if (this.#blocks.length === 0) return;
    // Order of time; of pictures and sound at the same time the picture first, which Cues look for.
    const blocks = this.#blocks.toSorted((a, b) => a.timeMs - b.timeMs || a.track - b.track);
    for (let from = 0; from < blocks.length;) {
      const start = blocks[from]!.timeMs;
      let to = from;
      while (to < blocks.length && blocks[to]!.timeMs - start <= MAX_CLUSTER_MS) to += 1;
      this.#disk.append(this.#formatCluster(blocks.slice(from, to), start));
      from = to;
    }
    this.#blocks = [];
    this.#memory.clear();
    this.#writtenMs = this.#endMs;
    if (this.#durationAt !== undefined) this.#disk.patch(float64(this.#writtenMs), this.#durationAt);
  }

  finish(): void {
    this.flush();
    this.#disk.close();
  }

  abandon(): void {
    this.#disk.close();
  }

  #add(block: Pick<Block, 'track' | 'timeMs' | 'flags'>, data: Uint8Array): boolean {
    const start = this.#memory.length;
    if (!this.#memory.append(data, 0, data.length)) return false;
    this.#blocks.push({ ...block, start, end: this.#memory.length });
    return true;
  }

  #formatCluster(blocks: readonly Block[], start: number): Buffer[] {
    const bytes = this.#memory.data;
    const parts: Buffer[] = [unsignedElement(EBML_ID.timestamp, start)];
    let size = parts[0]!.length;
    for (const block of blocks) {
      const header = simpleBlockHeader(block, start);
      parts.push(header, bytes.subarray(block.start, block.end));
      size += header.length + block.end - block.start;
    }
    return [Buffer.concat([formatId(EBML_ID.cluster), formatSizeIn(size, 8), ...parts])];
  }
}

/** RFC 9559 §10.2: track number, time in the cluster, flags. */
function simpleBlockHeader({ track, timeMs, flags, start, end }: Block, clusterMs: number): Buffer {
  const fixed = Buffer.from([0x80 | track, 0, 0, flags]);
  fixed.writeInt16BE(timeMs - clusterMs, 1);
  return Buffer.concat([formatId(EBML_ID.simpleBlock), formatSize(fixed.length + end - start), fixed]);
}
