// A process of native WebRTC viewers for the load figures: WHEP offers, DTLS-SRTP, packets counted, nothing decoded.
// Started by fork(); receives `{ base, streams }`, tells `{ ready }`, answers `count` with `{ packets, bytes, open }`.
import nodeDataChannel from 'node-datachannel';
import { NativePlayer } from '../support/native-player.ts';

interface StartMessage {
  readonly base: string;
  /** One viewer for each entry. */
  readonly streams: readonly string[];
  readonly audio?: 'pcma' | 'opus';
}

const players: NativePlayer[] = [];

async function start({ base, streams, audio }: StartMessage): Promise<void> {
  for (const stream of streams) {
    const player = new NativePlayer(audio === undefined ? {} : { audio });
    players.push(player);
    await player.play(base, stream);
  }
  process.send?.({ ready: players.length });
}

function count(): { packets: number; bytes: number; open: number } {
  const sum = { packets: 0, bytes: 0, open: 0 };
  for (const { packets, bytes, open } of players) {
    sum.packets += packets;
    sum.bytes += bytes;
    sum.open += open ? 1 : 0;
  }
  return sum;
}

process.on('message', (message: StartMessage | 'count' | 'stop') => {
  if (message === 'count') {
    process.send?.(count());
  } else if (message === 'stop') {
    for (const player of players) player.close();
    nodeDataChannel.cleanup();
    process.exit(0);
  } else {
    start(message).catch((error: unknown) => {
      process.send?.({ error: String(error) });
      process.exit(1);
    });
  }
});
