import type { AudioFormat, VideoFormat } from '../frame/types.ts';
import type { FileTracks } from '../recording-file.ts';
import { EBML_ID, element, floatElement, formatId, textElement, UNKNOWN_SIZE, unsignedElement } from './ebml.ts';

export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;
/** Room for a SeekHead, which is written when the file is finished. */
export const SEEK_HEAD_BYTES = 96;
/** RFC 9559 §5.1.2.9: nanoseconds of a tick. */
const TICK_NS = 1_000_000;
const VIDEO_TYPE = 1;
const AUDIO_TYPE = 2;
const CODEC_ID = {
  VP8: 'V_VP8',
  VP9: 'V_VP9',
  AV1: 'V_AV1',
  H264: 'V_MPEG4/ISO/AVC',
  H265: 'V_MPEGH/ISO/HEVC',
} as const;
/** RFC 7845 §4.6 wants 80 ms before a seek's target. */
const OPUS_PRE_ROLL_NS = 80_000_000;

/** EBML header, Segment of unknown size, room for a SeekHead, Info with a duration of zero, Tracks (RFC 9559 §5.1). */
export function formatWebmHeader(tracks: FileTracks): Buffer {
  const ebml = element(
    EBML_ID.ebml,
    unsignedElement(EBML_ID.ebmlVersion, 1),
    unsignedElement(EBML_ID.ebmlReadVersion, 1),
    unsignedElement(EBML_ID.ebmlMaxIdLength, 4),
    unsignedElement(EBML_ID.ebmlMaxSizeLength, 8),
    textElement(EBML_ID.docType, 'webm'),
    unsignedElement(EBML_ID.docTypeVersion, 4),
    unsignedElement(EBML_ID.docTypeReadVersion, 2),
  );
  const info = element(
    EBML_ID.info,
    unsignedElement(EBML_ID.timestampScale, TICK_NS),
    floatElement(EBML_ID.duration, 0),
    textElement(EBML_ID.muxingApp, 'gbrtc'),
    textElement(EBML_ID.writingApp, 'gbrtc'),
  );
  const { video, audio } = tracks;
  const entries = [
    ...(video === undefined ? [] : [videoEntry(video)]),
    ...(audio === undefined ? [] : [audioEntry(audio)]),
  ];
  const seekRoom = voidElement(SEEK_HEAD_BYTES);
  return Buffer.concat([
    ebml,
    formatId(EBML_ID.segment),
    UNKNOWN_SIZE,
    seekRoom,
    info,
    element(EBML_ID.tracks, ...entries),
  ]);
}

/** A Void of so many bytes in all, more than one and fewer than 129. */
export function voidElement(bytes: number): Buffer {
  return element(EBML_ID.void, Buffer.alloc(bytes - 2));
}

function videoEntry({ encoding, width, height, configuration }: VideoFormat): Buffer {
  const size = element(
    EBML_ID.video,
    unsignedElement(EBML_ID.pixelWidth, width),
    unsignedElement(EBML_ID.pixelHeight, height),
  );
  // VP8 has none; that of VP9 is no vpcC and may be absent (WebM container guidelines).
  const codecPrivate = encoding === 'AV1' ? [element(EBML_ID.codecPrivate, configuration)] : [];
  return trackEntry(VIDEO_TRACK, VIDEO_TYPE, [textElement(EBML_ID.codecId, CODEC_ID[encoding]), ...codecPrivate, size]);
}

function audioEntry({ sampleRate, channels }: AudioFormat): Buffer {
  return trackEntry(AUDIO_TRACK, AUDIO_TYPE, [
    textElement(EBML_ID.codecId, 'A_OPUS'),
    element(EBML_ID.codecPrivate, opusHead(sampleRate, channels)),
    unsignedElement(EBML_ID.codecDelay, 0),
    unsignedElement(EBML_ID.seekPreRoll, OPUS_PRE_ROLL_NS),
    element(
      EBML_ID.audio,
      floatElement(EBML_ID.samplingFrequency, sampleRate),
      unsignedElement(EBML_ID.channels, channels),
    ),
  ]);
}

function trackEntry(track: number, type: number, parts: readonly Buffer[]): Buffer {
  return element(
    EBML_ID.trackEntry,
    unsignedElement(EBML_ID.trackNumber, track),
    unsignedElement(EBML_ID.trackUid, track),
    unsignedElement(EBML_ID.trackType, type),
    unsignedElement(EBML_ID.flagLacing, 0),
    ...parts,
  );
}

/** RFC 7845 §5.1. */
function opusHead(sampleRate: number, channels: number): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt32LE(sampleRate, 12);
  return head;
}
