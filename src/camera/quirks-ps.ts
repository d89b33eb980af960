import type { PsBytes, PsSyntax } from '../media/ps/muxer.ts';
import type { Behaviour } from './behaviour.ts';
import type { Quirk } from './quirks.ts';

/** Replaces one element of the program stream's syntax. */
function syntaxQuirk(name: string, summary: string, change: (syntax: PsSyntax) => Partial<PsSyntax>): Quirk {
  return {
    name,
    summary,
    apply: (behaviour: Behaviour): Behaviour => ({
      ...behaviour,
      syntax: { ...behaviour.syntax, ...change(behaviour.syntax) },
    }),
  };
}

const EMPTY = Buffer.alloc(0);
const TRUNCATED_PACK: PsBytes = { bytes: Buffer.from([0, 0, 1, 0xba]), stamps: [] };

/** es_map_length inside a program stream map (ISO/IEC 13818-1 2.5.4.1), program_stream_info being empty. */
const MAP_LENGTH_OFFSET = 10;

/** Private stream 1 with what looks like a video PES inside, as some recorders send their metadata. */
const PRIVATE_PES = Buffer.concat([
  Buffer.from([0, 0, 1, 0xbd, 0, 43, 0x80, 0, 0]),
  Buffer.from('PRIVATE', 'latin1'),
  Buffer.from([0, 0, 1, 0xe0, 0x12, 0x34, 0x84, 0x80, 0x05, 0x21, 0, 1, 0, 1]),
  Buffer.alloc(19, 0xa5),
]);

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

/** Faults of the program stream (what real devices send, by element). */
export const PS_QUIRKS: readonly Quirk[] = [
  syntaxQuirk('pes-length-zero', 'Hikvision: PES_packet_length 0 for video', () => ({ videoPesLength: () => 0 })),
  syntaxQuirk(
    'truncated-pack-header',
    'Hikvision H.265: 000001BA directly followed by the PES, without its ten bytes',
    (syntax) => ({ pack: (next) => (next === 'pes' ? TRUNCATED_PACK : syntax.pack(next)) }),
  ),
  syntaxQuirk('private-stream', 'Hikvision: private 0xBD stream with start codes in it', () => ({
    extra: () => PRIVATE_PES,
  })),
  syntaxQuirk('psm-bad-crc', 'CRC_32 of the program stream map is wrong', (syntax) => ({
    programStreamMap: (entries) =>
      changed(syntax.programStreamMap(entries), (map) => {
        map.writeUInt32BE((map.readUInt32BE(map.length - 4) ^ 0xffff_ffff) >>> 0, map.length - 4);
      }),
  })),
  syntaxQuirk('psm-bad-length', 'es_map_length tells only the video, so that audio seems undeclared', (syntax) => ({
    programStreamMap: (entries) =>
      changed(syntax.programStreamMap(entries), (map) => map.writeUInt16BE(4, MAP_LENGTH_OFFSET)),
  })),
  syntaxQuirk('no-psm', 'no program stream map', () => ({ programStreamMap: () => EMPTY })),
  syntaxQuirk('no-system-header', 'no system header', () => ({ systemHeader: () => EMPTY })),
];
