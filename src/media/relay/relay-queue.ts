import { PacketBundle } from '../thread/packet-bundle.ts';
import type { SendArena } from '../thread/send-arena.ts';

/** Where a relay sends to. */
export interface RelayTarget {
  readonly takesBundles: boolean;
  sendRtp(kind: 'video' | 'audio', packet: Buffer): void;
}

/** Packets of all relays of a thread on their way: those of one turn of the event loop leave as one datagram. */
export class RelayQueue {
  readonly #arena: SendArena;
  readonly #bundle = new PacketBundle();
  #target: RelayTarget | undefined;
  #scheduled = false;
  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(arena: SendArena) {
    this.#arena = arena;
  }

  add(target: RelayTarget, buffer: Buffer, start: number, end: number): void {
    if (!target.takesBundles) {
      target.sendRtp('video', this.#arena.copy(buffer, start, end));
      return;
    }
    if (this.#target !== target) this.flush();
    if (!this.#bundle.append(buffer, start, end)) {
      this.flush();
      this.#bundle.append(buffer, start, end);
    }
    this.#target = target;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onTurn);
  }

  /** What waits leaves now. */
  flush(): void {
    const target = this.#target;
    this.#target = undefined;
    if (target !== undefined) target.sendRtp('video', this.#arena.copy(this.#bundle.buffer, 0, this.#bundle.length));
    this.#bundle.clear();
  }

  /** The target is about to close. */
  forget(target: RelayTarget): void {
    if (this.#target !== target) return;
    this.#target = undefined;
    this.#bundle.clear();
  }
}
