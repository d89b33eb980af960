import { parseRtcp, type TrackKind } from '../../media/index.ts';
import type { CodedFrame, VideoFormat } from '../frame/types.ts';
import { Alignment } from '../timeline/alignment.ts';
import { OpusContinuity } from '../timeline/opus-continuity.ts';
import type { Container, WriterEndReason } from '../writer-types.ts';
import { forEachFramedPacket } from './framed-packets.ts';
import { OpenFile, type PacketCounts } from './open-file.ts';
import type { OpenRequest, StartFailure, ThreadNotice } from './protocol.ts';
import { audioFormatOf, containerFor, recordedTrack, unannouncedSound } from './recorded-tracks.ts';
import { TrackReceiver, type RecordedTrack } from './track-receiver.ts';

/** A crash loses what came after the last fragment. */
const FRAGMENT_MS = 1000;
/** A fragment starts with a key frame where that makes it not much shorter. */
const MIN_FRAGMENT_MS = 300;
const FRAGMENT_BYTES = 4 * 1_048_576;
/** Sound that is behind by so much does not come any more. */
const SILENCE_AFTER_MS = 1000;
/** A file's 32-bit durations end at 13 hours; tables of samples have their bound by it. */
const MAX_FILE_MS = 12 * 3_600_000;
/** A publication sends key frames only when asked; without any, a player cannot seek. */
const KEY_FRAME_INTERVAL_MS = 10_000;
const REQUEST_INTERVAL_MS = 1000;
/** RTSP channels (RFC 2326 §10.12) as `FramedPackets` has them. */
const VIDEO_CHANNEL = 0;
const AUDIO_CHANNEL = 2;

export interface RecordingContext {
  readonly startMs: number;
  readonly tell: (notice: ThreadNotice) => void;
}

type State = 'waiting' | 'writing' | 'ended';

/** One recording in its thread: tracks in, files out. */
export class Recording {
  readonly #request: OpenRequest;
  readonly #context: RecordingContext;
  readonly #video: TrackReceiver | undefined;
  #audio: TrackReceiver | undefined;
  #alignment: Alignment | undefined;
  #opus: OpusContinuity | undefined;
  #state: State = 'waiting';
  #openedMs: number;
  #nowMs: number;
  #file: OpenFile | undefined;
  #format: VideoFormat | undefined;
  #videoTimeMs = 0;
  #nextNumber = 1;
  readonly #taken: ReadonlySet<number>;
  #tracksChanged = false;
  #flushedMs = 0;
  #keyFrameMs = 0;
  #requestedMs = Number.NEGATIVE_INFINITY;

