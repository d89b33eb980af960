import type { FrameFault } from './behaviour.ts';
import { LENGTH_BYTES } from './muxed-clip.ts';
import type { Quirk } from './quirks.ts';

const LATE_AUDIO_SEC = 5;
/** Between two corruptions, frames of 25 a second. */
const CORRUPT_EVERY = 75;
const LOST_BYTES = 37;

const dropMarkers: FrameFault = ({ bytes, starts }) => {
  for (let packet = 0; packet + 1 < starts.length; packet += 1) {
    const at = (starts[packet] ?? 0) + 1;
    bytes[at] = (bytes[at] ?? 0) & 0x7f;
  }
  return bytes;
};

/** A send buffer overwritten in mid-packet: some bytes are gone, and the length in front of them is a lie. */
const loseBytes: FrameFault = ({ bytes, starts, number, transport }) => {
  if (transport === 'udp' || number % CORRUPT_EVERY !== CORRUPT_EVERY - 1) return bytes;
  const first = starts[0] ?? 0;
  const end = (starts[1] ?? 0) - LENGTH_BYTES;
  const middle = first + Math.floor((end - first) / 2);
  return Buffer.concat([bytes.subarray(0, middle), bytes.subarray(Math.min(end, middle + LOST_BYTES))]);
};

/** Faults of codecs, RTP headers and TCP framing. */
export const RTP_QUIRKS: readonly Quirk[] = [
  {
    name: 'no-marker',
    summary: 'the RTP marker is never set',
    apply: (behaviour) => ({ ...behaviour, frameFaults: [...behaviour.frameFaults, dropMarkers] }),
  },
  {
    name: 'rtp-ts-zero',
    summary: 'every RTP timestamp is 0',
    apply: (behaviour) => ({ ...behaviour, rtpTimestamp: () => 0 }),
  },
  {
    name: 'aac-as-g711',
    summary: 'Dahua: AAC declared as G.711 A-law (0x90)',
    apply: (behaviour) => ({ ...behaviour, audio: 'aac-as-g711' }),
  },
  { name: 'aac', summary: 'AAC audio, declared as such', apply: (behaviour) => ({ ...behaviour, audio: 'aac' }) },
  { name: 'ulaw', summary: 'G.711 µ-law audio (0x91)', apply: (behaviour) => ({ ...behaviour, audio: 'pcmu' }) },
  {
    name: 'late-audio',
    summary: `audio begins N seconds into a session: late-audio=N, ${LATE_AUDIO_SEC} where not given`,
    apply: (behaviour, argument) => ({ ...behaviour, audioAfterSec: argument ?? LATE_AUDIO_SEC }),
  },
  { name: 'h265', summary: 'H.265 video, declared as such', apply: (behaviour) => ({ ...behaviour, clip: 'h265' }) },
  {
    name: 'long-gop',
    summary: 'a key frame only every 20 seconds',
    apply: (behaviour) => ({ ...behaviour, clip: 'long-gop' }),
  },
  {
    name: 'tcp-corrupt',
    summary: 'TCP: bytes missing in mid-packet every 3 seconds',
    apply: (behaviour) => ({ ...behaviour, frameFaults: [...behaviour.frameFaults, loseBytes] }),
  },
  {
    name: 'rtcp-mux',
    summary: 'RTCP sender reports on the RTP port, the first before any RTP',
    apply: (behaviour) => ({ ...behaviour, rtcpMux: true }),
  },
];
