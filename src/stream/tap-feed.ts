import type { PlayerOutput } from '../media/index.ts';
import type { FrameHub } from './frame-hub.ts';
import type { TapTrack, TapUdpTarget } from './tap-types.ts';

/** What taps read from: a camera's ingest, or a publication. */
export interface TapFeed {
  /** As known now. */
  readonly tracks: readonly TapTrack[];
  /** Of all readers of framed packets. */
  readonly hub: FrameHub;
  /** As of `Tap`. */
  readonly ownPace?: boolean;
  /** @throws GatewayError */
  openUdp(target: TapUdpTarget): Promise<PlayerOutput>;
}
