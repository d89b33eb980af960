import type { RtpView } from '../pipeline-types.ts';
import { sharedPacketPool, type PacketPool } from './packet-pool.ts';
import { createRtpView } from './rtp-packet.ts';
import { nextSequence, sequenceDistance } from './sequence.ts';

/** RFC 3550 A.1: beyond these steps the sender was restarted. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Power of two, so that a sequence number's slot is a mask. */
const RECENT = 512;

export interface ReorderOptions {
  /** How long a hole may hold back what follows it. */
  readonly reorderMs: number;
  /** Bound of held packets; rounded up to a power of two; default 512. */
  readonly maxPackets?: number;
  /** Bound of held bytes; default 1 MiB. */
  readonly maxBytes?: number;
  readonly pool?: PacketPool;
}

/** Receives packets in order of their sequence numbers. */
export interface ReorderSink {
  /** The view is valid during the call. */
  onPacket(view: RtpView, nowMs: number): void;
  /** `lost` packets are missing before the next one; 0 = the sender's numbering started anew. */
  onGap(lost: number, nowMs: number): void;
}

interface Slot {
  readonly view: RtpView;
  arrivedMs: number;
  used: boolean;
}

/**
 * Puts packets in order, bounded in time, packets and bytes. A packet that is in order goes straight through; only one
 * that is early is copied (its payload), so the caller may re-use its memory.
 */
export class ReorderBuffer {
  readonly #sink: ReorderSink;
  readonly #reorderMs: number;
  readonly #mask: number;
  readonly #maxBytes: number;
  readonly #pool: PacketPool;
  readonly #slots: (Slot | undefined)[];
  /** Recently delivered sequence numbers + 1, to tell a duplicate from a late packet. */
  readonly #recent = new Uint32Array(RECENT);
  #started = false;
  #next = 0;
  #held = 0;
  #heldBytes = 0;
  #waitingSinceMs = 0;
  #restartAt = -1;
  #highestHeld = 0;
  lost = 0;
  reordered = 0;
  duplicates = 0;
  /** Packets that came after their place had been given up. */
  late = 0;

