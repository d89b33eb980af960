import type { Tap, TapFrames, TapTrack, TrackKind } from '../../stream/index.ts';
import { resolveControl } from '../client/address.ts';
import { Dialogue, type DialogueOptions } from '../client/dialogue.ts';
import { RtspClientError } from '../client/errors.ts';
import { expectSuccess } from '../client/expect-success.ts';
import type { ServerResponse } from '../client/framer.ts';
import { KeepAlive } from '../client/keep-alive.ts';
import { parseSession } from '../headers/session.ts';
import { formatTransport, parseTransport, type PortPair } from '../headers/transport.ts';
import { InterleavedWriter } from '../interleaved-writer.ts';
import { asksForKeyFrame } from '../rtcp-feedback.ts';
import { formatDescription } from '../sdp.ts';

/** RFC 2326 §12.37. */
const DEFAULT_SESSION_TIMEOUT_SEC = 60;
const MIN_KEEP_ALIVE_MS = 1000;
const TEARDOWN_WAIT_MS = 1000;
const TICK_MS = 1000;
const FRAME_HEADER_BYTES = 4;

export interface SinkOptions extends Omit<DialogueOptions, 'onFrames' | 'onClosed' | 'hops'> {
  readonly tap: Tap;
  /** Most that lies between two keep-alives. */
  readonly keepAliveMs: number;
  /** Once, after it has begun: the server is gone, or takes nothing. */
  readonly onLost: (error: RtspClientError) => void;
}

/** One stream of ours announced to an RTSP server and recorded there over TCP (RFC 2326 §10.3, §10.11). */
export class RtspSink {
  readonly #options: SinkOptions;
  readonly #channels = new Map<TrackKind, PortPair>();
  #dialogue: Dialogue | undefined;
  #session: string | undefined;
  #sessionTimeoutSec = DEFAULT_SESSION_TIMEOUT_SEC;
  #writer: InterleavedWriter | undefined;
  #frames: TapFrames | undefined;
  #keepAlive: KeepAlive | undefined;
  #timer: NodeJS.Timeout | undefined;
  #recording = false;
  #closed = false;

