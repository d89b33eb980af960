import { formatGbTime, type Platform, type RecordItem } from '../../gb28181/index.ts';
import type { PlaybackChange, PlaybackSessionName, PlaybackSnapshot, Playbacks } from '../../stream/index.ts';
import { ApiError } from '../errors.ts';
import { parseStreamUrl } from '../srs/stream-url.ts';

/** What the rows of playback ask for; times in Unix seconds. */
export interface RecordedRequest {
  readonly device_id: string;
  readonly channel_id: string;
  readonly start_time: number;
  readonly end_time: number;
}

/** How the device is asked for it. */
export interface RecordedWay {
  readonly sessionName: PlaybackSessionName;
  readonly subStream: number;
}

/** A recording as the original lists it; times are Beijing time. */
interface RecordRow {
  readonly device_id: string;
  readonly name: string;
  readonly file_path: string;
  readonly address: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly secrecy: number;
  readonly type: string;
}

/** Rows 8 to 10 and 12, and `/invite` of recorded material. */
export class RecordedSessions {
  readonly #platform: Pick<Platform, 'device' | 'findChannel' | 'records'>;
  readonly #playbacks: Playbacks;

  constructor(platform: Pick<Platform, 'device' | 'findChannel' | 'records'>, playbacks: Playbacks) {
    this.#platform = platform;
    this.#playbacks = playbacks;
  }

  /** One call for all who ask for the same range in the same way, as in the original. @throws ApiError, StreamError */
  async open(request: RecordedRequest, how: RecordedWay): Promise<PlaybackSnapshot> {
    const range = this.#rangeOf(request);
    const { sessionName, subStream } = how;
    const same = this.#playbacks
      .list()
      .find(
        (each) =>
          each.state !== 'ended' &&
          each.sessionName === sessionName &&
          each.subStream === subStream &&
          each.deviceId === range.deviceId &&
          each.channelId === range.channelId &&
          each.fromMs === range.fromMs &&
          each.toMs === range.toMs,
      );
    return same ?? this.#playbacks.start({ ...range, ...how });
  }

  /** The session is found by its url only, as in the original. @throws ApiError, GatewayError */
  async change(url: string, change: PlaybackChange): Promise<void> {
    const name = parseStreamUrl(url)?.stream;
    const playback = this.#playbacks.list().find(({ stream, state }) => stream === name && state !== 'ended');
    if (playback === undefined) throw new ApiError('stream_unknown', `stream not found: ${url.slice(0, 512)}`);
    await this.#playbacks.change(playback.id, change);
  }

  /** `null` where nothing is recorded. @throws ApiError, GatewayError */
  async records(request: RecordedRequest): Promise<readonly RecordRow[] | null> {
    const { items } = await this.#platform.records(this.#rangeOf(request));
    return items.length === 0 ? null : items.map(rowOf);
  }

  #rangeOf({ device_id, channel_id, start_time, end_time }: RecordedRequest) {
    // The original finds the device by the channel alone; clients may leave the device out.
    const deviceId = device_id === '' ? (this.#platform.findChannel(channel_id)?.deviceId ?? '') : device_id;
    if (this.#platform.device(deviceId) === undefined) {
      throw new ApiError('device_unknown', `device not found: ${deviceId === '' ? channel_id : deviceId}`);
    }
    if (start_time <= 0 || end_time <= start_time) {
      throw new ApiError('invalid_request', `end_time must be after start_time, got ${start_time} to ${end_time}`);
    }
    const channelId = channel_id === '' ? deviceId : channel_id;
    return { deviceId, channelId, fromMs: start_time * 1000, toMs: end_time * 1000 };
  }
}

function rowOf(item: RecordItem): RecordRow {
  return {
    device_id: item.channelId,
    name: item.name,
    file_path: item.filePath,
    address: item.address,
    start_time: formatGbTime(item.startMs),
    end_time: formatGbTime(item.endMs),
    secrecy: item.secrecy,
    type: item.type,
  };
}
