/** Seeded pseudo-random numbers (mulberry32), so that a failing input comes back. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

/** Changes a few bytes, cuts or extends; writes into `target` and returns the length. */
export function mutate(seed: Buffer, target: Buffer, random: (below: number) => number): number {
  let length = seed.copy(target);
  const changes = 1 + random(4);
  for (let index = 0; index < changes && length > 0; index++) {
    switch (random(5)) {
      case 0:
        length = random(length + 1);
        break;
      case 1:
        target[random(length)] = random(256);
        break;
      case 2:
        target[random(length)] = [0x00, 0x01, 0xff, 0x80, 0xba, 0xe0][random(6)]!;
        break;
      case 3:
        target[random(length)]! ^= 1 << random(8);
        break;
      default: {
        const from = random(length);
        const to = random(length);
        target.copyWithin(to, from, Math.min(length, from + 1 + random(16)));
      }
    }
  }
  return length;
}
