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
/** What a piece of memory costs beside its bytes: who sends a message byte by byte holds many. */
export const PIECE_BYTES = 256;

/**
 * Follows the frames of one peer, to know how much memory its unfinished message holds: the pieces as they came, with
 * what was finished in the first of them, because that is what the WebSocket keeps.
 */
export class UnfinishedMessage {
  /** Of the header, so many have come; there are thousands of peers: numbers take less memory than a buffer. */
  #headerBytes = 0;
  #first = 0;
  #second = 0;
  #length = 0;
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
        this.#readHeader(piece[offset] ?? 0);
        offset += 1;
        if (this.#headerBytes < this.#headerLength) continue;
        this.#payloadBytes = this.#length;
      }
      if (this.#payloadBytes === 0) finished = this.#endFrame() || finished;
    }
    const unfinished = this.#open || this.#headerBytes > 0;
    const before = finished ? 0 : this.#heldBytes;
    this.#heldBytes = unfinished ? before + piece.length + PIECE_BYTES : 0;
  }

  #readHeader(byte: number): void {
    const at = this.#headerBytes;
    this.#headerBytes += 1;
    if (at === 0) this.#first = byte;
    else if (at === 1) {
      this.#second = byte;
      this.#length = this.#extendedBytes === 0 ? byte & LENGTH : 0;
    } else if (at < SHORT_HEADER_BYTES + this.#extendedBytes) this.#length = this.#length * 256 + byte;
  }

  get #extendedBytes(): number {
    const length = this.#second & LENGTH;
    return length === LENGTH_64 ? 8 : length === LENGTH_16 ? 2 : 0;
  }

  /** As far as the bytes that are there tell. */
  get #headerLength(): number {
    if (this.#headerBytes < SHORT_HEADER_BYTES) return SHORT_HEADER_BYTES;
    return SHORT_HEADER_BYTES + this.#extendedBytes + ((this.#second & MASK) === 0 ? 0 : MASK_BYTES);
  }

  /** True where nothing is left unfinished. */
  #endFrame(): boolean {
    this.#headerBytes = 0;
    if ((this.#first & OPCODE) < FIRST_CONTROL) this.#open = (this.#first & FIN) === 0;
    return !this.#open;
  }
}
