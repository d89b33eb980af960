// mediasoup and nothing else, as yardstick: one worker, one router, one publisher, any number of players, with WHIP and
// WHEP in their barest form. Started by fork(); tells `{ base }`.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWorker, type types } from 'mediasoup';
import { parse, type MediaDescription } from 'sdp-transform';

const MEDIA_CODECS: types.RouterRtpCodecCapability[] = [
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    preferredPayloadType: 102,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
  },
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, preferredPayloadType: 111 },
];

const worker = await createWorker({ logLevel: 'error' });
const router = await worker.createRouter({ mediaCodecs: MEDIA_CODECS });
const webRtcServer = await worker.createWebRtcServer({
  listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', sendBufferSize: 4_194_304, recvBufferSize: 4_194_304 }],
});
const producers: types.Producer[] = [];

async function connect(sdp: string): Promise<{ transport: types.WebRtcTransport; media: MediaDescription[] }> {
  const { media, fingerprint } = parse(sdp);
  const { type, hash } = media[0]?.fingerprint ?? fingerprint ?? { type: '', hash: '' };
  const transport = await router.createWebRtcTransport({ webRtcServer });
  const fingerprints = [{ algorithm: type as types.FingerprintAlgorithm, value: hash }];
  await transport.connect({ dtlsParameters: { role: 'client', fingerprints } });
  return { transport, media };
}

async function publish(sdp: string): Promise<string> {
  const { transport, media } = await connect(sdp);
  const ssrcs = new Map<string, number>();
  for (const { type, ssrcs: offered } of media) {
    const codec = MEDIA_CODECS.find(({ kind }) => kind === type);
    if (codec?.preferredPayloadType === undefined) continue;
    const { mimeType, clockRate, channels, parameters, preferredPayloadType: payloadType, rtcpFeedback } = codec;
    const producer = await transport.produce({
      kind: codec.kind,
      rtpParameters: {
        codecs: [
          {
            mimeType,
            clockRate,
            payloadType,
            ...(channels === undefined ? {} : { channels }),
            ...(parameters === undefined ? {} : { parameters }),
            ...(rtcpFeedback === undefined ? {} : { rtcpFeedback }),
          },
        ],
        encodings: [{ ssrc: Number(offered?.[0]?.id) }],
      },
    });
    producers.push(producer);
  }
  return answer(transport, media, 'recvonly', ssrcs);
}

async function play(sdp: string): Promise<string> {
  const { transport, media } = await connect(sdp);
  const ssrcs = new Map<string, number>();
  for (const producer of producers) {
    const consumer = await transport.consume({
      producerId: producer.id,
      rtpCapabilities: { codecs: router.rtpCapabilities.codecs ?? [], headerExtensions: [] },
    });
    ssrcs.set(producer.kind, consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0);
  }
  return answer(transport, media, 'sendonly', ssrcs);
}

function answer(
  transport: types.WebRtcTransport,
  media: readonly MediaDescription[],
  direction: string,
  ssrcs: ReadonlyMap<string, number>,
): string {
  const { iceParameters, iceCandidates, dtlsParameters } = transport;
  const { algorithm, value } = dtlsParameters.fingerprints.find((each) => each.algorithm === 'sha-256') ?? {
    algorithm: '',
    value: '',
  };
  const candidates = iceCandidates.map(
    ({ foundation, priority, address, port }) =>
      `a=candidate:${foundation} 1 udp ${priority} ${address} ${port} typ host`,
  );
  const sections = media.flatMap(({ type, mid }) => {
    const codec = MEDIA_CODECS.find(({ kind }) => kind === type);
    const payloadType = codec?.preferredPayloadType ?? 0;
    const name = `${codec?.mimeType.split('/')[1]}/${codec?.clockRate}${codec?.channels === undefined ? '' : '/2'}`;
    const ssrc = ssrcs.get(type);
    return [
      `m=${type} 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
      'c=IN IP4 127.0.0.1',
      `a=mid:${mid}`,
      `a=${direction}`,
      'a=rtcp-mux',
      `a=ice-ufrag:${iceParameters.usernameFragment}`,
      `a=ice-pwd:${iceParameters.password}`,
      `a=fingerprint:${algorithm} ${value}`,
      'a=setup:passive',
      `a=rtpmap:${payloadType} ${name}`,
      ...(type === 'video' ? [`a=fmtp:${payloadType} packetization-mode=1;profile-level-id=42e01f`] : []),
      ...(ssrc === undefined ? [] : [`a=ssrc:${ssrc} cname:bare`]),
      ...candidates,
      'a=end-of-candidates',
    ];
  });
  const group = `a=group:BUNDLE ${media.map(({ mid }) => mid).join(' ')}`;
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', group, ...sections, ''].join('\r\n');
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const sdp = Buffer.concat(chunks).toString();
    const answered = request.url?.startsWith('/rtc/v1/whip') === true ? publish(sdp) : play(sdp);
    answered.then(
      (text) => response.writeHead(201, { 'content-type': 'application/sdp' }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('SIGTERM', () => {
  worker.close();
  server.close();
  process.exit(0);
});
