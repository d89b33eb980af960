import { PS_STREAM_TYPE, PsMuxer, writePsStamp, type PsBytes, type PsStamp, type PsSyntax } from '../media/ps/muxer.ts';
import type { AudioSource } from './audio-source.ts';
import type { Clip } from './clip.ts';

/** RTP payload of GB/T 28181 16.1: within any path's MTU. */
const MAX_PAYLOAD = 1400;
export const RTP_HEADER_BYTES = 12;
/** Length in front of each packet over TCP (RFC 4571). */
export const LENGTH_BYTES = 2;
const PS_PAYLOAD_TYPE = 96;

/**
 * The packets of one picture and its audio, laid out as they go over TCP: each RTP packet behind its length. SSRC,
 * sequence number and every clock are left zero; `stampFrame` fills them into a session's copy.
 */
export interface FrameTemplate {
  readonly bytes: Buffer;
  /** Where each RTP header begins, and behind the last one the end of the bytes plus the length field. */
  readonly packets: Int32Array;
  /** 90 kHz to add to the picture's clock: not 0 for packets of audio. */
  readonly offsets90k: Int32Array;
  readonly clocks: readonly ClockPlace[];
  readonly keyFrame: boolean;
}

interface ClockPlace extends PsStamp {
  readonly add90k: number;
}

export interface MuxedClip {
  readonly clip: Clip;
  readonly frame90k: number;
  /** Of the pictures; the program stream and its sound are a few per cent more. */
  readonly bytesPerSec: number;
  template(index: number, withAudio: boolean): FrameTemplate;
  /** First frame of the group of pictures behind `index`, wrapping; what a camera sends when asked for an IDR. */
  nextKeyFrame(index: number): number;
}

export interface MuxedClipOptions {
  readonly clip: Clip;
  readonly audio: AudioSource | undefined;
  readonly syntax: PsSyntax;
}

/** Muxes pictures when they are first needed and keeps them for every session of the process. */
export function createMuxedClip({ clip, audio, syntax }: MuxedClipOptions): MuxedClip {
  const frame90k = 90_000 / clip.fps;
  const videoStreamType = PS_STREAM_TYPE[clip.codec];
  const silent = new PsMuxer({ videoStreamType, syntax });
  const sounding =
    audio === undefined ? silent : new PsMuxer({ videoStreamType, audioStreamType: audio.streamType, syntax });
  const caches: Record<'silent' | 'sounding', FrameTemplate[]> = { silent: [], sounding: [] };

  const build = (index: number, muxer: PsMuxer): FrameTemplate => {
    const frame = clip.frames[index % clip.frames.length];
    if (frame === undefined) throw new RangeError(`frame ${index} of ${clip.frames.length}`);
    const units: Unit[] = [{ ps: muxer.muxVideo(frame.annexB, frame.keyFrame), add90k: 0 }];
    if (audio !== undefined && muxer === sounding) {
      const from = Math.round(index * frame90k);
      for (const { at90k, payload } of audio.frames(from, Math.round((index + 1) * frame90k))) {
        // Half a picture behind it, so that no two frames share an RTP timestamp.
        units.push({ ps: muxer.muxAudio(payload), add90k: at90k - from + Math.round(frame90k / 2) });
      }
    }
    return layOut(units, frame.keyFrame);
  };

  return {
    clip,
    frame90k,
    bytesPerSec: (clip.frames.reduce((sum, { annexB }) => sum + annexB.length, 0) * clip.fps) / clip.frames.length,
    template(index, withAudio) {
      const sound = withAudio && audio !== undefined;
      const cache = sound ? caches.sounding : caches.silent;
      return (cache[index] ??= build(index, sound ? sounding : silent));
    },
    nextKeyFrame(index) {
      const { frames } = clip;
      for (let step = 1; step < frames.length; step += 1) {
        if (frames[(index + step) % frames.length]?.keyFrame === true) return (index + step) % frames.length;
      }
      return 0;
    },
  };
}

interface Unit {
  readonly ps: PsBytes;
  readonly add90k: number;
}

function layOut(units: readonly Unit[], keyFrame: boolean): FrameTemplate {
  const counts = units.map(({ ps }) => Math.ceil(ps.bytes.length / MAX_PAYLOAD));
  const packetCount = counts.reduce((sum, count) => sum + count, 0);
  const payload = units.reduce((sum, { ps }) => sum + ps.bytes.length, 0);
  const bytes = Buffer.alloc(payload + packetCount * (LENGTH_BYTES + RTP_HEADER_BYTES));
  const packets = new Int32Array(packetCount + 1);
  const offsets90k = new Int32Array(packetCount);
  const clocks: ClockPlace[] = [];
  let at = 0;
  let packet = 0;
  for (const { ps, add90k } of units) {
    for (let from = 0; from < ps.bytes.length; from += MAX_PAYLOAD) {
      const chunk = ps.bytes.subarray(from, from + MAX_PAYLOAD);
      bytes.writeUInt16BE(RTP_HEADER_BYTES + chunk.length, at);
      const header = at + LENGTH_BYTES;
      const last = from + chunk.length === ps.bytes.length;
      // Version 2; the marker on the frame's last packet (RFC 3550 5.1).
      bytes[header] = 0x80;
      bytes[header + 1] = PS_PAYLOAD_TYPE | (last ? 0x80 : 0);
      chunk.copy(bytes, header + RTP_HEADER_BYTES);
      for (const { offset, kind } of ps.stamps) {
        if (offset < from || offset >= from + chunk.length) continue;
        clocks.push({ offset: header + RTP_HEADER_BYTES + offset - from, kind, add90k });
      }
      packets[packet] = header;
      offsets90k[packet] = add90k;
      packet += 1;
      at = header + RTP_HEADER_BYTES + chunk.length;
    }
  }
  packets[packetCount] = at + LENGTH_BYTES;
  return { bytes, packets, offsets90k, clocks, keyFrame };
}

/** What differs between two sessions that send the same picture. */
export interface FrameStamp {
  readonly ssrc: number;
  readonly sequenceNumber: number;
  /** Clock of the program stream. */
  readonly clock90k: number;
  /** RTP timestamp of a clock. */
  readonly rtpTimestamp: (clock90k: number) => number;
}

/** A copy of the template with the session's numbers; the next sequence number is `sequenceNumber + packets`. */
export function stampFrame(template: FrameTemplate, stamp: FrameStamp): Buffer {
  const { ssrc, sequenceNumber, clock90k, rtpTimestamp } = stamp;
  const bytes = Buffer.allocUnsafe(template.bytes.length);
  template.bytes.copy(bytes);
  const { packets, offsets90k } = template;
  for (let packet = 0; packet < offsets90k.length; packet += 1) {
    const header = packets[packet] ?? 0;
    bytes.writeUInt16BE((sequenceNumber + packet) & 0xffff, header + 2);
    bytes.writeUInt32BE(rtpTimestamp(clock90k + (offsets90k[packet] ?? 0)) % 0x1_0000_0000, header + 4);
    bytes.writeUInt32BE(ssrc, header + 8);
  }
  for (const { offset, kind, add90k } of template.clocks) writePsStamp(bytes, offset, kind, clock90k + add90k);
  return bytes;
}
