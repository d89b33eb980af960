import type { DiskFile } from '../disk-file.ts';
import { opusSamples } from '../frame/opus.ts';
import { EBML_ID, element, formatSizeIn, readEbmlHeader, unsignedElement, type EbmlHeader } from './ebml.ts';
import { AUDIO_TRACK, SEEK_HEAD_BYTES, VIDEO_TRACK, voidElement } from './header.ts';

/** Identifier and size of any element. */
const MAX_HEADER_BYTES = 12;
/** Sound that came with the first picture of a cluster may lie before it. */
const CLUSTER_START_BYTES = 8192;
/** No header of ours is larger; a number from a damaged file is not believed. */
const MAX_HEAD_BYTES = 65_536;
const MAX_CLUSTER_BYTES = 64 * 1_048_576;
const SEGMENT_SIZE_BYTES = 8;
const KEY_FRAME_FLAG = 0x80;
/** Of the last picture. */
const FRAME_MS = 40;
const OPUS_SAMPLES_PER_MS = 48;

/** Where the parts of a file are. */
interface Layout {
  readonly segmentStart: number;
  /** Undefined while the file is being written. */
  readonly segmentSize: number | undefined;
  readonly seekRoomAt: number;
  readonly infoAt: number;
  readonly durationAt: number;
  readonly tracksAt: number;
  readonly hasVideo: boolean;
  readonly clustersAt: number;
}

interface CuePoint {
  readonly timeMs: number;
  readonly track: number;
  readonly position: number;
}

/**
 * Completes a file that was written up to some cluster: what is behind the last whole one goes, Cues come behind it, the
 * duration, the SeekHead and the size of the Segment into the places that were kept for them.
 */
export function finishWebm(disk: DiskFile): { readonly durationMs: number } | 'not_ours' {
  const layout = readLayout(disk);
  if (layout === undefined) return 'not_ours';
  if (layout.segmentSize !== undefined) return { durationMs: disk.read(layout.durationAt, 8).readDoubleBE() };
  const { cues, end, durationMs } = scanClusters(disk, layout);
  disk.truncate(end);
  if (cues.length > 0) disk.append([formatCues(cues)]);
  disk.patch(float64(durationMs), layout.durationAt);
  disk.patch(formatSeekHead(layout, cues.length > 0 ? end : undefined), layout.seekRoomAt);
  disk.patch(
    formatSizeIn(disk.size - layout.segmentStart, SEGMENT_SIZE_BYTES),
    layout.segmentStart - SEGMENT_SIZE_BYTES,
  );
  return { durationMs };
}

/** Where the duration is, as eight bytes of floating point. */
export function durationPlace(disk: DiskFile): number | undefined {
  return readLayout(disk)?.durationAt;
}

function readLayout(disk: DiskFile): Layout | undefined {
  const head = disk.read(0, MAX_HEAD_BYTES);
  const ebml = readEbmlHeader(head, 0);
  if (ebml?.id !== EBML_ID.ebml || ebml.size === undefined) return undefined;
  const segment = readEbmlHeader(head, ebml.bodyStart + ebml.size);
  if (segment?.id !== EBML_ID.segment) return undefined;
  const seekRoomAt = segment.bodyStart;
  const info = childAt(head, seekRoomAt + SEEK_HEAD_BYTES, EBML_ID.info);
  const duration = info === undefined ? undefined : findChild(head, info, EBML_ID.duration);
  if (info === undefined || duration?.size !== 8) return undefined;
  const tracksAt = info.bodyStart + info.size;
  const tracks = childAt(head, tracksAt, EBML_ID.tracks);
  if (tracks === undefined) return undefined;
  return {
    segmentStart: segment.bodyStart,
    segmentSize: segment.size,
    seekRoomAt,
    infoAt: seekRoomAt + SEEK_HEAD_BYTES,
    durationAt: duration.bodyStart,
    tracksAt,
    hasVideo: head.subarray(tracksAt, tracks.bodyStart + tracks.size).includes('V_', 0, 'latin1'),
    clustersAt: tracks.bodyStart + tracks.size,
  };
}

type SizedHeader = EbmlHeader & { readonly size: number };

function childAt(bytes: Buffer, at: number, id: number): SizedHeader | undefined {
  const header = readEbmlHeader(bytes, at);
  if (header?.id !== id || header.size === undefined || header.bodyStart + header.size > bytes.length) return undefined;
  return { ...header, size: header.size };
}

function findChild(bytes: Buffer, parent: SizedHeader, id: number): SizedHeader | undefined {
  const end = parent.bodyStart + parent.size;
  for (let at = parent.bodyStart; at < end;) {
    const child = readEbmlHeader(bytes, at);
    if (child?.size === undefined) return undefined;
    if (child.id === id) return { ...child, size: child.size };
    at = child.bodyStart + child.size;
  }
  return undefined;
}

