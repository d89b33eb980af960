import { SDP_CONTENT_TYPE } from '../gb28181/gb-sdp.ts';
import {
  formatMansrtspAnswer,
  MANSRTSP_CONTENT_TYPE,
  parseMansrtsp,
  type MansrtspRequest,
} from '../gb28181/mansrtsp.ts';
import { mediaStatusNotify } from '../gb28181/manscdp/media-status.ts';
import { formatManscdp, MANSCDP_CONTENT_TYPE, type ManscdpParts } from '../gb28181/manscdp/message.ts';
import { parseSubject } from '../gb28181/subject.ts';
import type { Dialog, IncomingRequest } from '../sip/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import { answerLines, readOffer, type LiveOffer } from './answer.ts';
import type { Behaviour } from './behaviour.ts';
import type { VirtualChannel } from './device.ts';
import { FrameLog } from './frame-log.ts';
import type { MediaCounters } from './frame-sender.ts';
import { HistorySession } from './history-session.ts';
import { MediaSession, type CallMedia } from './media-session.ts';
import type { MediaSource } from './media-source.ts';
import type { MuxedClip } from './muxed-clip.ts';
import type { PacketOrder } from './network-fault.ts';
import { openTcpConnectOutlet, openTcpListenOutlet, openUdpOutlet, type Outlet, type OutletOptions } from './outlet.ts';
import type { Recordings } from './recordings.ts';
import type { CameraOptions, CameraSession, CameraTransport, SessionEndReason } from './types.ts';
import type { Scheduled, Wheel } from './wheel.ts';

export interface CallsOptions {
  readonly localAddress: string;
  readonly behaviour: Behaviour;
  readonly source: MediaSource;
  readonly audio: boolean;
  readonly only: readonly CameraTransport[];
  readonly onlyMode: 'refuse' | 'silent';
  readonly maxSessions: number;
  readonly random: () => number;
  readonly order: PacketOrder | undefined;
  readonly wheel: Wheel;
  readonly counters: MediaCounters;
  readonly log: Logger;
  readonly onFrame: CameraOptions['onFrame'];
  readonly onStarted: (session: CameraSession) => void;
  readonly onEnded: (session: CameraSession, reason: SessionEndReason) => void;
  readonly onRefused: (channelId: string, status: number) => void;
  readonly onControlled: (session: CameraSession, request: MansrtspRequest) => void;
  readonly recordings: Recordings;
  /** A MESSAGE outside of any dialog. */
  readonly sendMessage: (deviceId: string, parts: ManscdpParts) => Promise<unknown>;
}

interface Call {
  readonly session: CameraSession;
  readonly media: CallMedia;
  /** `senderID:senderSeq` of the Subject. */
  readonly streamKey: string;
  dialog: Dialog | undefined;
  limit: Scheduled | undefined;
  ended: boolean;
}

/** RFC 2326 §11.3.7. */
const HEADER_NOT_VALID = 456;

/** The INVITE dialogs of all devices of a process, each with its media (GB/T 28181 13). */
export class Calls {
  readonly #options: CallsOptions;
  readonly #calls = new Set<Call>();
  readonly #logs = new Map<string, FrameLog>();
  #sn = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get sessions(): CameraSession[] {
    return Array.from(this.#calls, ({ session }) => session);
  }

  /** As `Camera.frameSentAt`. */
  frameSentAt(index: number, before: number, channelId?: string): number | undefined {
    let latest: number | undefined;
    for (const [id, log] of this.#logs) {
      if (channelId !== undefined && id !== channelId) continue;
      const at = log.sentAt(index, before);
      if (at !== undefined && (latest === undefined || at > latest)) latest = at;
    }
    return latest;
  }

