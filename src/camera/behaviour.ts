import type { Charset } from '../gb28181/types.ts';
import { STANDARD_PS_SYNTAX, type PsSyntax } from '../media/ps/muxer.ts';

/** Numbers of one session. */
export interface SsrcChoice {
  /** Ten digits of the answer's `y=`; absent: no such line. */
  readonly y: string | undefined;
  /** In the RTP headers. */
  readonly rtp: number;
}

/** A frame about to leave. */
export interface OutgoingFrame {
  /** The session's own copy. */
  readonly bytes: Buffer;
  /** As in `FrameTemplate.packets`. */
  readonly starts: Int32Array;
  /** Of the session, from 0. */
  readonly number: number;
  readonly transport: 'udp' | 'tcp';
}

/** Changes a frame's bytes as they leave; over UDP their number must stay. */
export type FrameFault = (frame: OutgoingFrame) => Buffer;

/** Changes a SIP message between the stack and the network; undefined: it is lost. */
export type WireFault = (message: Buffer) => Buffer | undefined;

/**
 * What a camera does where cameras differ. The standard's way is `STANDARD_BEHAVIOUR`; a quirk returns a copy with one
 * strategy replaced.
 */
export interface Behaviour {
  readonly charset: Charset;
  /** Expires header of REGISTER (GB/T 28181 3.1). */
  readonly sendExpires: boolean;
  /** From the offer's `y=`, undefined where it has none (GB/T 28181 13.4). */
  readonly ssrc: (offered: number | undefined, random: () => number) => SsrcChoice;
  /** Lines of the answer without line ends. */
  readonly answer: (lines: readonly string[]) => readonly string[];
  readonly syntax: PsSyntax;
  /** Which of the built-in clips. */
  readonly clip: 'standard' | 'h265' | 'long-gop';
  /** Sends another, smaller picture where the offer asks for the sub-stream (GB/T 28181 13.3). */
  readonly hasSubStream: boolean;
  readonly audio: 'pcma' | 'pcmu' | 'aac' | 'aac-as-g711';
  /** Seconds of a session before its audio begins. */
  readonly audioAfterSec: number;
  /** RTP timestamp for a clock of 90 kHz. */
  readonly rtpTimestamp: (clock90k: number) => number;
  readonly frameFaults: readonly FrameFault[];
  /** Connects and sends as soon as there is an INVITE, without waiting for the ACK. */
  readonly earlyMedia: boolean;
  /** From an INVITE to its final response. */
  readonly answerAfterSec: number;
  /** RTCP sender reports between the RTP packets (RFC 5761). */
  readonly rtcpMux: boolean;
  /** 0: sessions last until the platform ends them. */
  readonly byeAfterSec: number;
  readonly honoursIdrRequests: boolean;
  /** What becomes of MANSRTSP (GB/T 28181 14); refused: with 501. */
  readonly infoAnswer: 'obeyed' | 'refused' | 'none';
  readonly playsBackwards: boolean;
  /** Where the end of a recording is told (GB/T 28181 5.3). */
  readonly mediaStatus: 'dialog' | 'outside' | 'none';
  readonly wireFaults: readonly WireFault[];
  /** Another source port for each REGISTER. */
  readonly rotatesPort: boolean;
  /** 2016: no X-GB-ver, and silence to what only the 2022 edition has. */
  readonly edition: '2016' | '2022';
  /** Responses to DeviceControl and DeviceConfig where the standard wants them. */
  readonly answersControls: boolean;
  /** Dahua answers under another CmdType and ignores what is set; Hikvision answers Result ERROR (quirks 2.3). */
  readonly homePosition: 'standard' | 'dahua' | 'refuses';
  /** Answers PTZPosition and obeys PTZPreciseCtrl. */
  readonly tellsPosition: boolean;
  /** Elements of ConfigDownload have other names than their types. */
  readonly renamesConfig: boolean;
  /** DeviceConfig for a channel is refused. */
  readonly configuresDeviceOnly: boolean;
  readonly snapshotUpload: 'raw' | 'multipart';
  readonly snapshotsAtMost: number;
}

/** Ten decimal digits of `y=`. */
export function ssrcDigits(value: number): string {
  return String(value).padStart(10, '0');
}

/** A number for live streams, first digit 0, never zero. */
export function randomSsrc(random: () => number): number {
  return 1 + Math.floor(random() * 999_999_998);
}

export const STANDARD_BEHAVIOUR: Behaviour = {
  charset: 'gb18030',
  sendExpires: true,
  ssrc: (offered, random) => {
    const rtp = offered ?? randomSsrc(random);
    return { y: ssrcDigits(rtp), rtp };
  },
  answer: (lines) => lines,
  syntax: STANDARD_PS_SYNTAX,
  clip: 'standard',
  hasSubStream: true,
  audio: 'pcma',
  audioAfterSec: 0,
  rtpTimestamp: (clock90k) => clock90k,
  frameFaults: [],
  earlyMedia: false,
  answerAfterSec: 0,
  rtcpMux: false,
  byeAfterSec: 0,
  honoursIdrRequests: true,
  infoAnswer: 'obeyed',
  playsBackwards: true,
  mediaStatus: 'dialog',
  wireFaults: [],
  rotatesPort: false,
  edition: '2022',
  answersControls: true,
  homePosition: 'standard',
  tellsPosition: true,
  renamesConfig: false,
  configuresDeviceOnly: false,
  snapshotUpload: 'raw',
  snapshotsAtMost: Number.POSITIVE_INFINITY,
};
