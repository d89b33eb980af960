import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createRtpView, parseRtp } from '../../src/media/index.ts';
import { Av1Depacketizer } from '../../src/record/frame/av1.ts';
import type { CodedFrame, FrameSink } from '../../src/record/frame/types.ts';

const GST_LAUNCH = 'gst-launch-1.0';
const ATTEMPT_MS = 10_000;
const ATTEMPTS = 6;
/** Begins each temporal unit of a stream (AV1 bitstream 7.5). */
const TEMPORAL_DELIMITER = Buffer.from([0x12, 0]);

/** What GStreamer has made of the stream. */
interface Av1Reading {
  /** So many pictures were decoded, and sound beside them. */
  readonly ended: boolean;
  /** Caps of the decoded pictures and sound, as `-v` tells them. */
  readonly out: string;
  readonly errors: string;
  /** Reasons of the depacketizer. */
  readonly payloadErrors: readonly string[];
}

/**
 * RFC 4571 frames of AV1 → an OBU stream. Stands in for the one element that Debian's GStreamer lacks, the
 * depacketizer (`rtpav1depay` of gst-plugins-rs).
 */
class Av1Depayloader implements FrameSink {
  readonly payloadErrors: string[] = [];
  readonly #depacketizer = new Av1Depacketizer(this);
  readonly #view = createRtpView();
  readonly #out: (bytes: Buffer) => void;
  #rest = Buffer.alloc(0);
  #sequenceNumber: number | undefined;
  #started = false;

  constructor(out: (bytes: Buffer) => void) {
    this.#out = out;
  }

  push(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      const end = at + 2 + bytes.readUInt16BE(at);
      if (end > bytes.length) break;
      this.#pushPacket(bytes.subarray(at + 2, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  onFrame({ data, keyFrame }: CodedFrame): void {
    this.#started ||= keyFrame;
    if (this.#started) this.#out(Buffer.concat([TEMPORAL_DELIMITER, data]));
  }

  onPayloadError(reason: string): void {
    this.payloadErrors.push(reason);
  }

  #pushPacket(packet: Buffer): void {
    const error = parseRtp(packet, this.#view);
    if (error !== undefined) return this.onPayloadError(error);
    const { sequenceNumber } = this.#view;
    if (this.#sequenceNumber !== undefined && sequenceNumber !== ((this.#sequenceNumber + 1) & 0xffff)) {
      this.onPayloadError(`gap before ${sequenceNumber}`);
      this.#depacketizer.gap();
    }
    this.#sequenceNumber = sequenceNumber;
    this.#depacketizer.push(this.#view);
  }
}

class Output {
  out = '';
  errors = '';

  follow(child: ChildProcess): void {
    child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }
}

async function readOnce(url: string, transport: 'udp' | 'tcp', pictures: number): Promise<Av1Reading> {
  const decode = ['-v', 'fdsrc', 'fd=0', '!', 'av1parse', '!', 'av1dec'];
  const shown = ['!', 'fakesink', 'name=video', 'sync=false', `num-buffers=${pictures}`];
  const source = ['-v', 'rtspsrc', `location=${url}`, `protocols=${transport}`, 'name=source'];
  const picture = ['source.', '!', 'application/x-rtp,media=video,encoding-name=AV1', '!', 'rtpstreampay'];
  const sound = ['source.', '!', 'application/x-rtp,media=audio', '!', 'rtpopusdepay', '!', 'opusdec'];
  const heard = ['!', 'fakesink', 'name=audio', 'sync=false', 'async=false'];
  const receiverArgs = [...source, ...picture, '!', 'fdsink', 'fd=3', 'sync=false', 'async=false', ...sound, ...heard];
  const decoder = spawn(GST_LAUNCH, [...decode, ...shown], { stdio: ['pipe', 'pipe', 'pipe'] });
  const receiver = spawn(GST_LAUNCH, receiverArgs, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const output = new Output();
  const depayloader = new Av1Depayloader((bytes) => decoder.stdin.write(bytes));
  for (const child of [decoder, receiver]) output.follow(child);
  // What has decoded enough closes its end of the pipe.
  decoder.stdin.on('error', () => undefined);
  (receiver.stdio[3] as Duplex).on('data', (chunk: Buffer) => depayloader.push(chunk));
  const closed = once(receiver, 'close');
  const timer = setTimeout(() => decoder.kill('SIGKILL'), ATTEMPT_MS);
  const [code] = (await once(decoder, 'close')) as [number | null];
  clearTimeout(timer);
  receiver.kill('SIGKILL');
  await closed;
  const ended = code === 0 && output.out.includes(':audio.GstPad:sink: caps = audio/x-raw');
  const { out, errors } = output;
  return { ended, out, errors, payloadErrors: depayloader.payloadErrors };
}

/**
 * Reads AV1 and Opus as GStreamer does: session, transport, jitter buffer, parser and decoders are Debian's, between
 * them is {@link Av1Depayloader}. Asked again where rtspsrc has not told all of its pads, see `readWithGstreamer`.
 */
export async function readAv1WithGstreamer(
  url: string,
  transport: 'udp' | 'tcp',
  pictures: number,
): Promise<Av1Reading> {
  let reading = await readOnce(url, transport, pictures);
  for (let attempt = 1; attempt < ATTEMPTS && !reading.ended; attempt += 1) {
    reading = await readOnce(url, transport, pictures);
  }
  return reading;
}