  /** Every session of the channel sends a key frame next. */
  requestKeyFrame(channelId: string): void {
    for (const { session, media } of this.#calls) if (session.channelId === channelId) media.requestKeyFrame();
  }

  /** Answers an INVITE outside of a dialog. Never rejects. */
  async answer(incoming: IncomingRequest, channel: VirtualChannel): Promise<void> {
    const { only, onlyMode } = this.#options;
    const offer = readOffer(incoming.request.body);
    if (typeof offer === 'number') {
      this.#refuse(incoming, channel, offer);
      return;
    }
    const able = only.includes(offer.transport);
    if (!able && onlyMode === 'refuse') {
      this.#refuse(incoming, channel, 488);
      return;
    }
    const { history } = offer;
    const { recordings } = this.#options;
    if (history !== undefined && recordings.bytesOf(channel, history.fromSec * 1000, history.toSec * 1000) === 0) {
      this.#refuse(incoming, channel, 404);
      return;
    }
    const streamKey = streamKeyOf(incoming);
    await this.#release(streamKey);
    if (this.#sessionsOf(channel.deviceId) >= this.#options.maxSessions) {
      this.#refuse(incoming, channel, 486);
      return;
    }
    try {
      await this.#accept(incoming, { channel, offer, streamKey, silent: !able });
    } catch (error) {
      this.#options.log.warn({ channelId: channel.id, error: errorMessage(error) }, 'invite failed');
      incoming.reply(500);
    }
  }

  /** MANSRTSP in a dialog (GB/T 28181 14). */
  control(incoming: IncomingRequest): void {
    const { infoAnswer, playsBackwards } = this.#options.behaviour;
    if (infoAnswer === 'none') return;
    if (infoAnswer === 'refused') return incoming.reply(501);
    const call = [...this.#calls].find(({ dialog }) => dialog === incoming.dialog);
    const request = parseMansrtsp(incoming.request.body);
    if (typeof request === 'string') return incoming.reply(400, { reason: request });
    if (!(call?.media instanceof HistorySession)) return incoming.reply(481);
    const refused = !playsBackwards && (request.scale ?? 1) < 0;
    const status = refused ? HEADER_NOT_VALID : call.media.control(request);
    this.#options.onControlled(call.session, request);
    return incoming.reply(200, {
      contentType: MANSRTSP_CONTENT_TYPE,
      body: Buffer.from(formatMansrtspAnswer(request.cseq, status), 'latin1'),
    });
  }

  /** BYEs, at most `channelId`'s. Never rejects. */
  async hangUp(channelId?: string): Promise<void> {
    const calls = [...this.#calls].filter(({ session }) => channelId === undefined || session.channelId === channelId);
    await Promise.all(calls.map((call) => this.#end(call, 'local_bye')));
  }

  /** Ends the sessions of a device whose platform is gone. Never rejects. */
  async release(deviceId: string): Promise<void> {
    const calls = [...this.#calls].filter(({ session }) => session.deviceId === deviceId);
    await Promise.all(calls.map((call) => this.#end(call, 'platform_lost')));
  }

  /** Stops all media without a word. */
  drop(): void {
    for (const call of this.#calls) {
      call.ended = true;
      call.limit?.cancel();
      call.media.close();
    }
    this.#calls.clear();
  }

  #refuse(incoming: IncomingRequest, channel: VirtualChannel, status: number): void {
    incoming.reply(status);
    this.#options.onRefused(channel.id, status);
  }

  #sessionsOf(deviceId: string): number {
    let count = 0;
    for (const { session } of this.#calls) count += session.deviceId === deviceId ? 1 : 0;
    return count;
  }

  /** GB/T 28181 13.6: a stream that is asked for again replaces the one being sent. */
  async #release(streamKey: string): Promise<void> {
    if (streamKey === '') return;
    const old = [...this.#calls].filter((call) => call.streamKey === streamKey);
    await Promise.all(old.map((call) => this.#end(call, 'replaced')));
  }

  async #accept(
    incoming: IncomingRequest,
    plan: { channel: VirtualChannel; offer: LiveOffer; streamKey: string; silent: boolean },
  ): Promise<void> {
    const { channel, offer, streamKey, silent } = plan;
    const { behaviour, localAddress, audio, random } = this.#options;
    const { y, rtp } = behaviour.ssrc(offer.ssrc, random);
    let lost: ((reason: string) => void) | undefined;
    const outlet = await this.#openOutlet(offer, (reason) => lost?.(reason));
    let fileEnded: (() => void) | undefined;
    const media = this.#createMedia({ outlet, ssrc: rtp, channel, offer, onFileEnded: () => fileEnded?.() });
    const session: CameraSession = {
      callId: incoming.request.headers.get('Call-ID') ?? '',
      deviceId: channel.deviceId,
      channelId: channel.id,
      transport: offer.transport,
      kind: offer.history?.kind ?? 'live',
      subStream: offer.subStream,
      ssrc: rtp,
      startedAt: Date.now(),
    };
    const call: Call = { session, media, streamKey, dialog: undefined, limit: undefined, ended: false };
    this.#calls.add(call);
    fileEnded = () => void this.#tellFileEnded(call);
    lost = (reason) => {
      this.#options.log.warn({ channelId: channel.id, reason }, 'media connection lost');
      void this.#end(call, 'media_lost');
    };
    const h265 = this.#clipOf(offer).clip.codec === 'h265';
    const answer = { offer, channelId: channel.id, address: localAddress, port: outlet.port, y, h265, audio };
    const lines = behaviour.answer(answerLines({ ...answer, ...this.#fileSizeOf(channel, offer) }));
    if (behaviour.earlyMedia && !silent) media.start();
    if (behaviour.answerAfterSec > 0) await this.#delay(behaviour.answerAfterSec * 1_000);
    const accepted = incoming.accept({
      contentType: SDP_CONTENT_TYPE,
      body: Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'),
      contactUser: channel.id,
    });
    await this.#confirm(call, accepted, silent);
  }

  /** Both streams are recorded; files are of the main one, whose size they tell. */
  #clipOf({ subStream, history }: LiveOffer): MuxedClip {
    const { source } = this.#options;
    return subStream > 0 && history?.kind !== 'download' ? source.sub : source.main;
  }

  #fileSizeOf(channel: VirtualChannel, { history }: LiveOffer): { fileSize?: number } {
    if (history?.kind !== 'download') return {};
    const { fromSec, toSec } = history;
    return { fileSize: this.#options.recordings.bytesOf(channel, fromSec * 1000, toSec * 1000) };
  }

  /** GB/T 28181 5.3: in the dialog; some recorders send it outside, or not at all. */
  async #tellFileEnded(call: Call): Promise<void> {
    const { behaviour, sendMessage, log } = this.#options;
    const { deviceId, channelId } = call.session;
    this.#sn += 1;
    const parts = mediaStatusNotify(this.#sn, channelId);
    try {
      if (behaviour.mediaStatus === 'outside') await sendMessage(deviceId, parts);
      else if (behaviour.mediaStatus === 'dialog') {
        const body = formatManscdp(parts, behaviour.charset);
        await call.dialog?.request('MESSAGE', { contentType: MANSCDP_CONTENT_TYPE, body });
      }
    } catch (error) {
      log.warn({ channelId, error: errorMessage(error) }, 'media status not delivered');
    }
  }

  #delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.wheel.after(delayMs, resolve);
    });
  }

  async #confirm(call: Call, accepted: Promise<Dialog>, silent: boolean): Promise<void> {
    const { behaviour, wheel, onStarted } = this.#options;
    try {
      call.dialog = await accepted;
    } catch (error) {
      this.#options.log.warn({ channelId: call.session.channelId, error: errorMessage(error) }, 'invite not confirmed');
      await this.#end(call, 'no_ack');
      return;
    }
    const { dialog } = call;
    if (call.ended) {
      await dialog.bye();
      return;
    }
    dialog.once('ended', (reason) => {
      void this.#end(call, reason === 'remote_bye' ? 'remote_bye' : reason === 'no_ack' ? 'no_ack' : 'closed');
    });
    onStarted(call.session);
    if (dialog.ended) {
      await this.#end(call, 'remote_bye');
      return;
    }
    if (!silent) call.media.start();
    if (behaviour.byeAfterSec > 0) {
      call.limit = wheel.after(behaviour.byeAfterSec * 1_000, () => {
        void this.#end(call, 'local_bye');
      });
    }
  }

  async #end(call: Call, reason: SessionEndReason): Promise<void> {
    if (call.ended) return;
    call.ended = true;
    this.#calls.delete(call);
    call.limit?.cancel();
    call.media.close();
    if (call.dialog !== undefined) this.#options.onEnded(call.session, reason);
    await call.dialog?.bye();
  }

  #createMedia(plan: {
    outlet: Outlet;
    ssrc: number;
    channel: VirtualChannel;
    offer: LiveOffer;
    onFileEnded: () => void;
  }): CallMedia {
    const { outlet, ssrc, onFileEnded } = plan;
    const { id } = plan.channel;
    const { history } = plan.offer;
    const { behaviour, wheel, counters, recordings, onFrame } = this.#options;
    const muxed = this.#clipOf(plan.offer);
    // The same number in another stream is another frame.
    const logged = muxed === this.#options.source.main ? id : `${id}/sub`;
    let log = this.#logs.get(logged);
    if (log === undefined) this.#logs.set(logged, (log = new FrameLog()));
    const options = {
      outlet,
      muxed,
      behaviour,
      ssrc,
      wheel,
      log,
      counters,
      ...(onFrame !== undefined && { onFrame: (index: number, sentAt: number) => onFrame(id, index, sentAt) }),
    };
    return history === undefined
      ? new MediaSession(options)
      : new HistorySession({
          ...options,
          ...history,
          recorded: recordings.stretches(plan.channel, history.fromSec * 1000, history.toSec * 1000),
          onFileEnded,
        });
  }

  async #openOutlet(offer: LiveOffer, onLost: (reason: string) => void): Promise<Outlet> {
    const { localAddress, order, wheel } = this.#options;
    const options: OutletOptions = {
      localAddress,
      remoteAddress: offer.address,
      remotePort: offer.port,
      onLost,
      ...(order !== undefined && { order }),
    };
    switch (offer.transport) {
      case 'udp':
        return openUdpOutlet(options);
      case 'tcp-passive':
        return openTcpConnectOutlet(options, wheel);
      case 'tcp-active':
        return openTcpListenOutlet(options);
    }
  }
}

function streamKeyOf({ request }: IncomingRequest): string {
  const { senderId, senderSeq } = parseSubject(request.headers.get('Subject') ?? '');
  return senderId === '' || senderSeq === '' ? '' : `${senderId}:${senderSeq}`;
}
