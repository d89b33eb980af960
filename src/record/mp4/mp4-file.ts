import type { DiskFile } from '../disk-file.ts';
import type { VideoEncoding } from '../frame/types.ts';
import type { FileTracks, RecordingFile } from '../recording-file.ts';
import { formatFragment, type FragmentRun } from './fragment.ts';
import { G711Track } from './g711-track.ts';
import { AUDIO_TRACK, formatMp4Header, VIDEO_TIMESCALE, VIDEO_TRACK } from './header.ts';
import { OrderedTrack } from './ordered-track.ts';
import { NALU_ENTRIES } from './sample-entry.ts';

/** 25 frames a second. */
const VIDEO_FRAME_TICKS = 3600;
/** 20 ms of Opus. */
const OPUS_FRAME_TICKS = 960;
/** How far sound may stay behind the picture before silence takes its place. */
const SILENCE_AFTER_MS = 1000;

/** ISO/IEC 14496-12: fragments, which `finishMp4` makes a plain file of. */
export class Mp4File implements RecordingFile {
  readonly #disk: DiskFile;
  readonly #tracks: FileTracks;
  readonly #video: OrderedTrack | undefined;
  readonly #opus: OrderedTrack | undefined;
  readonly #g711: G711Track | undefined;
  readonly #audioTicks: number;
  #entryAt: number;
  #videoMs = 0;
  #sequence = 1;

  constructor(disk: DiskFile, tracks: FileTracks) {
    this.#disk = disk;
    this.#tracks = tracks;
    const { video, audio } = tracks;
    if (video !== undefined) this.#video = new OrderedTrack(VIDEO_FRAME_TICKS);
    if (audio?.encoding === 'OPUS') this.#opus = new OrderedTrack(OPUS_FRAME_TICKS);
    else if (audio !== undefined) this.#g711 = new G711Track(audio.encoding);
    this.#audioTicks = (audio?.sampleRate ?? 0) / 1000;
    const header = formatMp4Header(tracks);
    const [entry] = naluEntries(video?.encoding);
    this.#entryAt = entry === undefined ? -1 : header.bytes.indexOf(entry, header.freeAt, 'latin1');
    disk.append([header.bytes]);
  }

  get path(): string {
    return this.#disk.path;
  }

  get bytes(): number {
    return this.#disk.size;
  }

  get durationMs(): number {
    const videoMs = (this.#video?.endTime ?? 0) / (VIDEO_TIMESCALE / 1000);
    const audioTime = this.#opus?.endTime ?? this.#g711?.endTime ?? 0;
    return Math.max(videoMs, this.#audioTicks > 0 ? audioTime / this.#audioTicks : 0);
  }

  get pendingBytes(): number {
    return (this.#video?.pendingBytes ?? 0) + (this.#opus?.pendingBytes ?? 0) + (this.#g711?.pendingBytes ?? 0);
  }

  addVideo(timeMs: number, keyFrame: boolean, data: Uint8Array): boolean {
    this.#videoMs = Math.max(this.#videoMs, timeMs);
    return this.#video?.add(Math.round((timeMs * VIDEO_TIMESCALE) / 1000), keyFrame, data) ?? false;
  }

  addAudio(timeMs: number, data: Uint8Array): boolean {
    const time = Math.round(timeMs * this.#audioTicks);
    return this.#opus?.add(time, true, data) ?? this.#g711?.add(time, data) ?? false;
  }

  changeVideo(): void {
    const [, inSamples] = naluEntries(this.#tracks.video?.encoding);
    if (this.#entryAt < 0 || inSamples === undefined) return;
    this.#disk.patch(Buffer.from(inSamples, 'latin1'), this.#entryAt);
    this.#entryAt = -1;
  }

  flush(): void {
    this.#g711?.fillTo(Math.round((this.#videoMs - SILENCE_AFTER_MS) * this.#audioTicks));
    this.#writeFragment();
  }

  finish(): void {
    this.#video?.end();
    this.#opus?.end();
    this.#g711?.fillTo(Math.round(this.#videoMs * this.#audioTicks));
    this.#g711?.end();
    this.#writeFragment();
    this.#disk.close();
  }

  abandon(): void {
    this.#disk.close();
  }

  #writeFragment(): void {
    const runs: FragmentRun[] = [];
    const video = this.#video?.take();
    const opus = this.#opus?.take();
    const g711 = this.#g711?.take();
    if (video !== undefined) runs.push({ kind: 'ordered', track: VIDEO_TRACK, ...video });
    if (opus !== undefined) runs.push({ kind: 'ordered', track: AUDIO_TRACK, ...opus });
    if (g711 !== undefined) runs.push({ kind: 'g711', track: AUDIO_TRACK, ...g711 });
    if (runs.length === 0) return;
    this.#disk.append([formatFragment(this.#sequence, runs), ...runs.map((run) => run.data)]);
    this.#sequence += 1;
    this.#video?.written();
    this.#opus?.written();
    this.#g711?.written(g711?.data.length ?? 0);
  }
}

function naluEntries(encoding: VideoEncoding | undefined): readonly string[] {
  return encoding === 'H264' || encoding === 'H265' ? NALU_ENTRIES[encoding] : [];
}
