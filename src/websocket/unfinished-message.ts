/** RFC 6455 §5.2: FIN, opcode, MASK and length of a frame. */
const FIN = 0x80;
const OPCODE = 0x0f;
const MASK = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** §5.5: from here on control frames, which stand between the fragments of a message. */
const FIRST_CONTROL = 0x8;
const SHORT_HEADER_BYTES = 2;
const MASK_BYTES = 4;
const MAX_HEADER_BYTES = 14;
/** What a piece of memory costs beside its bytes: who sends a message byte by byte holds many. */
export const PIECE_BYTES = 256;

/**
 * Follows the frames of one peer, to know how much memory its unfinished message holds: the pieces as they came, with
 * what was finished in the first of them, because that is what the WebSocket keeps.
 */
export class UnfinishedMessage {
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Of the frame, still to come. */
  #payloadBytes = 0;
  /** A message whose last fragment has not come. */
  #open = false;
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  push(piece: Buffer): void {
    let offset = 0;
    let finished = false;
    while (offset < piece.length) {
      if (this.#payloadBytes > 0) {
        const read = Math.min(this.#payloadBytes, piece.length - offset);
        this.#payloadBytes -= read;
        offset += read;
      } else {
        this.#header[this.#headerBytes] = piece[offset] ?? 0;
        this.#headerBytes += 1;
        offset += 1;
        if (this.#headerBytes < headerLength(this.#header, this.#headerBytes)) continue;
        this.#payloadBytes = payloadLength(this.#header);
      }
      if (this.#payloadBytes === 0) finished = this.#endFrame() || finished;
    }
    const unfinished = this.#open || this.#headerBytes > 0;
    const before = finished ? 0 : this.#heldBytes;
    this.#heldBytes = unfinished ? before + piece.length + PIECE_BYTES : 0;
  }

  /** True where nothing is left unfinished. */
  #endFrame(): boolean {
    const first = this.#header[0] ?? 0;
    this.#headerBytes = 0;
    if ((first & OPCODE) < FIRST_CONTROL) this.#open = (first & FIN) === 0;
    return !this.#open;
  }
}

/** As far as the bytes that are there tell. */
function headerLength(header: Buffer, bytes: number): number {
  if (bytes < SHORT_HEADER_BYTES) return SHORT_HEADER_BYTES;
  const second = header[1] ?? 0;
  const length = second & LENGTH;
  const extended = length === LENGTH_64 ? 8 : length === LENGTH_16 ? 2 : 0;
  return SHORT_HEADER_BYTES + extended + ((second & MASK) === 0 ? 0 : MASK_BYTES);
}

function payloadLength(header: Buffer): number {
  const length = (header[1] ?? 0) & LENGTH;
  if (length === LENGTH_64) return Number(header.readBigUInt64BE(SHORT_HEADER_BYTES));
  return length === LENGTH_16 ? header.readUInt16BE(SHORT_HEADER_BYTES) : length;
}
