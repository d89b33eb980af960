import type { RtpPublication } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import { errorMessage } from '../../util/index.ts';
import { parseDescription, type Description } from '../description.ts';
import { parseSession } from '../headers/session.ts';
import { formatTransport, parseTransport, type TransportSpec } from '../headers/transport.ts';
import { requestUrl, resolveControl } from './address.ts';
import { remapFrames } from './channels.ts';
import { followRedirects, type Dialogue, type DialogueOptions } from './dialogue.ts';
import { RtspClientError } from './errors.ts';
import { expectSuccess, refused } from './expect-success.ts';
import type { ServerResponse } from './framer.ts';
import { KeepAlive } from './keep-alive.ts';

/**
 * How packets are to come: `auto` and `udp` take the other way where the server refuses with 461. `auto` begins with TCP,
 * but not at servers that are known to have UDP only.
 */
export type SourceTransport = 'auto' | 'tcp' | 'udp';
type Lower = 'tcp' | 'udp';

export interface SourceOptions extends Omit<DialogueOptions, 'onFrames' | 'onClosed'> {
  /** Most that lies between two keep-alives. */
  readonly keepAliveMs: number;
  readonly log: Logger;
}

/** Where a source is to play. */
export interface PlayTarget {
  readonly publication: RtpPublication;
  readonly openUdp: RtpPublication['openUdp'];
  readonly transport: SourceTransport;
  /** Once, after it has begun: the server is gone. */
  readonly onLost: (error: RtspClientError) => void;
}

/** RFC 2326 §12.37. */
const DEFAULT_SESSION_TIMEOUT_SEC = 60;
/** Half of a session timeout of seconds that make no sense. */
const MIN_KEEP_ALIVE_MS = 1000;
const TEARDOWN_WAIT_MS = 1000;
const MAX_SERVER_CHARS = 256;
/** pms: it does not answer a SETUP without client_port, neither with 461 nor at all. */
const UDP_ONLY_SERVER = /^PingOS\b/i;

/** One stream at an RTSP server: described, then played into a publication, then torn down. */
export class RtspSource {
  readonly #options: SourceOptions;
  #dialogue: Dialogue | undefined;
  #description: Description | undefined;
  /** What relative control URLs are relative to. */
  #base = '';
  #methods = '';
  #server = '';
  #session: string | undefined;
  #sessionTimeoutSec = DEFAULT_SESSION_TIMEOUT_SEC;
  #publication: RtpPublication | undefined;
  /** The server's channels to those of the publication, and back. */
  readonly #inward = new Map<number, number>();
  readonly #outward = new Map<number, number>();
  #keepAlive: KeepAlive | undefined;
  #onLost: ((error: RtspClientError) => void) | undefined;
  #closed = false;

  private constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** Connects and asks what there is. @throws RtspClientError, `codec_unsupported` where nothing can be carried */
  static async describe(options: SourceOptions): Promise<RtspSource> {
    const source = new RtspSource(options);
    try {
      await source.#describe();
      return source;
    } catch (error) {
      source.#drop();
      throw error;
    }
  }

  get description(): Description {
    return this.#description ?? { tracks: [], omitted: [] };
  }

  get remoteAddress(): string {
    return this.#dialogue?.remoteAddress ?? '';
  }

  /** What the server calls itself. */
  get server(): string {
    return this.#server;
  }

