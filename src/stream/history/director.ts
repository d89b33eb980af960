import type { HistoryInvite } from '../../gb28181/index.ts';
import type { StreamError } from '../errors.ts';
import type { Source } from '../source.ts';

/** Silence or a BYE so near to the end is the end. */
export const END_MS = 3000;
/** More than was asked for: some devices go on with the next file. They begin at a key frame, so a little is no fault. */
export const BEYOND_MS = 10_000;

/** What recorded material asks of its stream; who watches it decides on it. */
export interface HistoryDirector {
  /** Of the next INVITE. */
  invite(): HistoryInvite | Promise<HistoryInvite>;
  /** Paused: neither silence nor a source that is gone ends it. */
  readonly held: boolean;
  /** A source sends; a new one after each INVITE. */
  onSource(source: Source): void;
  /** A source is lost: whether the device is to be called again, with what `invite` says then. */
  comesBack(error: StreamError): boolean;
  /** Once; with an error unless it was closed on purpose or because nobody watches. */
  onClosed(error: StreamError | undefined): void;
}
