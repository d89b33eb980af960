import type { AudioAssembler } from '../codec/audio-assembler.ts';
import { lookUpStreamType } from '../codec/stream-type.ts';
import type { VideoAssembler } from '../codec/video-assembler.ts';

/** The one video and one audio stream of a program, told apart by stream_id (PS) or PID (TS). */
export class EsTracks {
  readonly video: VideoAssembler;
  readonly audio: AudioAssembler;
  readonly #types = new Map<number, number>();
  #videoId = -1;
  #audioId = -1;

  constructor(video: VideoAssembler, audio: AudioAssembler) {
    this.video = video;
    this.audio = audio;
  }

  /** A stream_type of a program stream map or program map table; at most 64 ids are kept. */
  declare(streamType: number, id: number): void {
    if (this.#types.get(id) === streamType || (this.#types.size >= 64 && !this.#types.has(id))) return;
    this.#types.set(id, streamType);
    const type = lookUpStreamType(streamType);
    if (type?.kind === 'video' && (this.#videoId < 0 || this.#videoId === id)) this.video.declare(type.codec);
    if (type?.kind === 'audio' && (this.#audioId < 0 || this.#audioId === id)) {
      this.audio.declare(type.codec, type.sampleRate);
    }
  }

  /** Which kind the tables give an id; undefined = not listed or not known. */
  kindOf(id: number): 'video' | 'audio' | undefined {
    const streamType = this.#types.get(id);
    return streamType === undefined ? undefined : lookUpStreamType(streamType)?.kind;
  }

  /** The first video stream seen is the one; false for another. */
  takesVideo(id: number): boolean {
    if (this.#videoId < 0) {
      this.#videoId = id;
      this.#redeclare(id);
    }
    return this.#videoId === id;
  }

  takesAudio(id: number): boolean {
    if (this.#audioId < 0) {
      this.#audioId = id;
      this.#redeclare(id);
    }
    return this.#audioId === id;
  }

  #redeclare(id: number): void {
    const type = lookUpStreamType(this.#types.get(id) ?? -1);
    if (type?.kind === 'video') this.video.declare(type.codec);
    else if (type?.kind === 'audio') this.audio.declare(type.codec, type.sampleRate);
  }
}
