import type { MediaSink, RtpView } from '../pipeline-types.ts';
import type { EsTracks } from './es-tracks.ts';
import { packHeaderBytes } from './pack-header.ts';
import { parsePesHeader, type PesHeader } from './pes-header.ts';
import { programStreamMapBytes, readProgramStreamMap } from './program-stream-map.ts';
import {
  findPackStartCode,
  findSystemStartCode,
  isAudioStreamId,
  isStartCodePrefix,
  isVideoStreamId,
  partialStartCode,
  START_CODE,
} from './start-code.ts';
import { systemHeaderBody } from './system-header.ts';

/** The longest header is a program stream map of 1024 bytes. */
const CARRY_BYTES = 2048;
/** What is taken from the next packet to complete a header. */
const CARRY_STEP_BYTES = 1100;

type State = 'header' | 'payload' | 'unbounded' | 'resync';
type Target = 'video' | 'audio' | 'skip';

/**
 * MPEG program stream demultiplexer (ISO/IEC 13818-1 2.5.3) over the payloads of RTP packets taken as one byte stream: any
 * header may straddle packets. PES payload goes straight from the packet to the frame in progress. After an error or a gap
 * it goes on at the next pack header.
 */
export class PsDemuxer {
  readonly #sink: MediaSink;
  readonly #tracks: EsTracks;
  readonly #carry = Buffer.allocUnsafeSlow(CARRY_BYTES);
  #carryLength = 0;
  #state: State = 'resync';
  #target: Target = 'skip';
  #remaining = 0;
  #nowMs = 0;
  readonly #pes: PesHeader = { pts: -1, dts: -1, headerBytes: 0, unbounded: false, payloadBytes: 0 };
  /** Pack headers so far. */
  packs = 0;
  readonly #onStream = (streamType: number, streamId: number): void => this.#tracks.declare(streamType, streamId);

  constructor(sink: MediaSink, tracks: EsTracks) {
    this.#sink = sink;
    this.#tracks = tracks;
  }

