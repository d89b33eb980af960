/** mulberry32: small, seeded, good enough to break parsers. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One to four changes of a text: a character replaced, a part cut out, repeated or moved. */
export function mutateText(text: string, random: () => number): string {
  let result = text;
  const changes = 1 + Math.floor(random() * 4);
  for (let count = 0; count < changes; count += 1) {
    const start = Math.floor(random() * result.length);
    const end = Math.min(result.length, start + Math.floor(random() * 40));
    const part = result.slice(start, end);
    const kind = Math.floor(random() * 4);
    if (kind === 0) result = result.slice(0, start) + String.fromCharCode(random() * 256) + result.slice(start + 1);
    else if (kind === 1) result = result.slice(0, start) + result.slice(end);
    else if (kind === 2) result = result.slice(0, end) + part + result.slice(end);
    else result = part + result;
  }
  return result;
}
