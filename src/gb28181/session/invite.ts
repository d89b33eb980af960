import type { Dialog, SipEngine, SipRequest, SipResponse } from '../../sip/index.ts';
import { errorMessage, type Logger } from '../../util/index.ts';
import { codeOf } from '../commander.ts';
import type { DeviceRecord } from '../device/record.ts';
import {
  DeviceOfflineError,
  InviteAbortedError,
  InviteAnswerError,
  InviteRejectedError,
  InviteTimeoutError,
} from '../errors.ts';
import { SDP_CONTENT_TYPE } from '../gb-sdp.ts';
import { sipUri } from '../sip-fields.ts';
import { assumedMediaAnswer, parseMediaAnswer } from './answer.ts';
import { DialogSession } from './live-session.ts';
import { mediaOffer, mediaSubject } from './offer.ts';
import type { Steering } from './steering.ts';
import type { LiveInvite } from './types.ts';

export interface InviterOptions {
  readonly serial: string;
  readonly realm: string;
  readonly engine: () => SipEngine;
  readonly inviteTimeoutMs: number;
  /** How long a device may think about an INFO. */
  readonly responseTimeoutMs: number;
  readonly steering: Steering;
  readonly log: Logger;
  /** Tells the trace whose request it is. */
  readonly onSent: (record: DeviceRecord, request: SipRequest) => void;
}

const BUSY_HERE = 486;
/** A device that is called again right behind a BYE, as for a seek, may not have its place free yet (quirks P12). */
const LEAVING_MS = 5_000;
const LEAVING_WAIT_MS = 1_000;
/** A device that sends media and has not answered by now is one that never does, or too late (quirks 2.1). */
const ANSWER_WAIT_MS = 2_500;

/** Opens INVITE dialogs with devices (GB/T 28181 13.1) and keeps them until they end. */
export class Inviter {
  readonly #options: InviterOptions;
  readonly #sessions = new Set<DialogSession>();
  /** When the last dialog of recorded material ended, Unix ms, by device; of the last seconds. */
  readonly #leftAt = new Map<string, number>();

  constructor(options: InviterOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** @throws DeviceOfflineError, InviteRejectedError, InviteTimeoutError, InviteAbortedError, InviteAnswerError */
  async invite(record: DeviceRecord, options: LiveInvite): Promise<DialogSession> {
    try {
      return await this.#attempt(record, options);
    } catch (error) {
      if (!(error instanceof InviteRejectedError) || error.status !== BUSY_HERE) throw error;
      const free = options.history === undefined ? await this.#endStale(options) : await this.#waitForLeaving(options);
      if (!free) throw error;
      return this.#attempt(record, options);
    }
  }

  /** The device still sends a picture for a dialog that we have (quirks 2.1). False: it does not. */
  async #endStale({ deviceId, channelId, subStream }: LiveInvite): Promise<boolean> {
    const ofChannel = this.#of((each) => each.deviceId === deviceId && each.channelId === channelId);
    const stale = ofChannel.filter((each) => each.subStream === subStream && each.history === undefined);
    await Promise.all(stale.map((each) => each.bye()));
    return stale.length > 0;
  }