  push(view: RtpView, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#tracks.video.enterPacket(view.timestamp, nowMs);
    const { packet, payloadStart, payloadEnd } = view;
    this.#checkTruncation(packet, payloadStart, payloadEnd);
    let position = payloadStart;
    if (this.#carryLength > 0) position = this.#completeCarry(packet, payloadStart, payloadEnd);
    if (position >= 0) {
      position = this.#parse(packet, position, payloadEnd);
      this.#carryLength = packet.copy(this.#carry, 0, position, Math.min(payloadEnd, position + CARRY_BYTES));
    }
    if (view.marker) this.#tracks.video.marker();
  }

  /** Bytes are missing: goes on at the next pack header. */
  discard(): void {
    this.#carryLength = 0;
    this.#state = 'resync';
    this.#tracks.video.discard();
    this.#tracks.audio.discard();
  }

  /** A packet that starts with a pack header ends a PES that was declared longer than what came. */
  #checkTruncation(packet: Buffer, start: number, end: number): void {
    if (this.#state !== 'payload' || this.#target === 'skip' || this.#carryLength > 0) return;
    if (packet[start] !== 0 || packet[start + 3] !== START_CODE.pack || !isStartCodePrefix(packet, start)) return;
    if (packHeaderBytes(packet, start, end) <= 0) return;
    this.#sink.onError('pes_truncated');
    this.#endPes();
  }

  /** Position in the packet from where parsing goes on; −1 = all of it went into the carry. */
  #completeCarry(packet: Buffer, start: number, end: number): number {
    const carried = this.#carryLength;
    const taken = Math.min(end - start, CARRY_BYTES - carried, CARRY_STEP_BYTES);
    packet.copy(this.#carry, carried, start, start + taken);
    const length = carried + taken;
    let position = 0;
    while (position < carried) {
      const next = this.#parseOne(this.#carry, position, length);
      if (next === position) break;
      position = next;
    }
    if (position >= carried) {
      this.#carryLength = 0;
      return start + position - carried;
    }
    if (taken < end - start) {
      // No header is longer than the carry.
      this.#carryLength = 0;
      this.#lostSync('ps_lost_sync');
      return start;
    }
    this.#carry.copyWithin(0, position, length);
    this.#carryLength = length - position;
    return -1;
  }

  /** Returns where the first incomplete header starts. */
  #parse(buffer: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end) {
      const next = this.#parseOne(buffer, position, end);
      if (next === position) break;
      position = next;
    }
    return position;
  }

  /** One header or one run of payload; returns the position behind it, or `position` when it is incomplete. */
  #parseOne(buffer: Buffer, position: number, end: number): number {
    switch (this.#state) {
      case 'payload':
        return this.#takePayload(buffer, position, end);
      case 'unbounded':
        return this.#takeUnbounded(buffer, position, end);
      case 'resync':
        return this.#findPack(buffer, position, end);
      case 'header':
        return this.#parseHeader(buffer, position, end);
    }
  }

  #findPack(buffer: Buffer, position: number, end: number): number {
    const at = findPackStartCode(buffer, position, end);
    if (at < 0) return Math.max(position, end - partialStartCode(buffer, position, end));
    this.#state = 'header';
    return at === position ? this.#parseHeader(buffer, position, end) : at;
  }

  #takePayload(buffer: Buffer, position: number, end: number): number {
    const last = Math.min(end, position + this.#remaining);
    this.#append(buffer, position, last);
    this.#remaining -= last - position;
    if (this.#remaining === 0) this.#endPes();
    return last;
  }

  #takeUnbounded(buffer: Buffer, position: number, end: number): number {
    const at = findSystemStartCode(buffer, position, end);
    const last = at < 0 ? end - partialStartCode(buffer, position, end) : at;
    if (last > position) this.#append(buffer, position, last);
    if (at >= 0) {
      this.#endPes();
      // A start code right here is no progress in bytes, but in state.
      return at === position ? this.#parseHeader(buffer, position, end) : at;
    }
    return last;
  }

  #append(buffer: Buffer, start: number, end: number): void {
    if (this.#target === 'video') this.#tracks.video.append(buffer, start, end);
    else if (this.#target === 'audio') this.#tracks.audio.append(buffer, start, end);
  }

  #endPes(): void {
    if (this.#target === 'video') this.#tracks.video.endPes();
    else if (this.#target === 'audio') this.#tracks.audio.endPes(this.#nowMs);
    this.#target = 'skip';
    this.#state = 'header';
  }

  #parseHeader(buffer: Buffer, position: number, end: number): number {
    if (end - position < 4) return this.#parseRest(buffer, position, end);
    if (!isStartCodePrefix(buffer, position)) {
      // Zero bytes are stuffing.
      const isZeroByte = buffer[position] === 0 && buffer[position + 1] === 0 && buffer[position + 2] === 0;
      return isZeroByte ? position + 1 : this.#lostSync('ps_lost_sync', position + 1);
    }
    const id = buffer[position + 3]!;
    switch (id) {
      case START_CODE.pack:
        return this.#parsePack(buffer, position, end);
      case START_CODE.systemHeader:
        return this.#parseSystemHeader(buffer, position, end);
      case START_CODE.programStreamMap:
        return this.#parseProgramStreamMap(buffer, position, end);
      case START_CODE.programEnd:
        return position + 4;
      default:
        if (id < START_CODE.programEnd) return this.#lostSync('ps_lost_sync', position + 4);
        return isVideoStreamId(id) || isAudioStreamId(id)
          ? this.#parsePes(buffer, position, end)
          : this.#skipPes(buffer, position, end);
    }
  }

  /** One to three bytes in front of the packet's end. */
  #parseRest(buffer: Buffer, position: number, end: number): number {
    const partial = partialStartCode(buffer, position, end);
    if (partial === end - position) return position;
    return partial === 2 && buffer[position] === 0 ? position + 1 : this.#lostSync('ps_lost_sync', position + 1);
  }

  #parsePack(buffer: Buffer, position: number, end: number): number {
    const bytes = packHeaderBytes(buffer, position, end);
    if (bytes < 0) return this.#lostSync('pack_bad_header', position + 4);
    if (bytes > 0) {
      this.packs++;
      this.#sink.onPack();
      this.#tracks.video.packHeader();
    }
    return position + bytes;
  }

  #parseSystemHeader(buffer: Buffer, position: number, end: number): number {
    const body = systemHeaderBody(buffer, position, end);
    if (body < 0) return this.#lostSync('system_header_bad_length', position + 4);
    if (body === 0) return position;
    this.#tracks.video.systemHeader();
    this.#skip(body);
    return position + 6;
  }

  #parseProgramStreamMap(buffer: Buffer, position: number, end: number): number {
    const bytes = programStreamMapBytes(buffer, position, end);
    if (bytes < 0) return this.#lostSync('psm_bad_length', position + 4);
    if (bytes > 0) readProgramStreamMap(buffer, position, position + bytes, this.#onStream);
    return position + bytes;
  }

  #parsePes(buffer: Buffer, position: number, end: number): number {
    const pes = this.#pes;
    const error = parsePesHeader(buffer, position, end, pes);
    if (error === 'need_more') return position;
    if (error !== undefined) return this.#lostSync(error, position + 4);
    this.#open(buffer[position + 3]!);
    if (pes.unbounded) {
      this.#state = 'unbounded';
    } else {
      this.#remaining = pes.payloadBytes;
      this.#state = 'payload';
      if (this.#remaining === 0) this.#endPes();
    }
    return position + pes.headerBytes;
  }

  /** Chooses where the payload of a video or audio stream id goes. */
  #open(id: number): void {
    const { pts, dts, unbounded } = this.#pes;
    this.#target = 'skip';
    if (isVideoStreamId(id)) {
      if (!this.#tracks.takesVideo(id)) return;
      this.#target = 'video';
      this.#tracks.video.beginPes(pts, dts, !unbounded);
    } else if (this.#tracks.takesAudio(id)) {
      this.#target = 'audio';
      this.#tracks.audio.beginPes(pts);
    }
  }

  /** Private, padding and other streams: ISO/IEC 13818-1 2.4.3.7; Hikvision sends its metadata in private_stream_1. */
  #skipPes(buffer: Buffer, position: number, end: number): number {
    if (end - position < 6) return position;
    const length = (buffer[position + 4]! << 8) | buffer[position + 5]!;
    this.#target = 'skip';
    if (length === 0) this.#state = 'unbounded';
    else this.#skip(length);
    return position + 6;
  }

  #skip(bytes: number): void {
    this.#target = 'skip';
    this.#state = 'payload';
    this.#remaining = bytes;
  }

  /** Drops the unit in progress; returns where the search for the next pack goes on. */
  #lostSync(reason: string, position = 0): number {
    this.#sink.onError(reason);
    this.#state = 'resync';
    this.#target = 'skip';
    this.#tracks.video.discard();
    this.#tracks.audio.discard();
    return position;
  }
}