/** Cues are where the first picture of a cluster is a key frame; in a file without pictures, each cluster. */
function scanClusters(disk: DiskFile, layout: Layout): { cues: CuePoint[]; end: number; durationMs: number } {
  const cues: CuePoint[] = [];
  let end = layout.clustersAt;
  let last: { at: number; size: number } | undefined;
  for (;;) {
    const header = readEbmlHeader(disk.read(end, MAX_HEADER_BYTES), 0, end);
    if (header?.id !== EBML_ID.cluster || header.size === undefined) break;
    if (header.bodyStart + header.size > disk.size || header.size > MAX_CLUSTER_BYTES) break;
    const start = disk.read(header.bodyStart, Math.min(CLUSTER_START_BYTES, header.size));
    const cue = readCue(start, layout.hasVideo ? VIDEO_TRACK : AUDIO_TRACK);
    if (cue !== undefined) cues.push({ ...cue, position: end - layout.segmentStart });
    last = { at: header.bodyStart, size: header.size };
    end = header.bodyStart + header.size;
  }
  return { cues, end, durationMs: last === undefined ? 0 : endOfCluster(disk.read(last.at, last.size)) };
}

/** The first block of a track, if it is a key frame. */
function readCue(cluster: Buffer, track: number): Omit<CuePoint, 'position'> | undefined {
  const time = readClusterTime(cluster);
  if (time === undefined) return undefined;
  for (let at = time.next; ;) {
    const block = readEbmlHeader(cluster, at);
    if (block?.id !== EBML_ID.simpleBlock || block.size === undefined) return undefined;
    if (block.bodyStart + 4 > cluster.length) return undefined;
    if ((cluster[block.bodyStart]! & 0x7f) === track) {
      const isKeyFrame = (cluster[block.bodyStart + 3]! & KEY_FRAME_FLAG) !== 0;
      const timeMs = Math.max(0, time.value + cluster.readInt16BE(block.bodyStart + 1));
      return isKeyFrame ? { timeMs, track } : undefined;
    }
    at = block.bodyStart + block.size;
  }
}

function readClusterTime(cluster: Buffer): { value: number; next: number } | undefined {
  const header = readEbmlHeader(cluster, 0);
  if (header?.id !== EBML_ID.timestamp || header.size === undefined || header.size > 6) return undefined;
  const next = header.bodyStart + header.size;
  if (next > cluster.length) return undefined;
  return { value: header.size === 0 ? 0 : cluster.readUIntBE(header.bodyStart, header.size), next };
}

/** Milliseconds behind the last block of a cluster. */
function endOfCluster(cluster: Buffer): number {
  const time = readClusterTime(cluster);
  let end = 0;
  let at = time?.next ?? cluster.length;
  while (at < cluster.length) {
    const block = readEbmlHeader(cluster, at);
    if (block?.size === undefined || block.size < 4 || block.bodyStart + block.size > cluster.length) break;
    const isSound = (cluster[block.bodyStart]! & 0x7f) === AUDIO_TRACK;
    const packet = cluster.subarray(block.bodyStart + 4, block.bodyStart + block.size);
    const length = isSound ? opusSamples(packet) / OPUS_SAMPLES_PER_MS : FRAME_MS;
    end = Math.max(end, (time?.value ?? 0) + cluster.readInt16BE(block.bodyStart + 1) + length);
    at = block.bodyStart + block.size;
  }
  return end;
}

function formatCues(cues: readonly CuePoint[]): Buffer {
  const points = cues.map(({ timeMs, track, position }) =>
    element(
      EBML_ID.cuePoint,
      unsignedElement(EBML_ID.cueTime, timeMs),
      element(
        EBML_ID.cueTrackPositions,
        unsignedElement(EBML_ID.cueTrack, track),
        unsignedElement(EBML_ID.cueClusterPosition, position),
      ),
    ),
  );
  return element(EBML_ID.cues, Buffer.concat(points));
}

/** RFC 9559 §5.1.1, filled up to the room that was kept. */
function formatSeekHead(layout: Layout, cuesAt: number | undefined): Buffer {
  const seek = (id: number, at: number): Buffer => {
    const idBytes = Buffer.allocUnsafe(4);
    idBytes.writeUInt32BE(id);
    const position = unsignedElement(EBML_ID.seekPosition, at - layout.segmentStart);
    return element(EBML_ID.seek, element(EBML_ID.seekId, idBytes), position);
  };
  const parts = [seek(EBML_ID.info, layout.infoAt), seek(EBML_ID.tracks, layout.tracksAt)];
  if (cuesAt !== undefined) parts.push(seek(EBML_ID.cues, cuesAt));
  const seekHead = element(EBML_ID.seekHead, ...parts);
  return Buffer.concat([seekHead, voidElement(SEEK_HEAD_BYTES - seekHead.length)]);
}

/** As EBML has a floating point number of eight bytes. */
export function float64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
