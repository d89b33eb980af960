/**
 * The frame counter that `assets/make-clip.mjs` burns into each picture, so that a test can tell which frame it sees.
 *
 * A strip of 20 squares near the lower left corner: white, black, twelve bits of the frame's number within the clip
 * (most significant first, white = 1), four check bits, black, white. The check bits are the exclusive or of the
 * number's three groups of four bits and 0101.
 */
export const CLOCK_CODE = { squares: 20, indexBits: 12, checkBits: 4, checkSeed: 0b0101, columns: 40 } as const;

/** Place of the strip inside a picture, in pixels. */
export interface ClockStrip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The strip's place: squares of a fortieth of the width, one square from the left, one from the bottom. */
export function clockStrip(width: number, height: number): ClockStrip {
  const size = Math.floor(width / CLOCK_CODE.columns);
  return { x: size, y: height - 2 * size, width: CLOCK_CODE.squares * size, height: size };
}

/**
 * Frame number in an RGBA picture of the strip alone, at any scale; undefined where no valid code is seen. Uses nothing
 * outside of itself, so that a browser test may send its source text into the page.
 */
export function decodeClockStrip(rgba: ArrayLike<number>, width: number, height: number): number | undefined {
  const squares = 20;
  const size = width / squares;
  let bits = 0;
  for (let square = 0; square < squares; square += 1) {
    let sum = 0;
    let count = 0;
    // The middle half of the square: edges are blurred by compression and scaling.
    for (let y = Math.floor(height * 0.25); y < Math.ceil(height * 0.75); y += 1) {
      for (let x = Math.floor(size * (square + 0.25)); x < Math.ceil(size * (square + 0.75)); x += 1) {
        const at = 4 * (y * width + x);
        sum += ((rgba[at] ?? 0) + (rgba[at + 1] ?? 0) + (rgba[at + 2] ?? 0)) / 3;
        count += 1;
      }
    }
    const luma = count === 0 ? 128 : sum / count;
    // A grey square is no bit: the strip is not there, or two pictures are mixed.
    if (!(luma < 90 || luma > 165)) return undefined;
    bits = (bits << 1) | (luma > 165 ? 1 : 0);
  }
  // First and last two squares.
  if (bits >>> 18 !== 0b10 || (bits & 0b11) !== 0b01) return undefined;
  const index = (bits >>> 6) & 0xfff;
  const check = (bits >>> 2) & 0x0f;
  const expected = (index & 0x0f) ^ ((index >>> 4) & 0x0f) ^ (index >>> 8) ^ 0b0101;
  return check === expected ? index : undefined;
}

/** Frame number in a whole RGBA picture. */
export function decodeClockCode(rgba: ArrayLike<number>, width: number, height: number): number | undefined {
  const strip = clockStrip(width, height);
  if (strip.width === 0 || strip.y < 0 || rgba.length < 4 * width * height) return undefined;
  const cut = new Uint8Array(4 * strip.width * strip.height);
  for (let row = 0; row < strip.height; row += 1) {
    const from = 4 * ((strip.y + row) * width + strip.x);
    for (let at = 0; at < 4 * strip.width; at += 1) cut[4 * row * strip.width + at] = rgba[from + at] ?? 0;
  }
  return decodeClockStrip(cut, strip.width, strip.height);
}
