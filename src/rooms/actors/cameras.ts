import type { Device } from '../../gb28181/index.ts';
import type { StreamSnapshot } from '../../stream/index.ts';
import type { LocalMember } from '../meeting/index.ts';
import { ActorError } from './errors.ts';
import type { ActorParts, CameraRequest, CameraView, RoomName } from './types.ts';

/** Of all rooms. */
const MAX_CAMERAS = 2000;

interface PlacedCamera {
  readonly member: LocalMember;
  readonly view: CameraView;
}

/** GB/T 28181 channels that are members of rooms, each until its device goes offline. */
export class Cameras {
  readonly #parts: ActorParts;
  readonly #placed = new Set<PlacedCamera>();

  constructor(parts: ActorParts) {
    this.#parts = parts;
    parts.platform.on('deviceOffline', this.#handleOffline);
    parts.platform.on('deviceRemoved', this.#handleRemoved);
  }

  /** @throws StreamError, ActorError, MeetingError */
  async place(request: CameraRequest, signal?: AbortSignal): Promise<CameraView> {
    const { app, channel, deviceId, channelId, subStream, endpoint = `camera-${channelId}` } = request;
    this.#check(request);
    // A member without a picture would be no use to anybody, and its reason is known here.
    const snapshot = await this.#parts.streams.open({ deviceId, channelId, subStream }, signal);
    this.#check(request);
    const member = this.#parts.meetings.joinLocal({ app, channel, endpoint, role: 'camera', device: deviceId });
    try {
      member.addStream({ stream_id: snapshot.name, type: 'camera', ...mediaOf(snapshot) });
    } catch (error) {
      member.leave();
      throw error;
    }
    const view = { app, channel, endpoint, deviceId, channelId, streamId: snapshot.name };
    const placed = { member, view };
    this.#placed.add(placed);
    member.once('ended', () => this.#placed.delete(placed));
    this.#parts.log.info(view, 'camera joined a room');
    return view;
  }

  list(room: RoomName): CameraView[] {
    return this.#of(room).map(({ view }) => view);
  }

  remove(room: RoomName, endpoint: string): boolean {
    const found = this.#of(room).find(({ view }) => view.endpoint === endpoint);
    if (found !== undefined) this.#leave(found, 'removed');
    return found !== undefined;
  }

  close(): void {
    this.#parts.platform.off('deviceOffline', this.#handleOffline);
    this.#parts.platform.off('deviceRemoved', this.#handleRemoved);
    for (const placed of this.#placed) this.#leave(placed, 'the gateway is closing');
  }

  /** @throws ActorError */
  #check({ deviceId, channelId }: CameraRequest): void {
    const { platform } = this.#parts;
    const device = platform.device(deviceId);
    if (device === undefined || platform.channel(deviceId, channelId) === undefined) {
      throw new ActorError('channel_unknown', `no channel ${channelId} of device ${deviceId}`);
    }
    if (!device.online) throw new ActorError('device_offline', `device ${deviceId} is offline`);
    if (this.#placed.size >= MAX_CAMERAS) {
      throw new ActorError('actor_limit', `${this.#placed.size} cameras are in rooms, the limit is ${MAX_CAMERAS}`);
    }
  }

  #of({ app, channel }: RoomName): PlacedCamera[] {
    return [...this.#placed].filter(({ view }) => view.app === app && view.channel === channel);
  }

  #leave(placed: PlacedCamera, reason: string): void {
    if (!this.#placed.delete(placed)) return;
    placed.member.leave();
    this.#parts.log.info({ ...placed.view, reason }, 'camera left a room');
  }

  readonly #handleOffline = ({ id }: Device): void => this.#leaveAll(id, 'device offline');
  readonly #handleRemoved = (id: string): void => this.#leaveAll(id, 'device removed');

  #leaveAll(deviceId: string, reason: string): void {
    for (const placed of this.#placed) if (placed.view.deviceId === deviceId) this.#leave(placed, reason);
  }
}

function mediaOf({ video, audio }: StreamSnapshot): {
  readonly has_video: boolean;
  readonly has_audio: boolean;
  readonly video_codec: string;
  readonly audio_codec: string;
} {
  return {
    has_video: video !== undefined,
    // Some cameras' sound begins only after the picture.
    has_audio: true,
    video_codec: video?.codec ?? '',
    audio_codec: audio?.codec ?? 'pcma',
  };
}