  constructor(request: OpenRequest, context: RecordingContext, nowMs: number) {
    this.#request = request;
    this.#taken = new Set(request.takenNumbers);
    this.#context = context;
    this.#openedMs = nowMs;
    this.#nowMs = nowMs;
    const tracks = request.tracks.map((track) => recordedTrack(track));
    this.#video = this.#receiverOf(tracks.find((track) => track?.kind === 'video'));
    this.#audio = this.#receiverOf(tracks.find((track) => track?.kind === 'audio'));
    this.#align();
    if (this.#video === undefined && this.#audio === undefined) {
      const names = request.tracks.map(({ encoding }) => encoding).join(', ') || 'none';
      this.#failStart('codec_unsupported', `no track that files have: ${names}`);
    }
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Packets as `ThreadRequest` has them; `data` is not kept. */
  push(data: Buffer, arrivalMs: number): void {
    if (this.#state === 'ended') return;
    this.#nowMs = arrivalMs;
    this.#guard(() => {
      forEachFramedPacket(data, (channel, start, end) => this.#onPacket(channel, data, start, end));
      this.#flushWhenDue();
    });
  }

  skip(packets: number): void {
    const receiver = this.#video ?? this.#audio;
    if (this.#state === 'ended' || receiver === undefined) return;
    this.#guard(() => {
      receiver.skip(packets);
      if (receiver !== this.#audio) this.#audio?.skip(0);
    });
  }

  /** Now and then, also while nothing arrives. */
  tick(nowMs: number): void {
    if (this.#state === 'ended') return;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#guard(() => {
      this.#video?.tick(this.#nowMs);
      this.#audio?.tick(this.#nowMs);
      if (this.#state === 'waiting') this.#watchStart();
      else this.#flushWhenDue();
    });
    const stale = this.#nowMs - this.#keyFrameMs > KEY_FRAME_INTERVAL_MS;
    if (stale || this.#tracksChanged || this.#segmentIsDue(this.#videoTimeMs)) this.#requestKeyFrame();
  }

  /** Finishes the file. */
  stop(reason: WriterEndReason, message: string): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'waiting') {
      this.#failStart('no_key_frame', message);
      return;
    }
    this.#guard(() => {
      this.#video?.flush(this.#nowMs);
      this.#audio?.flush(this.#nowMs);
      this.#finishFile();
    });
    this.#end(reason, message);
  }

  #receiverOf(track: RecordedTrack | undefined): TrackReceiver | undefined {
    if (track === undefined) return undefined;
    const onFrame = track.kind === 'video' ? this.#onVideo.bind(this) : this.#onAudio.bind(this);
    return new TrackReceiver(track, this.#request.ownPace === true, {
      onFrame,
      onKeyFrameNeeded: () => this.#requestKeyFrame(),
    });
  }

  #align(): void {
    if (this.#video !== undefined && this.#audio !== undefined) {
      this.#alignment = new Alignment(this.#video.clock, this.#audio.clock);
    }
  }

  #onPacket(channel: number, data: Buffer, start: number, end: number): void {
    if (channel === VIDEO_CHANNEL) this.#video?.push(data, start, end, this.#nowMs);
    else if (channel === AUDIO_CHANNEL) this.#onAudioPacket(data, start, end);
    else if (channel === VIDEO_CHANNEL + 1) this.#onRtcp('video', data.subarray(start, end));
    else if (channel === AUDIO_CHANNEL + 1) this.#onRtcp('audio', data.subarray(start, end));
  }

  #onAudioPacket(data: Buffer, start: number, end: number): void {
    if (this.#audio === undefined && end - start > 1) {
      this.#audio = this.#receiverOf(unannouncedSound(data[start + 1]! & 0x7f));
      this.#tracksChanged = this.#audio !== undefined;
      this.#align();
    }
    this.#audio?.push(data, start, end, this.#nowMs);
  }

  #onRtcp(kind: TrackKind, packet: Buffer): void {
    const records = parseRtcp(packet);
    if (typeof records === 'string') return;
    for (const record of records) if (record.type === 'sr') this.#alignment?.onReport(kind, record);
  }

  #onVideo(frame: CodedFrame, timeMs: number): void {
    if (this.#state === 'ended') return;
    this.#videoTimeMs = timeMs;
    if (frame.keyFrame && frame.format !== undefined) this.#onKeyFrame(frame.format, timeMs);
    const open = this.#file;
    if (open === undefined) return;
    if (open.file.pendingBytes + frame.data.length > FRAGMENT_BYTES) this.#flush();
    if (!open.file.addVideo(Math.max(0, timeMs - open.zeroMs), frame.keyFrame, frame.data)) this.#video?.skip(1);
  }

  #onKeyFrame(format: VideoFormat, timeMs: number): void {
    this.#keyFrameMs = this.#nowMs;
    const changed = this.#format !== undefined && this.#format !== format;
    this.#format = format;
    if (this.#file === undefined) return this.#beginFile(timeMs);
    if (this.#segmentIsDue(timeMs) || this.#tracksChanged) {
      this.#finishFile();
      return this.#beginFile(timeMs);
    }
    if (this.#nowMs - this.#flushedMs >= MIN_FRAGMENT_MS) this.#flush();
    if (changed) this.#file.file.changeVideo(format);
  }

  #onAudio(frame: CodedFrame, timeMs: number): void {
    if (this.#state === 'ended') return;
    if (this.#file === undefined && this.#video === undefined) this.#beginFile(timeMs);
    const open = this.#file;
    if (open === undefined || this.#tracksChanged || timeMs < open.zeroMs) return;
    if (this.#opus === undefined) open.file.addAudio(timeMs - open.zeroMs, frame.data);
    else this.#opus.push(timeMs - open.zeroMs, frame.data);
    if (this.#video === undefined && this.#segmentIsDue(timeMs)) {
      this.#finishFile();
      this.#beginFile(timeMs);
    }
  }

  #segmentIsDue(timeMs: number): boolean {
    const limitMs = Math.min(this.#request.segmentMs ?? MAX_FILE_MS, MAX_FILE_MS);
    return this.#file !== undefined && timeMs - this.#file.zeroMs >= limitMs;
  }

  #beginFile(zeroMs: number): void {
    const video = this.#format;
    const audio = this.#audio === undefined ? undefined : audioFormatOf(this.#audio.track);
    const container = containerFor(video, audio, this.#request.container);
    const { directory, baseName } = this.#request;
    const tracks = { ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
    const counts = this.#state === 'waiting' ? { packets: 0, lost: 0 } : this.#counts();
    const names = { directory, baseName, number: this.#nextNumber, taken: this.#taken };
    const open = new OpenFile({ ...names, container, tracks, zeroMs, counts });
    this.#file = open;
    this.#nextNumber = open.number + 1;
    this.#tracksChanged = false;
    this.#flushedMs = this.#nowMs;
    this.#opus =
      audio?.encoding === 'OPUS'
        ? new OpusContinuity((timeMs, packet) => void open.file.addAudio(timeMs, packet))
        : undefined;
    this.#tellBegun(open, container, [video?.encoding, audio?.encoding]);
  }

  #tellBegun(open: OpenFile, container: Container, encodings: readonly (string | undefined)[]): void {
    const { key } = this.#request;
    const file = open.describe('writing', this.#counts());
    if (this.#state === 'waiting') {
      const codecs = encodings.filter((encoding) => encoding !== undefined);
      this.#context.tell({ type: 'begun', key, container, codecs, file });
    }
    this.#state = 'writing';
    this.#context.tell({ type: 'file', key, event: 'file', file });
  }

  #flushWhenDue(): void {
    if (this.#file !== undefined && this.#nowMs - this.#flushedMs >= FRAGMENT_MS) this.#flush();
  }

  #flush(): void {
    const open = this.#file;
    if (open === undefined) return;
    this.#flushedMs = this.#nowMs;
    if (this.#video !== undefined) this.#opus?.fillTo(this.#videoTimeMs - SILENCE_AFTER_MS - open.zeroMs);
    const before = open.file.bytes;
    open.file.flush();
    if (open.file.bytes > before) this.#tellFile('progress', open, 'writing');
  }

  #finishFile(): void {
    const open = this.#file;
    if (open === undefined) return;
    if (this.#video !== undefined) this.#opus?.fillTo(this.#videoTimeMs - open.zeroMs);
    open.file.finish();
    this.#file = undefined;
    this.#tellFile('file', open, 'finished');
  }

  #tellFile(event: 'file' | 'progress', open: OpenFile, state: 'writing' | 'finished'): void {
    this.#context.tell({ type: 'file', key: this.#request.key, event, file: open.describe(state, this.#counts()) });
  }

  #counts(): PacketCounts {
    const receivers = [this.#video, this.#audio].filter((receiver) => receiver !== undefined);
    const sum = (pick: (receiver: TrackReceiver) => number): number =>
      receivers.reduce((total, receiver) => total + pick(receiver), 0);
    return { packets: sum(({ packets }) => packets), lost: sum(({ lost }) => lost) };
  }

  #requestKeyFrame(): void {
    if (this.#video === undefined || this.#nowMs - this.#requestedMs < REQUEST_INTERVAL_MS) return;
    this.#requestedMs = this.#nowMs;
    this.#context.tell({ type: 'keyFrameNeeded', key: this.#request.key });
  }

  #watchStart(): void {
    const { startMs } = this.#context;
    if (this.#nowMs - this.#openedMs < startMs) return;
    const what = this.#video === undefined ? 'sound' : 'key frame';
    this.#failStart('no_key_frame', `no ${what} within ${startMs} ms`);
  }

  /** What the disk refuses ends the recording, with the file readable up to there. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'disk_full' : 'write_failed';
      if (this.#state === 'waiting') return this.#failStart(reason, message);
      this.#abandon();
      this.#end(reason, message);
    }
  }

  #abandon(): void {
    const open = this.#file;
    this.#file = undefined;
    if (open === undefined) return;
    try {
      open.file.abandon();
    } catch (error) {
      const fields = { file: open.file.path, error: (error as Error).message };
      this.#context.tell({ type: 'log', fields, message: 'recording was not closed' });
    }
    this.#tellFile('file', open, 'finished');
  }

  #failStart(failure: StartFailure, message: string): void {
    this.#state = 'ended';
    this.#context.tell({ type: 'notBegun', key: this.#request.key, failure, message });
  }

  #end(reason: WriterEndReason, message: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#context.tell({ type: 'ended', key: this.#request.key, reason, message });
  }
}
