import type { SdCard } from '../../gb28181/manscdp/sd-card-status.ts';

const CAPACITY_MB = 61_035;
const FREE_MB = 1_024;
const CARDS = 2;
/** From the order to the formatted card. */
export const FORMAT_MS = 2_000;

/** The cards of a camera; formatting one takes two seconds. */
export class SdCards {
  readonly #now: () => number;
  readonly #formattedAt = new Map<number, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get all(): SdCard[] {
    return Array.from({ length: CARDS }, (_, index) => this.#card(index + 1));
  }

  /** 0 is all of them. */
  format(card: number): void {
    for (let id = 1; id <= CARDS; id += 1) if (card === 0 || card === id) this.#formattedAt.set(id, this.#now());
  }

  #card(id: number): SdCard {
    const startedAt = this.#formattedAt.get(id);
    const progress = startedAt === undefined ? 0 : Math.min(100, ((this.#now() - startedAt) * 100) / FORMAT_MS);
    const formatting = startedAt !== undefined && progress < 100;
    return {
      id,
      name: `sd${id - 1}`,
      status: formatting ? 'formatting' : 'ok',
      formatProgress: formatting ? Math.floor(progress) : 0,
      capacity: CAPACITY_MB,
      freeSpace: startedAt === undefined ? FREE_MB : CAPACITY_MB,
    };
  }
}
