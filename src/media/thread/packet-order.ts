import type { RtpView } from '../pipeline-types.ts';
import { ReorderBuffer, type ReorderSink } from '../rtp/reorder-buffer.ts';
import { sequenceDistance } from '../rtp/sequence.ts';

/** RFC 3550 A.1: a larger step is a restart of the sender. */
const MAX_DROPOUT = 3000;
/** A sender whose numbers jump so many times in a row does not number its packets. */
const MAX_JUMPS_IN_A_ROW = 16;

/**
 * Order of packets by transport. UDP goes through the reorder buffer. TCP keeps order by itself, so only steps forward
 * count, as loss in front of the device's connection; senders with meaningless sequence numbers are found out.
 */
export class PacketOrder {
  readonly #sink: ReorderSink;
  readonly #reorder: ReorderBuffer;
  #next = -1;
  #jumps = 0;
  #lostOverTcp = 0;

  constructor(sink: ReorderSink, reorderMs: number) {
    this.#sink = sink;
    this.#reorder = new ReorderBuffer(sink, { reorderMs });
  }

  get lost(): number {
    return this.#reorder.lost + this.#lostOverTcp;
  }

  get reordered(): number {
    return this.#reorder.reordered;
  }

  get duplicates(): number {
    return this.#reorder.duplicates;
  }

  pushDatagram(view: RtpView, nowMs: number): void {
    this.#reorder.push(view, nowMs);
  }

  pushFrame(view: RtpView, nowMs: number): void {
    const step = this.#next < 0 ? 0 : sequenceDistance(this.#next, view.sequenceNumber);
    this.#next = (view.sequenceNumber + 1) & 0xffff;
    if (step === 0) {
      this.#jumps = 0;
    } else if (this.#jumps < MAX_JUMPS_IN_A_ROW) {
      this.#jumps += 1;
      if (step > 0 && step <= MAX_DROPOUT) {
        this.#lostOverTcp += step;
        this.#sink.onGap(step, nowMs);
      }
    }
    this.#sink.onPacket(view, nowMs);
  }

  /** Another SSRC or connection: what follows is a new sequence. */
  restart(nowMs: number): void {
    this.#reorder.reset();
    this.#next = -1;
    this.#jumps = 0;
    this.#sink.onGap(0, nowMs);
  }

  tick(nowMs: number): void {
    this.#reorder.poll(nowMs);
  }

  close(): void {
    this.#reorder.reset();
  }
}
