import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createWorker, type types } from 'mediasoup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMediaThreads, type Ingest, type MediaThreads } from '../../src/media/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { SyntheticPs } from '../support/synthetic-ps.ts';

const HOST = '127.0.0.1';
const SSRC = 100_000_001;
const MEDIA_CODECS: types.RouterRtpCodecCapability[] = [
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    preferredPayloadType: 96,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
  },
  { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, channels: 1, preferredPayloadType: 8 },
];

let worker: types.Worker;
let threads: MediaThreads;

beforeAll(async () => {
  worker = await createWorker({ logLevel: 'error' });
  threads = await createMediaThreads(
    {
      threads: 1,
      listenAddress: HOST,
      portMin: 42_000,
      portMax: 42_099,
      quarantineMs: 0,
      mode: 'ports',
      singlePort: 0,
      reorderMs: 30,
      receiveBufferBytes: 1_048_576,
    },
    silentLogger,
  );
});

afterAll(async () => {
  await threads.close();
  worker.close();
});

/** Sends 25 frames a second until it is called off; answers key frame requests as a camera does. */
async function startCamera(ingest: Ingest): Promise<() => void> {
  const socket = createSocket('udp4');
  socket.connect(ingest.localPort, HOST);
  await once(socket, 'connect');
  const source = new SyntheticPs({ ssrc: SSRC, framesPerGop: 100_000, keyFrameBytes: 150_000 });
  ingest.on('keyFrameRequested', () => {
    source.keyFrameNext = true;
  });
  const timer = setInterval(() => {
    for (const packet of source.nextFrame()) socket.send(packet);
  }, 40);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}

test('mediasoup takes video and audio of an output, and its key frame request reaches the ingest', async () => {
  const ingest = await threads.openIngest({ id: 'a', transport: 'udp', ssrc: SSRC, ssrcCheck: 'strict' });
  ingest.setAnswer({ ssrc: SSRC, payloads: [{ payloadType: 96, encoding: 'PS' }] });
  const stop = await startCamera(ingest);
  try {
    while (ingest.video === undefined || ingest.audio === undefined) await once(ingest, 'track');
    const { video, audio } = ingest;
    const router = await worker.createRouter({ mediaCodecs: MEDIA_CODECS });
    const plain = await router.createPlainTransport({
      // The buffer that the gateway asks for: in the system's default a worker that sleeps 2 ms loses packets.
      listenInfo: { protocol: 'udp', ip: HOST, recvBufferSize: 4_194_304 },
      comedia: true,
      rtcpMux: true,
    });
    const producer = await plain.produce({
      kind: 'video',
      rtpParameters: {
        codecs: [
          {
            mimeType: 'video/H264',
            payloadType: video.payloadType,
            clockRate: 90_000,
            parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' },
            rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
          },
        ],
        encodings: [{ ssrc: video.ssrc }],
      },
    });
    const sound = await plain.produce({
      kind: 'audio',
      rtpParameters: {
        codecs: [{ mimeType: 'audio/PCMA', payloadType: audio.payloadType, clockRate: 8000 }],
        encodings: [{ ssrc: audio.ssrc }],
      },
    });
    const direct = await router.createDirectTransport();
    const consumer = await direct.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities });
    const packets: Buffer[] = [];
    consumer.on('rtp', (packet) => packets.push(packet));
    const output = ingest.addOutput({ address: HOST, port: plain.tuple.localPort, audioCodec: 'pcma' });

    await expect.poll(() => packets.length, { timeout: 10_000 }).toBeGreaterThan(130);
    // The numbers have no hole: the key frame of 150 kB was not lost in a burst.
    const numbers = packets.map((packet) => packet.readUInt16BE(2));
    expect(numbers.every((number, index) => index === 0 || ((number - numbers[index - 1]!) & 0xffff) === 1)).toBe(true);
    await expect
      .poll(async () => (await sound.getStats())[0]?.packetCount ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(5);

    const requested = once(ingest, 'keyFrameRequested');
    const seen = packets.length;
    await consumer.requestKeyFrame();
    await requested;
    await expect.poll(() => packets.length - seen, { timeout: 20_000 }).toBeGreaterThan(100);
    output.close();
    router.close();
  } finally {
    stop();
    ingest.close();
  }
});
