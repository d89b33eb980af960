// A process of native WebRTC viewers for the load figures: WHEP offers, DTLS-SRTP, packets counted, nothing decoded.
// Started by fork(); receives `{ base, streams }`, tells `{ ready }`, answers `count` with `{ packets, bytes, open }`.
import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';

const { Audio, PeerConnection: Peer, RtcpReceivingSession, Video } = nodeDataChannel;

interface StartMessage {
  readonly base: string;
  /** One viewer for each entry. */
  readonly streams: readonly string[];
  readonly audio?: 'pcma' | 'opus';
}

let packets = 0;
let bytes = 0;
let open = 0;
const kept: { peer: PeerConnection; tracks: Track[] }[] = [];

function receive(track: Track): void {
  track.setMediaHandler(new RtcpReceivingSession());
  track.onMessage((packet) => {
    packets++;
    bytes += packet.length;
  });
}

async function watch({ base, audio: codec }: StartMessage, stream: string, index: number): Promise<void> {
  const peer = new Peer(`viewer-${index}`, { iceServers: [], bindAddress: '127.0.0.1' });
  const video = new Video('0', 'RecvOnly');
  video.addH264Codec(102);
  const audio = new Audio('1', 'RecvOnly');
  if (codec === 'opus') audio.addOpusCodec(111);
  else audio.addAudioCodec(8, 'PCMA');
  const tracks = [peer.addTrack(video), peer.addTrack(audio)];
  kept.push({ peer, tracks });
  for (const track of tracks) receive(track);
  const gathered = new Promise<void>((resolve) => {
    peer.onGatheringStateChange((state) => {
      if (state === 'complete') resolve();
    });
  });
  const connected = new Promise<void>((resolve, reject) => {
    peer.onStateChange((state) => {
      if (state === 'connected') {
        open++;
        resolve();
      }
      if (state === 'failed' || state === 'closed') reject(new Error(`viewer ${index} ${state}`));
    });
  });
  peer.setLocalDescription('offer');
  await gathered;
  const response = await fetch(`${base}/rtc/v1/whep/?app=live&stream=${encodeURIComponent(stream)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription()?.sdp ?? '',
  });
  if (response.status !== 201) throw new Error(`WHEP ${response.status}: ${await response.text()}`);
  peer.setRemoteDescription(await response.text(), 'answer');
  await connected;
}

async function start(message: StartMessage): Promise<void> {
  for (const [index, stream] of message.streams.entries()) await watch(message, stream, index);
  process.send?.({ ready: open });
}

process.on('message', (message: StartMessage | 'count' | 'stop') => {
  if (message === 'count') {
    process.send?.({ packets, bytes, open });
  } else if (message === 'stop') {
    for (const { peer } of kept) peer.close();
    nodeDataChannel.cleanup();
    process.exit(0);
  } else {
    start(message).catch((error: unknown) => {
      process.send?.({ error: String(error) });
      process.exit(1);
    });
  }
});