  constructor(sink: ReorderSink, options: ReorderOptions) {
    this.#sink = sink;
    this.#reorderMs = options.reorderMs;
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(2, options.maxPackets ?? 512)));
    this.#mask = capacity - 1;
    this.#maxBytes = options.maxBytes ?? 1_048_576;
    this.#pool = options.pool ?? sharedPacketPool;
    this.#slots = Array.from({ length: capacity }, () => undefined);
  }

  /** Packets held back at the moment. */
  get held(): number {
    return this.#held;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  push(view: RtpView, nowMs: number): void {
    if (!this.#started) {
      this.#started = true;
      this.#next = view.sequenceNumber;
    }
    const distance = sequenceDistance(this.#next, view.sequenceNumber);
    if (distance === 0) {
      this.#deliver(view, nowMs);
      if (this.#held > 0) {
        this.reordered++;
        this.#drain(nowMs);
      }
    } else if (distance > 0) {
      this.#pushEarly(view, distance, nowMs);
    } else {
      this.#pushLate(view, distance, nowMs);
    }
    if (this.#held > 0) this.poll(nowMs);
  }

  /** Gives up holes that waited longer than `reorderMs`; call now and then while no packet arrives. */
  poll(nowMs: number): void {
    while (this.#held > 0 && nowMs - this.#waitingSinceMs >= this.#reorderMs) this.#skipHole(nowMs);
  }

  /** Delivers all that is held, with its gaps. */
  flush(nowMs: number): void {
    while (this.#held > 0) this.#skipHole(nowMs);
  }

  /** Forgets everything but the counters: the next packet starts anew. */
  reset(): void {
    for (const slot of this.#slots) if (slot?.used === true) this.#release(slot);
    this.#started = false;
    this.#restartAt = -1;
    this.#recent.fill(0);
  }

  #pushEarly(view: RtpView, distance: number, nowMs: number): void {
    if (distance > MAX_DROPOUT) {
      this.#restartOrDrop(view, nowMs);
      return;
    }
    let steps = distance;
    while (this.#held > 0 && (steps > this.#mask || this.#heldBytes >= this.#maxBytes)) {
      this.#skipHole(nowMs);
      steps = sequenceDistance(this.#next, view.sequenceNumber);
    }
    if (steps <= 0) {
      this.push(view, nowMs);
      return;
    }
    if (steps > this.#mask || this.#reorderMs <= 0) {
      this.#gap(steps, nowMs);
      this.#next = view.sequenceNumber;
      this.#deliver(view, nowMs);
      return;
    }
    this.#hold(view, nowMs);
  }

  #pushLate(view: RtpView, distance: number, nowMs: number): void {
    if (this.#recent[view.sequenceNumber & (RECENT - 1)] === view.sequenceNumber + 1) this.duplicates++;
    else if (distance < -MAX_MISORDER) this.#restartOrDrop(view, nowMs);
    else this.late++;
  }

  /** RFC 3550 A.1: two packets in sequence far from the expected place mean that the sender started anew. */
  #restartOrDrop(view: RtpView, nowMs: number): void {
    if (this.#restartAt !== view.sequenceNumber) {
      this.#restartAt = nextSequence(view.sequenceNumber);
      this.late++;
      return;
    }
    this.flush(nowMs);
    this.#restartAt = -1;
    this.#recent.fill(0);
    this.#sink.onGap(0, nowMs);
    this.#next = view.sequenceNumber;
    this.#deliver(view, nowMs);
  }

  #hold(view: RtpView, nowMs: number): void {
    const slot = this.#slotOf(view.sequenceNumber);
    if (slot.used) {
      this.duplicates++;
      return;
    }
    const bytes = view.payloadEnd - view.payloadStart;
    const memory = this.#pool.take(bytes);
    view.packet.copy(memory, 0, view.payloadStart, view.payloadEnd);
    slot.view.packet = memory;
    slot.view.payloadType = view.payloadType;
    slot.view.marker = view.marker;
    slot.view.sequenceNumber = view.sequenceNumber;
    slot.view.timestamp = view.timestamp;
    slot.view.ssrc = view.ssrc;
    slot.view.payloadStart = 0;
    slot.view.payloadEnd = bytes;
    slot.arrivedMs = nowMs;
    slot.used = true;
    if (this.#held === 0) this.#waitingSinceMs = nowMs;
    if (this.#held === 0 || sequenceDistance(this.#highestHeld, view.sequenceNumber) > 0) {
      this.#highestHeld = view.sequenceNumber;
    } else {
      this.reordered++;
    }
    this.#held++;
    this.#heldBytes += bytes;
  }

  #slotOf(sequenceNumber: number): Slot {
    const index = sequenceNumber & this.#mask;
    return (this.#slots[index] ??= { view: createRtpView(), arrivedMs: 0, used: false });
  }

  #drain(nowMs: number): void {
    for (;;) {
      const slot = this.#slots[this.#next & this.#mask];
      if (slot === undefined || !slot.used) break;
      this.#deliver(slot.view, nowMs);
      this.#release(slot);
    }
    if (this.#held > 0) this.#waitingSinceMs = this.#firstHeld().arrivedMs;
  }

  #skipHole(nowMs: number): void {
    const first = this.#firstHeld();
    this.#gap(sequenceDistance(this.#next, first.view.sequenceNumber), nowMs);
    this.#next = first.view.sequenceNumber;
    this.#drain(nowMs);
  }

  #firstHeld(): Slot {
    let sequenceNumber = this.#next;
    for (;;) {
      const slot = this.#slots[sequenceNumber & this.#mask];
      if (slot?.used === true) return slot;
      sequenceNumber = nextSequence(sequenceNumber);
    }
  }

  #gap(lost: number, nowMs: number): void {
    this.lost += lost;
    this.#sink.onGap(lost, nowMs);
  }

  #deliver(view: RtpView, nowMs: number): void {
    this.#next = nextSequence(view.sequenceNumber);
    this.#restartAt = -1;
    this.#recent[view.sequenceNumber & (RECENT - 1)] = view.sequenceNumber + 1;
    this.#sink.onPacket(view, nowMs);
  }

  #release(slot: Slot): void {
    this.#pool.give(slot.view.packet);
    this.#held--;
    this.#heldBytes -= slot.view.payloadEnd;
    slot.used = false;
    slot.view.packet = RELEASED;
  }
}

const RELEASED = Buffer.alloc(0);