  private constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** Resolves when packets flow. @throws RtspClientError, errors of the tap */
  static async open(options: SinkOptions): Promise<RtspSink> {
    const sink = new RtspSink(options);
    try {
      await sink.#open();
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }

  /** TEARDOWN, whose answer is waited for a second. Idempotent, never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#keepAlive?.close();
    this.#writer?.setPlaying(false);
    this.#frames?.close();
    const dialogue = this.#dialogue;
    if (dialogue === undefined) return;
    if (this.#session !== undefined && !dialogue.closed) {
      await dialogue.request({ method: 'TEARDOWN', ...this.#target }, TEARDOWN_WAIT_MS).catch(() => undefined);
    }
    dialogue.close();
  }

  async #open(): Promise<void> {
    const { tap } = this.#options;
    const dialogue = await Dialogue.open({
      ...this.#options,
      hops: [],
      onFrames: (frames) => this.#handleFrames(frames),
      onClosed: (error) => this.#lose(error),
    });
    this.#dialogue = dialogue;
    // Some servers ask for the account here already.
    const options = await dialogue.request({ method: 'OPTIONS', uri: dialogue.address.href });
    await this.#expect('ANNOUNCE', dialogue.address.href, {
      headers: { 'Content-Type': 'application/sdp' },
      body: this.#description(),
    });
    for (const [index, track] of tap.tracks.entries()) await this.#setup(track, index);
    await this.#expect('RECORD', dialogue.address.href, { headers: { ...this.#sessionHeader, Range: 'npt=0.000-' } });
    await this.#flow();
    this.#startKeepAlive(options.headers.get('public') ?? '');
    this.#recording = true;
  }

  #description(): string {
    const { tap } = this.#options;
    return formatDescription({
      stream: tap.stream,
      tracks: tap.tracks,
      address: '127.0.0.1',
      sessionId: Date.now(),
      direction: 'sendonly',
    });
  }

  async #setup(track: TapTrack, index: number): Promise<void> {
    const wanted: PortPair = [2 * index, 2 * index + 1];
    const uri = resolveControl(this.#options.address.href, `trackID=${index}`);
    const transport = formatTransport({ lower: 'tcp', delivery: 'unicast', interleaved: wanted, mode: 'record' });
    const response = await this.#expect('SETUP', uri, { headers: { ...this.#sessionHeader, Transport: transport } });
    this.#takeSession(response);
    const chosen = parseTransport(response.headers.get('transport') ?? '')[0];
    if (chosen !== undefined && chosen.lower !== 'tcp') {
      throw new RtspClientError('rtsp_bad_answer', `tcp was asked for and ${chosen.lower} answered`);
    }
    this.#channels.set(track.kind, chosen?.interleaved ?? wanted);
  }

  #takeSession({ headers }: ServerResponse): void {
    const session = parseSession(headers.get('session') ?? '');
    if (session === undefined) {
      if (this.#session !== undefined) return;
      throw new RtspClientError('rtsp_bad_answer', 'SETUP was answered without a session');
    }
    this.#session = session.id;
    this.#sessionTimeoutSec = session.timeoutSec ?? DEFAULT_SESSION_TIMEOUT_SEC;
  }

  async #flow(): Promise<void> {
    const { tap } = this.#options;
    const writer = new InterleavedWriter({
      socket: this.#opened.writable,
      channels: Object.fromEntries(this.#channels),
      requestKeyFrame: () => this.#frames?.requestKeyFrame(),
      onStuck: () => this.#lose(new RtspClientError('rtsp_timeout', 'the server takes nothing')),
      now: () => performance.now(),
    });
    this.#writer = writer;
    writer.setPlaying(true);
    this.#frames = await tap.openFrames((frames) => writer.onFrames(frames));
    this.#timer = setInterval(() => writer.tick(), TICK_MS);
  }

  #startKeepAlive(methods: string): void {
    const dialogue = this.#opened;
    const { timeoutMs, keepAliveMs } = this.#options;
    this.#keepAlive = new KeepAlive({
      intervalMs: Math.min(keepAliveMs, Math.max(MIN_KEEP_ALIVE_MS, this.#sessionTimeoutSec * 500)),
      timeoutMs,
      knowsGetParameter: /\bGET_PARAMETER\b/i.test(methods),
      request: (method) => dialogue.request({ method, ...this.#target }),
      silentMs: () => dialogue.silentMs,
      onLost: (error) => this.#lose(error),
    });
  }

  /** @throws RtspClientError where it was closed meanwhile */
  get #opened(): Dialogue {
    if (this.#dialogue !== undefined && !this.#closed && !this.#dialogue.closed) return this.#dialogue;
    throw new RtspClientError('rtsp_connection_lost', 'the connection is closed');
  }

  get #sessionHeader(): Readonly<Record<string, string | undefined>> {
    return { Session: this.#session };
  }

  get #target(): { readonly uri: string; readonly headers: Readonly<Record<string, string | undefined>> } {
    return { uri: this.#options.address.href, headers: this.#sessionHeader };
  }

  async #expect(
    method: string,
    uri: string,
    rest: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body?: string },
  ): Promise<ServerResponse> {
    const response = await this.#opened.request({ method, uri, ...rest });
    expectSuccess(method, response);
    return response;
  }

  /** RTCP of the server: it may miss a picture. */
  #handleFrames(frames: Buffer): void {
    const channel = this.#channels.get('video')?.[1];
    for (let at = 0; at + FRAME_HEADER_BYTES <= frames.length;) {
      const end = at + FRAME_HEADER_BYTES + frames.readUInt16BE(at + 2);
      const packet = frames.subarray(at + FRAME_HEADER_BYTES, end);
      if (frames[at + 1] === channel && asksForKeyFrame(packet)) this.#frames?.requestKeyFrame();
      at = end;
    }
  }

  #lose(error: RtspClientError): void {
    if (this.#closed) return;
    const recording = this.#recording;
    void this.close();
    if (recording) this.#options.onLost(error);
  }
}
