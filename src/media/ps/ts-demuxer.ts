import type { MediaSink, RtpView } from '../pipeline-types.ts';
import type { EsTracks } from './es-tracks.ts';
import { parsePesHeader, type PesHeader } from './pes-header.ts';
import { isStartCodePrefix } from './start-code.ts';

/** ISO/IEC 13818-1 2.4.3.2. */
export const TS_PACKET_BYTES = 188;
export const TS_SYNC_BYTE = 0x47;
const PAT_PID = 0;
const NULL_PID = 0x1fff;
const PAT_TABLE_ID = 0;
const PMT_TABLE_ID = 2;
const CRC_BYTES = 4;

/** MPEG transport stream demultiplexer for senders that put TS into RTP (RFC 2250 §2); one program. */
export class TsDemuxer {
  readonly #sink: MediaSink;
  readonly #tracks: EsTracks;
  readonly #carry = Buffer.allocUnsafeSlow(TS_PACKET_BYTES);
  #carryLength = 0;
  #pmtPid = -1;
  #videoPid = -1;
  #audioPid = -1;
  #videoContinuity = -1;
  #nowMs = 0;
  readonly #pes: PesHeader = { pts: -1, dts: -1, headerBytes: 0, unbounded: false, payloadBytes: 0 };

  constructor(sink: MediaSink, tracks: EsTracks) {
    this.#sink = sink;
    this.#tracks = tracks;
  }

  push(view: RtpView, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#tracks.video.enterPacket(view.timestamp, nowMs);
    const { packet, payloadEnd } = view;
    let at = view.payloadStart;
    if (this.#carryLength > 0) {
      const taken = Math.min(TS_PACKET_BYTES - this.#carryLength, payloadEnd - at);
      packet.copy(this.#carry, this.#carryLength, at, at + taken);
      this.#carryLength += taken;
      at += taken;
      if (this.#carryLength < TS_PACKET_BYTES) return;
      this.#carryLength = 0;
      this.#parseCell(this.#carry, 0);
    }
    while (at + TS_PACKET_BYTES <= payloadEnd) {
      if (packet[at] === TS_SYNC_BYTE) {
        this.#parseCell(packet, at);
        at += TS_PACKET_BYTES;
      } else {
        const next = packet.indexOf(TS_SYNC_BYTE, at);
        this.#sink.onError('ts_lost_sync');
        at = next < 0 || next > payloadEnd ? payloadEnd : next;
      }
    }
    if (packet[at] === TS_SYNC_BYTE) this.#carryLength = packet.copy(this.#carry, 0, at, payloadEnd);
  }

  discard(): void {
    this.#carryLength = 0;
    this.#videoContinuity = -1;
    this.#tracks.video.discard();
    this.#tracks.audio.discard();
  }

  #parseCell(buffer: Buffer, at: number): void {
    const pid = ((buffer[at + 1]! & 0x1f) << 8) | buffer[at + 2]!;
    const control = (buffer[at + 3]! >> 4) & 3;
    if (pid === NULL_PID || (control & 1) === 0) return;
    const isStart = (buffer[at + 1]! & 0x40) !== 0;
    const start = at + 4 + ((control & 2) === 0 ? 0 : 1 + buffer[at + 4]!);
    const end = at + TS_PACKET_BYTES;
    if (start >= end) return;
    if (pid === PAT_PID) {
      if (isStart) this.#parseTable(buffer, start, end);
    } else if (pid === this.#pmtPid) {
      if (isStart) this.#parseTable(buffer, start, end);
    } else if (pid === this.#videoPid) {
      this.#checkContinuity(buffer[at + 3]! & 0x0f);
      this.#takeVideo(buffer, start, end, isStart);
    } else if (pid === this.#audioPid) {
      this.#takeAudio(buffer, start, end, isStart);
    }
  }

  /** ISO/IEC 13818-1 2.4.3.3; a repeated cell has the same counter. */
  #checkContinuity(counter: number): void {
    const expected = (this.#videoContinuity + 1) & 0x0f;
    if (this.#videoContinuity >= 0 && counter !== expected && counter !== this.#videoContinuity) {
      this.#sink.onError('ts_discontinuity');
      this.#tracks.video.discard();
    }
    this.#videoContinuity = counter;
  }

  /** PAT and PMT (ISO/IEC 13818-1 2.4.4.3, 2.4.4.8), each within one cell. */
  #parseTable(buffer: Buffer, start: number, end: number): void {
    const at = start + 1 + buffer[start]!;
    if (at + 8 > end) return;
    const length = ((buffer[at + 1]! & 0x0f) << 8) | buffer[at + 2]!;
    const last = Math.min(end, at + 3 + length - CRC_BYTES);
    if (buffer[at] === PAT_TABLE_ID) {
      for (let entry = at + 8; entry + 4 <= last; entry += 4) {
        const program = (buffer[entry]! << 8) | buffer[entry + 1]!;
        if (program !== 0) this.#pmtPid = ((buffer[entry + 2]! & 0x1f) << 8) | buffer[entry + 3]!;
      }
    } else if (buffer[at] === PMT_TABLE_ID) {
      this.#sink.onPack();
      this.#parseProgramMap(buffer, at, last);
    }
  }

  #parseProgramMap(buffer: Buffer, at: number, last: number): void {
    let entry = at + 12 + (((buffer[at + 10]! & 0x0f) << 8) | buffer[at + 11]!);
    while (entry + 5 <= last) {
      const pid = ((buffer[entry + 1]! & 0x1f) << 8) | buffer[entry + 2]!;
      this.#tracks.declare(buffer[entry]!, pid);
      const kind = this.#tracks.kindOf(pid);
      if (kind === 'video' && this.#tracks.takesVideo(pid)) this.#videoPid = pid;
      if (kind === 'audio' && this.#tracks.takesAudio(pid)) this.#audioPid = pid;
      entry += 5 + (((buffer[entry + 3]! & 0x0f) << 8) | buffer[entry + 4]!);
    }
  }

  #takeVideo(buffer: Buffer, start: number, end: number, isStart: boolean): void {
    const { video } = this.#tracks;
    if (!isStart) {
      video.append(buffer, start, end);
      return;
    }
    video.endPes();
    const payload = this.#parsePesStart(buffer, start, end);
    if (payload < 0) return;
    video.beginPes(this.#pes.pts, this.#pes.dts, false);
    video.append(buffer, payload, end);
  }

  #takeAudio(buffer: Buffer, start: number, end: number, isStart: boolean): void {
    const { audio } = this.#tracks;
    if (!isStart) {
      audio.append(buffer, start, end);
      return;
    }
    audio.endPes(this.#nowMs);
    const payload = this.#parsePesStart(buffer, start, end);
    if (payload < 0) return;
    audio.beginPes(this.#pes.pts);
    audio.append(buffer, payload, end);
  }

  /** Offset of the first payload byte; −1 = not a PES. */
  #parsePesStart(buffer: Buffer, start: number, end: number): number {
    const error = isStartCodePrefix(buffer, start) ? parsePesHeader(buffer, start, end, this.#pes) : 'pes_bad_header';
    if (error === undefined) return start + this.#pes.headerBytes;
    this.#sink.onError(error === 'need_more' ? 'pes_bad_header' : error);
    return -1;
  }
}
