import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError, shownUrl } from '../../util/index.ts';
import type { LocalMember, MemberStream } from '../meeting/index.ts';
import { Cameras } from './cameras.ts';
import { ActorError } from './errors.ts';
import { StreamRecording } from './recording.ts';
import { RecordingEnds } from './recording-ends.ts';
import { Taker, type TakerOptions, type Taking } from './taker.ts';
import type {
  ActorParts,
  CameraRequest,
  CameraView,
  RecorderRequest,
  RelayerRequest,
  RoomActors,
  RoomName,
  RoomPushes,
  TakerView,
} from './types.ts';

const keyOf = ({ app, channel }: RoomName, role: TakerView['role']): string => JSON.stringify([app, channel, role]);

/** The files have a limit of their own for their end, the servers a while to be told. */
const CLOSE_LIMIT_MS = 1000;

/** The media's name of a stream of a room: pms's default app is `live`. */
const mediaName = (streamId: string): string => (streamId.includes('/') ? streamId : `live/${streamId}`);

/** Each stream goes to its own path below the URL, in front of a query; `live/` says nothing that tells two apart. */
function urlFor(url: string, { stream }: MemberStream): string {
  const [path = '', query] = url.split(/\?(.*)/s);
  const name = stream.stream_id
    .replace(/^live\//, '')
    .split('/')
    .map(encodeURIComponent)
    .join('/');
  return `${path.replace(/\/+$/, '')}/${name}${query === undefined ? '' : `?${query}`}`;
}

function pushOf(stream: MemberStream, url: string, pushes: RoomPushes): Taking {
  const push = pushes.start({ stream: mediaName(stream.stream.stream_id), url: urlFor(url, stream) });
  const states = { connecting: 'starting', recording: 'running', failed: 'failed', ended: 'ended' } as const;
  return {
    view: () => ({
      state: states[push.state],
      url: push.url,
      ...(push.failure === undefined ? {} : { failure: push.failure }),
    }),
    stop: () => push.close(),
  };
}

class Actors implements RoomActors {
  readonly #parts: ActorParts;
  readonly #cameras: Cameras;
  readonly #ends: RecordingEnds;
  readonly #takers = new Map<string, Taker>();

  constructor(parts: ActorParts) {
    this.#parts = parts;
    this.#cameras = new Cameras(parts);
    this.#ends = new RecordingEnds(parts.recordings);
  }

  placeCamera(request: CameraRequest, signal?: AbortSignal): Promise<CameraView> {
    return this.#cameras.place(request, signal);
  }

  cameras(room: RoomName): CameraView[] {
    return this.#cameras.list(room);
  }

  removeCamera(room: RoomName, endpoint: string): boolean {
    return this.#cameras.remove(room, endpoint);
  }

  startRecorder({ segmentMinutes, endpoint, ...room }: RecorderRequest): TakerView {
    const { recordings, retryMs, log } = this.#parts;
    const take = (stream: MemberStream): Taking =>
      new StreamRecording({ stream, segmentMinutes, recordings, ends: this.#ends, retryMs, log });
    return this.#start(room, { role: 'recorder', endpoint, take });
  }

  startRelayer({ url, endpoint, ...room }: RelayerRequest): TakerView {
    this.#parts.pushes.check(url);
    const take = (stream: MemberStream): Taking => pushOf(stream, url, this.#parts.pushes);
    return this.#start(room, { role: 'relayer', endpoint, url: shownUrl(url), take });
  }

  taker(room: RoomName, role: TakerView['role']): TakerView | undefined {
    return this.#takers.get(keyOf(room, role))?.view;
  }

  async stopTaker(room: RoomName, role: TakerView['role']): Promise<boolean> {
    const taker = this.#takers.get(keyOf(room, role));
    await taker?.close();
    return taker !== undefined;
  }

  async close(): Promise<void> {
    this.#cameras.close();
    const { pushes, closeLimitMs = CLOSE_LIMIT_MS, log } = this.#parts;
    const takers = [...this.#takers.values()];
    const ended = Promise.all([...takers.map((taker) => taker.close()), pushes.close()]);
    const overdue = new AbortController();
    const late = delay(closeLimitMs, 'late', { signal: overdue.signal }).catch(() => undefined);
    if ((await Promise.race([ended, late])) === 'late') {
      log.warn(
        { takers: takers.length, afterMs: closeLimitMs },
        'recorders and relayers of rooms have not ended in time',
      );
    }
    overdue.abort();
    this.#ends.close();
  }

  #start(
    room: RoomName,
    how: Pick<TakerOptions, 'role' | 'url' | 'take'> & { readonly endpoint: string | undefined },
  ): TakerView {
    const key = keyOf(room, how.role);
    if (this.#takers.has(key)) throw new ActorError('actor_exists', `the room has a ${how.role} already`);
    const { endpoint, ...options } = how;
    const member = this.#join(room, how.role, endpoint);
    const taker = new Taker({ ...options, member, log: this.#parts.log, onEnded: () => this.#takers.delete(key) });
    this.#takers.set(key, taker);
    return taker.view;
  }

  /** A guest who is called `recorder` keeps no recorder out. */
  #join(room: RoomName, role: TakerView['role'], endpoint: string | undefined): LocalMember {
    const join = (name: string): LocalMember =>
      this.#parts.meetings.joinLocal({ ...room, endpoint: name, role, device: '' });
    if (endpoint !== undefined) return join(endpoint);
    try {
      return join(role);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'endpoint_taken') throw error;
      return join(`${role}-${randomUUID()}`);
    }
  }
}

export const createRoomActors = (parts: ActorParts): RoomActors => new Actors(parts);
