/*
 * RFC 9628 §4.2
 *  |I|P|L|F|B|E|V|Z|  I: |M| PictureID (7 or 15 bits) |  L: |TID|U|SID|D|  P and F: | P_DIFF |N| up to three times  V: …
 */
const PICTURE_ID = 0x80;
const PREDICTED = 0x40;
const LAYERS = 0x20;
const FLEXIBLE = 0x10;
const LONG_PICTURE_ID = 0x80;
const MORE_REFERENCES = 0x01;
const MAX_REFERENCES = 3;

/**
 * Takes the flexible mode out of the payload descriptor of an RTP packet, in place: browsers send in that mode, FFmpeg's
 * depacketizer takes its list of references for the picture. A decoder does not need the list. Returns the number of bytes
 * that the packet begins later; 0 for what is left as it is, among that spatial layers, which only the list tells apart. Total.
 */
export function leaveVp9FlexibleMode(packet: Buffer, payloadStart: number, payloadEnd: number): number {
  const first = payloadStart < payloadEnd ? packet[payloadStart]! : 0;
  if ((first & FLEXIBLE) === 0 || (first & LAYERS) !== 0) return 0;
  let at = payloadStart + 1;
  if ((first & PICTURE_ID) !== 0) at += at < payloadEnd && (packet[at]! & LONG_PICTURE_ID) !== 0 ? 2 : 1;
  let references = 0;
  if ((first & PREDICTED) !== 0) {
    do {
      if (references === MAX_REFERENCES || at + references >= payloadEnd) return 0;
      references += 1;
    } while ((packet[at + references - 1]! & MORE_REFERENCES) !== 0);
  }
  if (at + references >= payloadEnd) return 0;
  packet[payloadStart] = first & ~FLEXIBLE;
  packet.copyWithin(references, 0, at);
  return references;
}
