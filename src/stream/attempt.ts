import type {
  Device,
  HistoryInvite,
  LiveSession,
  MediaAnswer,
  MediaTransport,
  Platform,
  SsrcLease,
} from '../gb28181/index.ts';
import type { Ingest, MediaThreads, VideoTrack } from '../media/index.ts';
import { GatewayError, errorMessage, type Logger } from '../util/index.ts';
import { StreamError } from './errors.ts';
import { IngestWatch } from './ingest-watch.ts';
import type { Timing } from './options.ts';
import type { Play } from './play.ts';
import { Source } from './source.ts';
import type { PlayFailure } from './types.ts';

/** A PSM may name a wrong codec before the right one (Keda, quirks 2.4). */
const CODEC_GRACE_MS = 1000;

/** The feeds of all workers listen to one ingest. */
const MAX_LISTENERS = 200;

/** Responses by which devices refuse the offered transport rather than the call (RFC 3261 §21.4). */
const REFUSED_TRANSPORT = new Set([400, 415, 488, 500, 606]);

/** What streams need of the platform. */
export type StreamPlatform = Pick<
  Platform,
  | 'device'
  | 'settingsInForce'
  | 'findChannel'
  | 'reserveSsrc'
  | 'mediaAddress'
  | 'mediaTransports'
  | 'rememberTransport'
  | 'invite'
  | 'recordedStretches'
  | 'requestKeyFrame'
  | 'touch'
> & {
  on(event: 'deviceOnline' | 'deviceChanged', listener: (device: Device) => void): unknown;
  off(event: 'deviceOnline' | 'deviceChanged', listener: (device: Device) => void): unknown;
};

/** What opening a source needs. */
export interface SourceContext {
  readonly platform: StreamPlatform;
  readonly media: Pick<MediaThreads, 'openIngest'>;
  readonly timing: Timing;
  /** Absent = the live picture. */
  readonly history?: HistoryInvite | undefined;
  readonly log: Logger;
}

/** Opens the channel over the device's transports in order, until one brings playable video. @throws StreamError */
export async function openSource(context: SourceContext, play: Play, signal: AbortSignal): Promise<Source> {
  const { platform } = context;
  const { deviceId } = play.request;
  const device = platform.device(deviceId);
  if (device?.online !== true) {
    const state = device === undefined ? 'has never registered' : `is offline: ${device.offlineReason ?? 'unknown'}`;
    throw new StreamError('device_offline', `device ${deviceId} ${state}`);
  }
  const failures: StreamError[] = [];
  for (const transport of platform.mediaTransports(deviceId)) {
    if (failures.length > 0) play.add('fallback', `${transport}, because ${failures.at(-1)?.message}`);
    const attempt = new Attempt(context, play, transport);
    try {
      const source = await attempt.open(signal);
      platform.rememberTransport(deviceId, transport);
      play.transport = transport;
      return source;
    } catch (cause) {
      const error = toStreamError(cause);
      if (signal.aborted || !attempt.otherTransportMayHelp(error)) throw error;
      failures.push(error);
    }
  }
  throw worst(failures);
}

/** Packets of the wrong kind tell more than none, and none tells more than a refusal of one transport. */
function worst(failures: readonly StreamError[]): StreamError {
  const rank: readonly PlayFailure[] = [
    'rtp_wrong_ssrc',
    'rtp_wrong_source',
    'no_rtp',
    'device_bye',
    'invite_rejected',
  ];
  const ranked = failures.toSorted((a, b) => rank.indexOf(a.code) - rank.indexOf(b.code));
  return ranked[0] ?? new StreamError('no_rtp', 'the device has no media transport to try');
}

/** Codes of the parts below as a play tells them; what is not here is an attempt that was lost. */
const PLAY_CODES: ReadonlyMap<string, PlayFailure> = new Map([
  ['device_offline', 'device_offline'],
  ['invite_timeout', 'invite_timeout'],
  ['invite_rejected', 'invite_rejected'],
  ['invite_bad_answer', 'invite_rejected'],
  ['invite_aborted', 'closed'],
  ['no_media_port', 'no_media_port'],
  ['ssrc_exhausted', 'no_media_port'],
  ['media_address_unknown', 'no_media_port'],
]);

/** Anything that was thrown, with the reason code of a play. */
export function toStreamError(cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  if (!(cause instanceof GatewayError)) return new StreamError('media_lost', errorMessage(cause), { cause });
  const code = PLAY_CODES.get(cause.code) ?? 'media_lost';
  return new StreamError(code, cause.message, { cause, ...sipStatusOf(cause) });
}

function sipStatusOf(cause: GatewayError): { sipStatus?: number } {
  return 'status' in cause && typeof cause.status === 'number' ? { sipStatus: cause.status } : {};
}

/** One INVITE over one transport. */
class Attempt {
  readonly #context: SourceContext;
  readonly #play: Play;
  readonly #transport: MediaTransport;
  #rtpSeen = false;

  constructor(context: SourceContext, play: Play, transport: MediaTransport) {
    this.#context = context;
    this.#play = play;
    this.#transport = transport;
  }

