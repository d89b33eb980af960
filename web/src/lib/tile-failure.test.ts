import { expect, test } from 'vitest';
import { TileFailure } from './tile-failure.ts';
import type { PlayerState } from './whep-player.ts';

const failed = (code: string): PlayerState => ({ phase: 'failed', error: { code, message: '' } });
const CONNECTING: PlayerState = { phase: 'connecting' };

/** What is shown after each state. */
const shown = (states: readonly PlayerState[]) => {
  const failure = new TileFailure();
  return states.map((state) => failure.update(state));
};

test.each([
  {
    name: 'a failure stands through the next tries, until a picture comes',
    states: [CONNECTING, failed('codec_unsupported'), CONNECTING, failed('no_rtp'), { phase: 'playing' as const }],
    codes: [undefined, 'codec_unsupported', 'codec_unsupported', 'no_rtp', undefined],
  },
  {
    name: 'a stream that is only late is told from the second time',
    states: [failed('stream_unknown'), CONNECTING, failed('stream_unknown'), CONNECTING],
    codes: [undefined, undefined, 'stream_unknown', 'stream_unknown'],
  },
  {
    name: 'another stream begins anew',
    states: [failed('device_offline'), { phase: 'stopped' as const }, CONNECTING, failed('stream_unknown')],
    codes: ['device_offline', undefined, undefined, undefined],
  },
])('$name', ({ states, codes }) => expect(shown(states)).toEqual(codes));