  /** Of recordings each dialog is somebody's own: none is ended for another. False: none has just ended by itself. */
  async #waitForLeaving({ deviceId, signal }: LiveInvite): Promise<boolean> {
    const leftAt = this.#leftAt.get(deviceId);
    if (leftAt === undefined || Date.now() - leftAt > LEAVING_MS) return false;
    // Cut short by the signal, it is the next attempt that says so.
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(() => waited.resolve(), LEAVING_WAIT_MS);
    signal?.addEventListener('abort', () => waited.resolve(), { once: true });
    await waited.promise;
    clearTimeout(timer);
    return true;
  }

  #handleEnded(session: DialogSession): void {
    this.#sessions.delete(session);
    if (session.history === undefined) return;
    const nowMs = Date.now();
    this.#leftAt.delete(session.deviceId);
    this.#leftAt.set(session.deviceId, nowMs);
    for (const [deviceId, leftAt] of this.#leftAt) if (nowMs - leftAt > LEAVING_MS) this.#leftAt.delete(deviceId);
  }

  /**
   * A recording has come to its end: that of this dialog, else, from devices that send it outside, the only one or the
   * oldest of the channel, or of the device where they name that (GB/T 28181 5.3, quirks 2.1). False: of none.
   */
  fileEnded(of: { readonly callId: string; readonly deviceId?: string; readonly subject: string }): boolean {
    const byCall = this.#of((each) => each.callId === of.callId && each.history !== undefined);
    const ofDevice = this.#of((each) => each.deviceId === of.deviceId && each.history !== undefined);
    const ofChannel = ofDevice.filter((each) => each.channelId === of.subject);
    const named = of.subject === of.deviceId ? ofDevice : [];
    const [session] = [...byCall, ...ofChannel, ...named];
    session?.fileEnded();
    return session !== undefined;
  }

  /** Ends the dialogs of a device, e.g. when it unregisters. */
  endAll(deviceId: string): void {
    for (const session of this.#of((each) => each.deviceId === deviceId)) void session.endAs('device_offline');
  }

  async close(): Promise<void> {
    await Promise.all(this.#of(() => true).map((each) => each.bye()));
  }

  #of(wanted: (session: DialogSession) => boolean): DialogSession[] {
    return [...this.#sessions].filter(wanted);
  }

  async #attempt(record: DeviceRecord, options: LiveInvite): Promise<DialogSession> {
    const dialog = await this.#dialog(record, options);
    const { established } = dialog;
    const { sourceAddress } = record.state;
    const answer =
      established === undefined
        ? assumedMediaAnswer(options, sourceAddress)
        : parseMediaAnswer(established.body, sourceAddress);
    if (typeof answer === 'string') {
      // GB/T 28181 13.1: the 200 is acknowledged already, so it takes a BYE.
      await dialog.bye();
      throw new InviteAnswerError(options.channelId, answer);
    }
    const how = established === undefined ? 'no 200; packets arrived, ACK sent' : '200';
    options.onProgress?.('ok', how, dialog.callId);
    const { channelId, subStream, history } = options;
    const { log, steering, responseTimeoutMs: controlTimeoutMs } = this.#options;
    const session = new DialogSession({
      dialog,
      answer,
      record,
      channelId,
      subStream,
      history,
      controlTimeoutMs,
      steering,
      log,
    });
    this.#sessions.add(session);
    session.once('ended', () => this.#handleEnded(session));
    return session;
  }

  /** The INVITE itself, held to the time limit whatever the engine does. */
  async #dialog(record: DeviceRecord, options: LiveInvite): Promise<Dialog> {
    const { inviteTimeoutMs } = this.#options;
    const { channelId, signal } = options;
    if (signal?.aborted === true) throw new InviteAbortedError(channelId);
    const controller = new AbortController();
    const given = Promise.withResolvers<never>();
    const giveUp = (error: Error): void => {
      controller.abort();
      given.reject(error);
    };
    const timer = setTimeout(() => giveUp(new InviteTimeoutError(channelId, inviteTimeoutMs)), inviteTimeoutMs);
    const abort = (): void => giveUp(new InviteAbortedError(channelId));
    signal?.addEventListener('abort', abort, { once: true });
    const dialog = this.#send(record, options, controller.signal);
    try {
      return await Promise.race([dialog, given.promise]);
    } catch (error) {
      // A 200 that came too late: nobody will use it.
      void dialog.then(
        (late) => late.bye(),
        (cause: unknown) => this.#options.log.debug({ channelId, error: errorMessage(cause) }, 'invite ended'),
      );
      throw this.#errorOf(error, record, channelId);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #send(record: DeviceRecord, options: LiveInvite, signal: AbortSignal): Promise<Dialog> {
    const { serial, realm, engine, onSent } = this.#options;
    const { channelId, firstPacket, onProgress } = options;
    let callId = '';
    return engine().invite({
      uri: record.requestUri(channelId, realm),
      from: sipUri(serial, realm),
      to: sipUri(channelId, realm),
      target: record.target,
      headers: [['Subject', mediaSubject(options, serial)]],
      contactUser: serial,
      contentType: SDP_CONTENT_TYPE,
      body: Buffer.from(mediaOffer(options, record.settings), 'latin1'),
      signal,
      ...(firstPacket !== undefined && { assumedAnswer: { afterMs: ANSWER_WAIT_MS, proof: firstPacket } }),
      onSent: (request) => {
        callId = request.headers.get('Call-ID') ?? '';
        onSent(record, request);
        onProgress?.('invite_sent', `${options.transport} ${options.mediaAddress}:${options.mediaPort}`, callId);
      },
      onProvisional: ({ status, reason }) =>
        onProgress?.(status === 100 ? 'trying' : 'ringing', `${status} ${reason}`, callId),
    });
  }

  #errorOf(error: unknown, record: DeviceRecord, channelId: string): unknown {
    switch (codeOf(error)) {
      case 'sip_rejected': {
        const { response } = error as { response?: SipResponse };
        return new InviteRejectedError(channelId, response?.status ?? 0, response?.reason ?? '');
      }
      case 'sip_timeout':
        return new InviteTimeoutError(channelId, this.#options.inviteTimeoutMs);
      case 'sip_aborted':
        return new InviteAbortedError(channelId);
      case 'sip_transport':
        return new DeviceOfflineError(record.id, errorMessage(error));
      default:
        return error;
    }
  }
}
