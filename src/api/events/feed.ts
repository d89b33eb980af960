import type { RequestHandler } from 'express';
import type { OwnGroups, Platform, PlatformEvents } from '../../gb28181/index.ts';
import type { Streams, StreamsEvents } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import type { ApiRecordings, PullList } from '../types.ts';
import { ApiError } from '../errors.ts';
import { deviceView } from '../schemas/device.ts';
import { EventListener } from './listener.ts';
import { subscribeReports } from './report-events.ts';

const DEFAULT_LISTENERS = 200;
const DEFAULT_HEARTBEAT_MS = 15_000;

type PlatformHandlers = { [K in keyof PlatformEvents]?: (...args: PlatformEvents[K]) => void };
type StreamsHandlers = { [K in keyof StreamsEvents]?: (...args: StreamsEvents[K]) => void };

/** Live events as server-sent events (WHATWG HTML §9.2): subscribed once, written to every listener. */
export class EventFeed {
  readonly #context: ApiContext;
  readonly #listeners = new Set<EventListener>();
  readonly #max: number;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(context: ApiContext) {
    this.#context = context;
    this.#max = context.options.eventListeners ?? DEFAULT_LISTENERS;
    this.#heartbeat = setInterval(() => {
      const now = Date.now();
      for (const listener of this.#listeners) listener.heartbeat(now);
    }, context.options.eventHeartbeatMs ?? DEFAULT_HEARTBEAT_MS);
    this.#heartbeat.unref();
    const platform = this.#subscribePlatform(context.parts.platform);
    const streams = this.#subscribeStreams(context.parts.streams);
    const recordings = this.#subscribeRecordings(context.parts.recordings);
    const pulls = this.#subscribePulls(context.parts.pulls);
    const reports = subscribeReports(context.parts.platform, (event, data) => this.#send(event, data));
    const groups = this.#subscribeGroups(context.parts.groups);
    this.#unsubscribe = () => [platform, streams, recordings, pulls, reports, groups].forEach((off) => off());
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** GET /api/v1/events */
  readonly handler: RequestHandler = async (req, res) => {
    const access = await this.#context.gate.requireAdmin(req);
    if (this.#closed || this.#listeners.size >= this.#max) {
      throw new ApiError('too_many_listeners', `${this.#listeners.size} of ${this.#max} event streams are open`, {
        headers: { 'Retry-After': '5' },
      });
    }
    res.status(200);
    res.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    res.setHeader('Cache-Control', 'no-store');
    // nginx buffers event streams unless told not to.
    res.setHeader('X-Accel-Buffering', 'no');
    res.flushHeaders();
    req.socket.setNoDelay(true);
    const listener = new EventListener(res, this.#context.gate.enabled ? (access?.expiresAt ?? 0) : Infinity);
    this.#listeners.add(listener);
    res.once('close', () => this.#listeners.delete(listener));
    listener.send('hello', JSON.stringify({ version: this.#context.options.version, now: Date.now() }));
  };

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#unsubscribe();
    for (const listener of this.#listeners) listener.end();
    this.#listeners.clear();
  }

  #send(event: string, data: () => unknown): void {
    if (this.#listeners.size === 0) return;
    const json = JSON.stringify(data());
    for (const listener of this.#listeners) listener.send(event, json);
  }

  #subscribePlatform(platform: Platform): () => void {
    const handlers = {
      deviceOnline: (device) => this.#send('device.online', () => deviceView(device)),
      deviceOffline: (device) => this.#send('device.offline', () => deviceView(device)),
      deviceChanged: (device) => this.#send('device.changed', () => deviceView(device)),
      deviceRemoved: (deviceId) => this.#send('device.removed', () => ({ deviceId })),
      catalogChanged: (deviceId, result) => this.#send('catalog.changed', () => ({ deviceId, ...result })),
    } satisfies PlatformHandlers;
    platform
      .on('deviceOnline', handlers.deviceOnline)
      .on('deviceOffline', handlers.deviceOffline)
      .on('deviceChanged', handlers.deviceChanged)
      .on('deviceRemoved', handlers.deviceRemoved)
      .on('catalogChanged', handlers.catalogChanged);
    return () => {
      platform
        .off('deviceOnline', handlers.deviceOnline)
        .off('deviceOffline', handlers.deviceOffline)
        .off('deviceChanged', handlers.deviceChanged)
        .off('deviceRemoved', handlers.deviceRemoved)
        .off('catalogChanged', handlers.catalogChanged);
    };
  }

  #subscribeGroups(groups: OwnGroups): () => void {
    const handler = (): void => this.#send('groups.changed', () => ({}));
    groups.on('changed', handler);
    return () => void groups.off('changed', handler);
  }

  #subscribePulls(pulls: PullList): () => void {
    const handler = (name: string): void => {
      const pull = pulls.get(name);
      if (pull === undefined) this.#send('pull.removed', () => ({ name }));
      else this.#send('pull.changed', () => pull);
    };
    pulls.on('changed', handler);
    return () => void pulls.off('changed', handler);
  }

  #subscribeStreams(streams: Streams): () => void {
    const handlers = {
      opened: (stream) => this.#send('stream.opened', () => stream),
      closed: (stream) => this.#send('stream.closed', () => stream),
      viewers: (stream) => this.#send('stream.viewers', () => stream),
      changed: (stream) => this.#send('stream.changed', () => stream),
      play: (play) => this.#send('play', () => play),
    } satisfies StreamsHandlers;
    streams
      .on('opened', handlers.opened)
      .on('closed', handlers.closed)
      .on('viewers', handlers.viewers)
      .on('changed', handlers.changed)
      .on('play', handlers.play);
    return () => {
      streams
        .off('opened', handlers.opened)
        .off('closed', handlers.closed)
        .off('viewers', handlers.viewers)
        .off('changed', handlers.changed)
        .off('play', handlers.play);
    };
  }

  #subscribeRecordings(recordings: ApiRecordings): () => void {
    const handleChanged = (recording: unknown): void => this.#send('recording', () => recording);
    const handleRemoved = (removed: unknown): void => this.#send('recording.removed', () => removed);
    recordings.on('changed', handleChanged).on('removed', handleRemoved);
    return () => void recordings.off('changed', handleChanged).off('removed', handleRemoved);
  }
}
