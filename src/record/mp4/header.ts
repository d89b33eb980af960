import type { AudioFormat, VideoFormat } from '../frame/types.ts';
import { box, fullBox, u16, u32, zeros } from './box.ts';
import { soundSampleEntry, videoSampleEntry } from './sample-entry.ts';

/** Of `mvhd`: milliseconds. */
export const MOVIE_TIMESCALE = 1000;
export const VIDEO_TIMESCALE = 90_000;
export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;
/** ISO/IEC 14496-12 6.2.2: the unity matrix of `mvhd` and `tkhd`. */
const MATRIX = u32(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000);
/** `und` in three times five bits. */
const LANGUAGE = 0x55c4;
/** Enabled, in movie. */
const TRACK_FLAGS = 3;

export interface Mp4Tracks {
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
}

/**
 * `ftyp`, a `free` that becomes the header of one large `mdat` when the file is finished, and the `moov` of a fragmented
 * file.
 */
export function formatMp4Header(tracks: Mp4Tracks): { readonly bytes: Buffer; readonly freeAt: number } {
  const brands = Buffer.from('isom' + '\0\0\x02\0' + 'isomiso6mp41', 'latin1');
  const ftyp = box('ftyp', brands);
  return { bytes: Buffer.concat([ftyp, box('free', zeros(8)), formatMoov(tracks)]), freeAt: ftyp.length };
}

function formatMoov({ video, audio }: Mp4Tracks): Buffer {
  const traks: Buffer[] = [];
  const extends_: Buffer[] = [];
  if (video !== undefined) {
    traks.push(videoTrak(video));
    extends_.push(trackExtends(VIDEO_TRACK));
  }
  if (audio !== undefined) {
    traks.push(audioTrak(audio));
    extends_.push(trackExtends(AUDIO_TRACK));
  }
  return box('moov', movieHeader(), ...traks, box('mvex', ...extends_));
}

function movieHeader(): Buffer {
  const times = u32(0, 0, MOVIE_TIMESCALE, 0);
  const next = u32(AUDIO_TRACK + 1);
  return fullBox('mvhd', {}, times, u32(0x1_0000), u16(0x0100, 0), zeros(8), MATRIX, zeros(24), next);
}

function trackExtends(track: number): Buffer {
  return fullBox('trex', {}, u32(track, 1, 0, 0, 0));
}

function videoTrak(format: VideoFormat): Buffer {
  const { width, height } = format;
  const header = trackHeader(VIDEO_TRACK, { volume: 0, width, height });
  const media = mediaOf({
    timescale: VIDEO_TIMESCALE,
    handler: 'vide',
    mediaHeader: fullBox('vmhd', { flags: 1 }, zeros(8)),
    sampleEntry: videoSampleEntry(format),
  });
  return box('trak', header, media);
}

function audioTrak(format: AudioFormat): Buffer {
  const header = trackHeader(AUDIO_TRACK, { volume: 0x0100, width: 0, height: 0 });
  const media = mediaOf({
    timescale: format.sampleRate,
    handler: 'soun',
    mediaHeader: fullBox('smhd', {}, zeros(4)),
    sampleEntry: soundSampleEntry(format),
  });
  return box('trak', header, media);
}

function trackHeader(
  track: number,
  { volume, width, height }: { volume: number; width: number; height: number },
): Buffer {
  const size = u32(width * 0x1_0000, height * 0x1_0000);
  const group = u16(0, 0, volume, 0);
  return fullBox('tkhd', { flags: TRACK_FLAGS }, u32(0, 0, track, 0, 0), zeros(8), group, MATRIX, size);
}

interface Media {
  readonly timescale: number;
  readonly handler: 'vide' | 'soun';
  readonly mediaHeader: Buffer;
  readonly sampleEntry: Buffer;
}

function mediaOf({ timescale, handler, mediaHeader, sampleEntry }: Media): Buffer {
  const mdhd = fullBox('mdhd', {}, u32(0, 0, timescale, 0), u16(LANGUAGE, 0));
  const hdlr = fullBox(
    'hdlr',
    {},
    zeros(4),
    Buffer.from(handler, 'latin1'),
    zeros(12),
    Buffer.from('gbrtc\0', 'latin1'),
  );
  const dinf = box('dinf', fullBox('dref', {}, u32(1), fullBox('url ', { flags: 1 })));
  const tables = [fullBox('stts', {}, zeros(4)), fullBox('stsc', {}, zeros(4)), fullBox('stsz', {}, zeros(8))];
  const stsd = fullBox('stsd', {}, u32(1), sampleEntry);
  const stbl = box('stbl', stsd, ...tables, fullBox('stco', {}, zeros(4)));
  return box('mdia', mdhd, hdlr, box('minf', mediaHeader, dinf, stbl));
}