  /**
   * Sets the tracks up and lets them play into a publication whose tracks are those of the description. Resolves with the
   * transport that was agreed on. @throws RtspClientError, PortsExhaustedError
   */
  async play(target: PlayTarget): Promise<Lower> {
    const { publication, onLost } = target;
    this.#publication = publication;
    publication.on('rtcp', this.#sendRtcp);
    try {
      const lower = await this.#setupAll(target);
      await this.#expect({
        method: 'PLAY',
        uri: this.#aggregate,
        headers: { ...this.#sessionHeader, Range: 'npt=0.000-' },
      });
      this.#onLost = onLost;
      this.#startKeepAlive();
      return lower;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** TEARDOWN, whose answer is waited for a second. Idempotent, never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const dialogue = this.#dialogue;
    this.#silence();
    if (dialogue !== undefined && this.#session !== undefined && !dialogue.closed) {
      const asked = { method: 'TEARDOWN', uri: this.#aggregate, headers: this.#sessionHeader };
      await dialogue.request(asked, TEARDOWN_WAIT_MS).catch(() => undefined);
    }
    dialogue?.close();
  }

  async #describe(): Promise<void> {
    const options: DialogueOptions = {
      ...this.#options,
      onFrames: (frames) => this.#handleFrames(frames),
      onClosed: (error) => this.#lose(error),
    };
    const { dialogue, response } = await followRedirects(options, async (asked) => this.#ask(asked));
    this.#dialogue = dialogue;
    expectSuccess('DESCRIBE', response);
    const description = parseDescription(response.body.toString('utf8'));
    if (typeof description === 'string') {
      throw new RtspClientError('rtsp_bad_answer', `the description cannot be read: ${description}`);
    }
    if (description.tracks.length === 0) {
      const names = description.omitted.join(', ') || 'no video and no audio';
      throw new RtspClientError('codec_unsupported', `nothing that can be carried: ${names}`);
    }
    this.#description = description;
    const { headers } = response;
    this.#server = (headers.get('server') ?? '').slice(0, MAX_SERVER_CHARS);
    const base = requestUrl(headers.get('content-base') ?? '') ?? requestUrl(headers.get('content-location') ?? '');
    this.#base = base ?? dialogue.address.href;
  }

  async #ask(dialogue: Dialogue): Promise<ServerResponse> {
    const uri = dialogue.address.href;
    const options = await dialogue.request({ method: 'OPTIONS', uri });
    this.#methods = options.headers.get('public') ?? '';
    if (options.status >= 300 && options.status < 400) return options;
    return dialogue.request({ method: 'DESCRIBE', uri, headers: { Accept: 'application/sdp' } });
  }

  async #setupAll(target: PlayTarget): Promise<Lower> {
    const { transport: wanted } = target;
    let lower: Lower = wanted === 'udp' || (wanted === 'auto' && UDP_ONLY_SERVER.test(this.#server)) ? 'udp' : 'tcp';
    for (let track = 0; track < this.description.tracks.length; track += 1) {
      const response = await this.#setup(target, track, lower);
      if (response !== 'unsupported') continue;
      // Nothing is set up yet, and there is another way.
      if (track > 0 || wanted === 'tcp') throw refused('SETUP', 461, 'Unsupported Transport');
      lower = lower === 'tcp' ? 'udp' : 'tcp';
      if ((await this.#setup(target, track, lower)) === 'unsupported') {
        throw refused('SETUP', 461, 'Unsupported Transport, neither TCP nor UDP');
      }
    }
    return lower;
  }

  async #setup(target: PlayTarget, track: number, lower: Lower): Promise<'done' | 'unsupported'> {
    const address = this.remoteAddress;
    const spec: TransportSpec =
      lower === 'tcp'
        ? { lower, delivery: 'unicast', interleaved: [2 * track, 2 * track + 1] }
        : { lower, delivery: 'unicast', clientPorts: await openPorts(target, track, address) };
    const uri = resolveControl(this.#base, this.description.tracks[track]?.control);
    const headers = { ...this.#sessionHeader, Transport: formatTransport(spec) };
    const response = await this.#request({ method: 'SETUP', uri, headers });
    if (response.status === 461) return 'unsupported';
    expectSuccess('SETUP', response);
    this.#takeSession(response);
    const chosen = parseTransport(response.headers.get('transport') ?? '')[0] ?? spec;
    if (chosen.lower !== lower) {
      throw new RtspClientError('rtsp_bad_answer', `${lower} was asked for and ${chosen.lower} answered`);
    }
    if (lower === 'tcp') this.#mapChannels(track, chosen.interleaved ?? [2 * track, 2 * track + 1]);
    else {
      const [rtpPort, rtcpPort] = chosen.serverPorts ?? [];
      const ports = rtpPort === undefined || rtcpPort === undefined ? {} : { rtpPort, rtcpPort };
      target.publication.setUdpRemote(track, { address, ...ports });
    }
    return 'done';
  }

  #mapChannels(track: number, channels: readonly [number, number]): void {
    channels.forEach((channel, index) => {
      this.#inward.set(channel, 2 * track + index);
      this.#outward.set(2 * track + index, channel);
    });
  }

  #takeSession({ headers }: ServerResponse): void {
    const session = parseSession(headers.get('session') ?? '');
    if (session === undefined) {
      if (this.#session === undefined)
        throw new RtspClientError('rtsp_bad_answer', 'SETUP was answered without a session');
      return;
    }
    this.#session = session.id;
    this.#sessionTimeoutSec = session.timeoutSec ?? DEFAULT_SESSION_TIMEOUT_SEC;
  }

  get #sessionHeader(): Readonly<Record<string, string | undefined>> {
    return { Session: this.#session };
  }

  /** RFC 2326 C.1.1: what PLAY and TEARDOWN name. */
  get #aggregate(): string {
    return resolveControl(this.#base, this.description.control);
  }

  async #request(asked: Parameters<Dialogue['request']>[0]): Promise<ServerResponse> {
    if (this.#dialogue === undefined || this.#closed) throw new RtspClientError('rtsp_aborted', 'the source is closed');
    return this.#dialogue.request(asked);
  }

  async #expect(asked: Parameters<Dialogue['request']>[0]): Promise<ServerResponse> {
    const response = await this.#request(asked);
    expectSuccess(asked.method, response);
    return response;
  }

  #startKeepAlive(): void {
    const dialogue = this.#dialogue;
    if (dialogue === undefined) return;
    if (dialogue.closed) throw new RtspClientError('rtsp_connection_lost', 'the server closed the connection');
    const { timeoutMs, keepAliveMs } = this.#options;
    this.#keepAlive = new KeepAlive({
      intervalMs: Math.min(keepAliveMs, Math.max(MIN_KEEP_ALIVE_MS, this.#sessionTimeoutSec * 500)),
      timeoutMs,
      knowsGetParameter: this.#methods === '' || /\bGET_PARAMETER\b/i.test(this.#methods),
      request: (method) => this.#request({ method, uri: this.#aggregate, headers: this.#sessionHeader }),
      silentMs: () => dialogue.silentMs,
      onLost: (error) => this.#lose(error),
    });
  }

  #handleFrames(frames: Buffer): void {
    if (this.#publication === undefined || this.#inward.size === 0) return;
    const mapped = remapFrames(frames, this.#inward);
    if (mapped === undefined) return;
    this.#publication.push(mapped);
  }

  readonly #sendRtcp = (framed: Uint8Array): void => {
    const mapped = remapFrames(framed, this.#outward);
    if (mapped !== undefined) this.#dialogue?.write(mapped);
  };

  #lose(error: RtspClientError): void {
    const tell = this.#onLost;
    if (this.#closed) return;
    this.#options.log.debug({ error: errorMessage(error) }, 'RTSP source lost');
    this.#drop();
    tell?.(error);
  }

  #drop(): void {
    this.#silence();
    this.#dialogue?.close();
  }

  /** Nothing reaches the publication or the owner any more. */
  #silence(): void {
    this.#closed = true;
    this.#keepAlive?.close();
    this.#publication?.off('rtcp', this.#sendRtcp);
    this.#publication = undefined;
    this.#onLost = undefined;
  }
}

async function openPorts(target: PlayTarget, track: number, address: string): Promise<readonly [number, number]> {
  const { rtp, rtcp } = await target.openUdp(track, { address });
  return [rtp, rtcp];
}
