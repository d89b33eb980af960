import { fileURLToPath } from 'node:url';
import { PS_STREAM_TYPE } from '../media/ps/muxer.ts';
import { aacSource, g711Source, type AudioSource } from './audio-source.ts';
import type { Behaviour } from './behaviour.ts';
import { padClip, readClip, type Clip } from './clip.ts';
import { createMuxedClip, type MuxedClip } from './muxed-clip.ts';

export interface MediaSourceOptions {
  readonly behaviour: Behaviour;
  readonly clip: string | undefined;
  readonly fps: number;
  readonly bitrateKbps: number | undefined;
  readonly audio: boolean;
}

const CLIP_FILES = { standard: 'clip.h264', h265: 'clip.h265', 'long-gop': 'long-gop.h264' } as const;

/** A file of `assets/`, from the sources as from the built files: both lie two folders below the root. */
export function assetPath(name: string): string {
  return fileURLToPath(new URL(`../../assets/${name}`, import.meta.url));
}

/** What a camera sends: the sub-stream is read when it is first asked for. */
export interface MediaSource {
  readonly main: MuxedClip;
  /** That of the main stream where the camera has no other. */
  readonly sub: MuxedClip;
}

/** Reads the clip and prepares its program stream. @throws ClipError, and what reading the file throws */
export function openMediaSource({ behaviour, clip, fps, bitrateKbps, audio }: MediaSourceOptions): MediaSource {
  const sound = audio ? audioSource(behaviour.audio) : undefined;
  const mux = (read: Clip): MuxedClip => createMuxedClip({ clip: read, audio: sound, syntax: behaviour.syntax });
  const read: Clip = clip === undefined ? readClip(assetPath(CLIP_FILES[behaviour.clip])) : readClip(clip, fps);
  const main = mux(bitrateKbps === undefined ? read : padClip(read, bitrateKbps * 1_000));
  let sub: MuxedClip | undefined;
  return {
    main,
    get sub() {
      if (!behaviour.hasSubStream || clip !== undefined) return main;
      sub ??= mux(readClip(assetPath('sub.h264')));
      return sub;
    },
  };
}

function audioSource(kind: Behaviour['audio']): AudioSource {
  switch (kind) {
    case 'pcma':
    case 'pcmu':
      return g711Source(kind);
    case 'aac':
      return aacSource(assetPath('beep.aac'), PS_STREAM_TYPE.aac);
    case 'aac-as-g711':
      return aacSource(assetPath('beep.aac'), PS_STREAM_TYPE.pcma);
  }
}