  otherTransportMayHelp(error: StreamError): boolean {
    if (this.#rtpSeen) return false;
    if (error.code === 'invite_rejected') {
      // Without a status it was a 200 whose SDP has no media to use.
      return error.sipStatus === undefined || REFUSED_TRANSPORT.has(error.sipStatus);
    }
    return ['no_rtp', 'rtp_wrong_ssrc', 'rtp_wrong_source', 'device_bye'].includes(error.code);
  }

  /** Everything that was opened is closed again where it fails. */
  async open(signal: AbortSignal): Promise<Source> {
    const { platform, media, timing, history } = this.#context;
    const { deviceId } = this.#play.request;
    const ssrc = platform.reserveSsrc(history === undefined ? 'live' : 'history');
    let ingest: Ingest | undefined;
    let watch: IngestWatch | undefined;
    let session: LiveSession | undefined;
    try {
      ingest = await media.openIngest({
        id: `${this.#play.id}/${ssrc.text}`,
        transport: this.#transport,
        ssrc: ssrc.value,
        ssrcCheck: platform.settingsInForce(deviceId).effective.ssrcCheck,
        silenceMs: timing.silenceTimeoutMs,
        material: history?.kind ?? 'live',
      });
      ingest.setMaxListeners(MAX_LISTENERS);
      watch = new IngestWatch(ingest, this.#play);
      session = await this.#invite({ ingest, ssrc, firstPacket: watch.firstPacket }, signal);
      watch.attachSession(session);
      await this.#waitForMedia(watch, signal);
      watch.close();
      return new Source({ ingest, session, ssrc, transport: this.#transport, keyFrame: watch.keyFrame });
    } catch (error) {
      watch?.close();
      if (session !== undefined && ingest !== undefined) {
        const source = new Source({ ingest, session, ssrc, transport: this.#transport, keyFrame: false });
        await source.close(timing.byeWaitMs);
      } else {
        ingest?.close();
        ssrc.release();
      }
      throw error;
    }
  }

  async #invite(
    { ingest, ssrc, firstPacket }: { ingest: Ingest; ssrc: SsrcLease; firstPacket: Promise<void> },
    signal: AbortSignal,
  ): Promise<LiveSession> {
    const { platform, history } = this.#context;
    const play = this.#play;
    const { deviceId, channelId, subStream } = play.request;
    const mediaAddress = await platform.mediaAddress(deviceId);
    const session = await platform.invite({
      deviceId,
      channelId,
      subStream,
      ...(history !== undefined && { history }),
      ssrc,
      transport: this.#transport,
      mediaAddress,
      mediaPort: ingest.localPort,
      signal,
      firstPacket,
      onProgress: (stage, detail, callId) => {
        play.addCallId(callId);
        const where = `${this.#transport}, ${mediaAddress}:${ingest.localPort}, SSRC ${ssrc.text}`;
        if (stage === 'invite_sent') play.add('invite_sent', where);
        else play.add(stage === 'ok' ? 'ok' : 'trying', detail);
      },
    });
    play.addCallId(session.callId);
    // Behind NAT the device's SIP tells where it is, on a network of its own its `c=` does; a connection of ours is its.
    const sipAddress = platform.device(deviceId)?.sourceAddress ?? '';
    const sourcesOf = ({ address }: MediaAnswer): string[] =>
      this.#transport === 'tcp-active' ? [] : [address, sipAddress].filter((each) => each !== '');
    applyAnswer(ingest, session.answer, sourcesOf(session.answer));
    session.once('answered', (answer) => {
      if (!play.ended) play.add('ok', '200, after the packets');
      applyAnswer(ingest, answer, sourcesOf(answer));
    });
    return session;
  }

  /** Files get H.265 as well. */
  #isWanted(video: VideoTrack | undefined): boolean {
    const forFile = this.#context.history?.kind === 'download';
    return video?.playable === true || (forFile && video?.codec === 'h265');
  }

  async #waitForMedia(watch: IngestWatch, signal: AbortSignal): Promise<void> {
    const { firstPacketTimeoutMs, mediaTimeoutMs } = this.#context.timing;
    await watch.until(() => watch.rtp || watch.lost, firstPacketTimeoutMs, signal);
    if (!watch.rtp) throw watch.noRtpError(firstPacketTimeoutMs);
    this.#rtpSeen = true;
    const found = await watch.until(() => watch.video !== undefined || watch.lost, mediaTimeoutMs, signal);
    if (watch.lost) throw watch.lostError();
    if (!found) throw new StreamError('ps_no_video', `packets, but no video within ${mediaTimeoutMs} ms`);
    await watch.until(() => this.#isWanted(watch.video) || watch.lost, CODEC_GRACE_MS, signal);
    const { video } = watch;
    if (video === undefined || !this.#isWanted(video)) throw unsupported(video);
    this.#play.add('codec', describe(video));
  }
}

function applyAnswer(
  ingest: Ingest,
  { payloads, address, port, ssrc }: MediaAnswer,
  deviceAddresses: readonly string[],
): void {
  ingest.setAnswer({
    payloads,
    remoteAddress: address,
    remotePort: port,
    deviceAddresses,
    ...(ssrc === undefined ? {} : { ssrc }),
  });
}

export function unsupported(video: VideoTrack | undefined): StreamError {
  return new StreamError('codec_unsupported', `the camera sends ${codecName(video)}, players get H.264 only`);
}

function codecName(video: VideoTrack | undefined): string {
  const names = { h264: 'H.264', h265: 'H.265', mpeg4: 'MPEG-4', svac: 'SVAC', unknown: 'an unknown video codec' };
  return names[video?.codec ?? 'unknown'];
}

function describe(video: VideoTrack): string {
  const size = video.width === undefined ? '' : ` ${video.width}x${video.height}`;
  return `${codecName(video)}${size}${video.profileLevelId === undefined ? '' : ` profile-level-id ${video.profileLevelId}`}`;
}
