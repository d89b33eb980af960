import { subStreamAttributes, type SubStreamDialect } from '../gb28181/index.ts';
import type { VideoTrack } from '../media/index.ts';
import type { Play } from './play.ts';
import type { PlayRequest, SubStreamChoice } from './types.ts';

const MAX_CHANNELS = 10_000;

type Picture = Pick<VideoTrack, 'width' | 'height'>;

/** `1280x720`; undefined where the parameter sets do not tell it. */
const sizeOf = (picture: Picture | undefined): string | undefined =>
  picture?.width === undefined || picture.height === undefined ? undefined : `${picture.width}x${picture.height}`;

/** Sizes of the main streams as they were last seen: by them a sub-stream is known to be another one (quirks P19). */
export class MainPictures {
  /** By device and channel, the one last seen at the end. */
  readonly #sizes = new Map<string, string>();
  readonly #onChange: (request: PlayRequest) => void;

  constructor(onChange: (request: PlayRequest) => void) {
    this.#onChange = onChange;
  }

  sizeOf({ deviceId, channelId }: PlayRequest): string | undefined {
    return this.#sizes.get(`${deviceId} ${channelId}`);
  }

  see(request: PlayRequest, picture: Picture | undefined): void {
    const size = sizeOf(picture);
    if (size === undefined) return;
    const key = `${request.deviceId} ${request.channelId}`;
    const before = this.#sizes.get(key);
    this.#sizes.delete(key);
    this.#sizes.set(key, size);
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizes.size <= MAX_CHANNELS) break;
      this.#sizes.delete(oldest);
    }
    if (before !== size) this.#onChange(request);
  }
}

/**
 * The picture of a live stream or a recorded one. Of a sub-stream it tells whether the device heeded the choice: many ignore the attribute,
 * or know another one (quirks P19).
 */
export class ChannelPicture {
  readonly #request: PlayRequest;
  readonly #main: MainPictures;
  #picture: Picture | undefined;
  #dialect: SubStreamDialect = 'none';
  #play: Play | undefined;
  #choice: SubStreamChoice | undefined;

  constructor(request: PlayRequest, main: MainPictures) {
    this.#request = request;
    this.#main = main;
  }

  /** For the stream's snapshot. */
  get view(): { readonly subStreamChoice?: SubStreamChoice } {
    return this.#choice === undefined ? {} : { subStreamChoice: this.#choice };
  }

  /** The device was asked in this dialect, and this came. */
  opened(picture: Picture | undefined, dialect: SubStreamDialect, play: Play): void {
    if (this.#request.subStream === 0) {
      this.#main.see(this.#request, picture);
      return;
    }
    this.#picture = picture;
    this.#dialect = dialect;
    this.#play = play;
    this.#choice = undefined;
    this.judge();
  }

  /** Compares with the main stream, as far as that is known. Returns whether it tells something new. */
  judge(): boolean {
    if (this.#play === undefined) return false;
    const { choice, detail } = this.#verdict();
    const isNew = choice !== this.#choice;
    this.#choice = choice;
    if (isNew) this.#play.add('sub_stream', detail);
    return isNew;
  }

  #verdict(): { choice: SubStreamChoice; detail: string } {
    const known = sizeOf(this.#picture);
    const size = known ?? 'a picture of unknown size';
    const asked = subStreamAttributes(this.#dialect, this.#request.subStream).map(
      ([name, value]) => `a=${name}:${value}`,
    );
    if (asked.length === 0) {
      return { choice: 'not_asked', detail: `${size}; not asked for: the device's sub-stream dialect is none` };
    }
    const asking = `${size}, asked for by ${asked.join(' ')}`;
    const mainSize = this.#main.sizeOf(this.#request);
    if (mainSize === undefined || known === undefined) {
      return { choice: 'unverified', detail: `${asking}; the size of the main stream is not known to compare with` };
    }
    return mainSize === known
      ? { choice: 'ignored', detail: `${asking}, is the size of the main stream: the device ignored the choice` }
      : { choice: 'selected', detail: `${asking}; the main stream has ${mainSize}` };
  }
}
