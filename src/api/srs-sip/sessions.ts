import type { Request } from 'express';
import type { PlayRecord, StreamSnapshot } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { sourceAddress } from '../http/context.ts';
import { within } from '../http/deadline.ts';
import { parseStreamUrl } from '../srs/stream-url.ts';
import type { z } from 'zod';
import { RecordedSessions } from './playbacks.ts';
import type { inviteSchema } from './requests.ts';

const DEFAULT_DEADLINE_MS = 9000;
/** Streams that /invite opened; the oldest is forgotten first. */
const MAX_COUNTED = 10_000;

/** Rows 6 and 7: opening and leaving a stream, counted per stream as in the original. */
export class InviteSessions {
  /** Of recorded material. */
  readonly recorded: RecordedSessions;
  readonly #context: ApiContext;
  readonly #invites = new Map<string, number>();
  readonly #onClosed = (stream: StreamSnapshot): void => {
    this.#invites.delete(stream.name);
  };

  constructor(context: ApiContext) {
    this.#context = context;
    this.recorded = new RecordedSessions(context.parts.platform, context.parts.streams.playbacks);
    context.parts.streams.on('closed', this.#onClosed);
  }

  close(): void {
    this.#context.parts.streams.off('closed', this.#onClosed);
  }

  /** @throws ApiError, StreamError */
  async invite(req: Request, body: z.infer<typeof inviteSchema>): Promise<{ channel_id: string; url: string }> {
    const { gate, options, publicAddress, tokens } = this.#context;
    const name = body.play_type === 0 ? await this.#open(body) : await this.#openRecorded(body);
    this.#count(name);
    const token = gate.enabled ? await tokens.signPlay(name, options.auth.playTokenTtlMs) : undefined;
    return { channel_id: body.channel_id, url: publicAddress.webrtcUrl(req, name, token) };
  }

  /**
   * The last /bye of a stream ends it, unless somebody at another address still watches: then it ends with its
   * last viewer. @throws ApiError
   */
  async bye(req: Request, url: string): Promise<void> {
    const { streams } = this.#context.parts;
    const target = parseStreamUrl(url);
    const stream = target === undefined ? undefined : (streams.find(target.stream) ?? streams.find(target.name));
    if (stream === undefined) throw new ApiError('stream_unknown', `stream not found: ${url.slice(0, 512)}`);
    const left = (this.#invites.get(stream.name) ?? 1) - 1;
    if (left > 0) {
      this.#invites.set(stream.name, left);
      return;
    }
    this.#invites.delete(stream.name);
    const source = sourceAddress(req);
    if (stream.viewers.every(({ remoteAddress }) => remoteAddress === source)) await streams.close(stream.name);
  }

  /** `play_type` 1 and 2, `s=Playback` and `s=Download`: the original shows both. */
  async #openRecorded(body: z.infer<typeof inviteSchema>): Promise<string> {
    const opening = this.recorded.open(body, {
      sessionName: body.play_type === 2 ? 'Download' : 'Playback',
      subStream: Math.max(0, body.sub_stream),
    });
    opening.catch(() => undefined);
    const deadlineMs = this.#context.options.inviteDeadlineMs ?? DEFAULT_DEADLINE_MS;
    const result = await within(opening, deadlineMs);
    if (result !== 'timeout') return result.value.stream;
    throw new ApiError('play_pending', `no picture of the recording within ${deadlineMs} ms, still trying`);
  }

  async #open(body: z.infer<typeof inviteSchema>): Promise<string> {
    const { platform, streams } = this.#context.parts;
    const channelId = body.channel_id;
    // The original finds the device by the channel alone; clients may leave the device out.
    const deviceId = body.device_id === '' ? (platform.findChannel(channelId)?.deviceId ?? '') : body.device_id;
    if (platform.device(deviceId) === undefined) {
      throw new ApiError('device_unknown', `device not found: ${deviceId === '' ? channelId : deviceId}`);
    }
    const subStream = Math.max(0, body.sub_stream);
    const deadlineMs = this.#context.options.inviteDeadlineMs ?? DEFAULT_DEADLINE_MS;
    const opening = streams.open({ deviceId, channelId, subStream });
    // After the deadline nobody waits for it any more; its end is in the timeline.
    opening.catch(() => undefined);
    const result = await within(opening, deadlineMs);
    if (result !== 'timeout') return result.value.name;
    const play = streams.plays({ deviceId, channelId, limit: 1 })[0];
    throw new ApiError('play_pending', `no picture within ${deadlineMs} ms, still trying: ${progressOf(play)}`);
  }

  #count(name: string): void {
    if (!this.#invites.has(name) && this.#invites.size >= MAX_COUNTED) {
      const oldest = this.#invites.keys().next();
      if (!oldest.done) this.#invites.delete(oldest.value);
    }
    this.#invites.set(name, (this.#invites.get(name) ?? 0) + 1);
  }
}

/** The last thing that a play's timeline tells. */
function progressOf(play: PlayRecord | undefined): string {
  const last = play?.timeline.at(-1);
  if (last === undefined) return 'the play has not begun';
  return last.detail === undefined ? last.stage : `${last.stage} (${last.detail})`;
}
