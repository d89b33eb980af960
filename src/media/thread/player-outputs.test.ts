import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { HOST, MediaThreadHarness, SSRC, pictureLossIndication } from '../../../test/support/media-thread-harness.ts';
import { SyntheticPs } from '../../../test/support/synthetic-ps.ts';
import { silentLogger } from '../../util/index.ts';
import type { FramedPackets } from '../types.ts';
import { PlayerOutputs } from './player-outputs.ts';
import type { PlayerOutputNotice, PlayerOutputTarget } from './protocol.ts';

let harness: MediaThreadHarness;
const harnesses: MediaThreadHarness[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const opened of harnesses.splice(0)) opened.close();
  for (const socket of sockets.splice(0)) socket.close();
});

/** A receiver of datagrams. */
async function receiver(): Promise<{ port: number; got: { packet: Buffer; from: RemoteInfo }[]; socket: Socket }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const got: { packet: Buffer; from: RemoteInfo }[] = [];
  socket.on('message', (packet, from) => got.push({ packet, from }));
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return { port: socket.address().port, got, socket };
}

async function openCamera() {
  harness = await MediaThreadHarness.start();
  harnesses.push(harness);
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC });
  const sender = await harness.sender();
  const send = (frames: number): void => {
    for (let frame = 0; frame < frames; frame += 1) {
      for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
    }
  };
  const { key } = ingest;
  const notices = (outputId: number): PlayerOutputNotice[] =>
    harness.notices.flatMap((notice) =>
      notice.type === 'output' && notice.key === key && notice.outputId === outputId ? [notice.event] : [],
    );
  const add = async (outputId: number, target: PlayerOutputTarget) => {
    harness.request({ type: 'addPlayerOutput', key, outputId, target });
    return harness.poll(() => notices(outputId).find((notice) => notice.name !== 'frames'));
  };
  const act = (outputId: number, action: 'play' | 'pause' | 'keyFrame'): void =>
    harness.request({ type: 'playerOutput', key, outputId, action });
  return { ingest, send, add, act, notices };
}

describe('a track straight to a player', () => {
  test('from an even port and the next one, only while it plays, RTCP apart', async () => {
    const camera = await openCamera();
    const [rtp, rtcp] = [await receiver(), await receiver()];
    const ports = { address: HOST, rtpPort: rtp.port, rtcpPort: rtcp.port, localAddress: HOST };
    const opened = await camera.add(1, { kind: 'udp', track: 'video', ...ports, audioCodec: 'pcma' });
    if (opened.name !== 'opened') throw new Error(opened.name);
    expect([opened.ports.rtp % 2, opened.ports.rtcp - opened.ports.rtp]).toEqual([0, 1]);
    camera.send(3);
    await camera.ingest.fact('firstKeyFrame');
    camera.act(1, 'play');
    await harness.poll(() => rtp.got[0]);
    await harness.poll(() => rtcp.got[0]);
    expect(rtp.got[0]?.from.port).toBe(opened.ports.rtp);
    expect(rtcp.got[0]?.from.port).toBe(opened.ports.rtcp);
    expect(rtcp.got[0]?.packet[1]).toBe(200);
    // Video only, from the key frame on.
    expect(new Set(rtp.got.map(({ packet }) => packet[1]! & 0x7f))).toEqual(new Set([96]));
    camera.act(1, 'pause');
    // Of the packets that are on their way, the last has arrived when the next frames are counted.
    camera.send(1);
    await camera.ingest.stats(({ frames }) => frames >= 3);
    const before = rtp.got.length;
    camera.send(3);
    await camera.ingest.stats(({ frames }) => frames >= 6);
    expect(rtp.got).toHaveLength(before);
  });

  test('its RTCP keeps it alive and asks for key frames; of another address it counts for nothing', async () => {
    const camera = await openCamera();
    const [rtp, rtcp] = [await receiver(), await receiver()];
    const ports = { address: HOST, rtpPort: rtp.port, rtcpPort: rtcp.port, localAddress: HOST };
    const opened = await camera.add(1, { kind: 'udp', track: 'video', ...ports, audioCodec: 'pcma' });
    if (opened.name !== 'opened') throw new Error(opened.name);
    const stranger = await harness.sender('127.0.0.77');
    stranger.send(pictureLossIndication(1), opened.ports.rtcp, HOST);
    rtcp.socket.send(pictureLossIndication(1), opened.ports.rtcp, HOST);
    await camera.ingest.fact('keyFrameRequested');
    expect(camera.notices(1).filter(({ name }) => name === 'alive')).toHaveLength(1);
  });

  test('an address that is not ours fails', async () => {
    const camera = await openCamera();
    const ports = { address: HOST, rtpPort: 9, rtcpPort: 9, localAddress: '203.0.113.1' };
    const refused = await camera.add(1, { kind: 'udp', track: 'audio', ...ports, audioCodec: 'pcma' });
    expect(refused.name).toBe('failed');
  });
});

test('framed packets: one message a frame, the key frame marked, channels by track, reports on the odd ones', async () => {
  const camera = await openCamera();
  expect((await camera.add(1, { kind: 'framed', audioCodec: 'pcma' })).name).toBe('opened');
  camera.act(1, 'play');
  camera.send(8);
  const frames = (): FramedPackets[] =>
    camera.notices(1).flatMap((notice) => (notice.name === 'frames' ? [notice.frames] : []));
  await harness.poll(() => (frames().length >= 6 ? true : undefined));
  const channels = new Set<number>();
  for (const { data } of frames()) {
    let at = 0;
    while (at < data.length) {
      expect(data[at]).toBe(0x24);
      channels.add(data[at + 1]!);
      at += 4 + ((data[at + 2]! << 8) | data[at + 3]!);
    }
    expect(at).toBe(data.length);
  }
  expect(channels.has(0) && channels.has(1)).toBe(true);
  expect(frames().filter(({ keyFrame }) => keyFrame).length).toBeGreaterThan(0);
  harness.request({ type: 'removeOutput', key: camera.ingest.key, outputId: 1 });
  const told = frames().length;
  camera.send(3);
  await camera.ingest.stats(({ frames: count }) => count >= 10);
  expect(frames()).toHaveLength(told);
});

describe('on the main thread', () => {
  const scene = () => {
    const posted: unknown[] = [];
    return { posted, outputs: new PlayerOutputs((request) => posted.push(request), silentLogger) };
  };
  const udp = {
    kind: 'udp',
    track: 'video',
    address: HOST,
    rtpPort: 1,
    rtcpPort: 2,
    localAddress: HOST,
    audioCodec: 'pcma',
  } as const;

  test('opens, acts, closes once', async () => {
    const { posted, outputs } = scene();
    const opening = outputs.open(1, udp);
    outputs.onNotice(1, { name: 'opened', ports: { rtp: 10, rtcp: 11 } });
    const output = await opening;
    let alive = 0;
    output.on('alive', () => (alive += 1));
    outputs.onNotice(1, { name: 'alive' });
    output.setPlaying(true);
    output.setPlaying(false);
    output.requestKeyFrame();
    output.close();
    output.close();
    output.setPlaying(true);
    outputs.onNotice(1, { name: 'alive' });
    expect([output.ports, alive]).toEqual([{ rtp: 10, rtcp: 11 }, 1]);
    expect(posted).toEqual([
      { type: 'addPlayerOutput', outputId: 1, target: udp },
      { type: 'playerOutput', outputId: 1, action: 'play' },
      { type: 'playerOutput', outputId: 1, action: 'pause' },
      { type: 'playerOutput', outputId: 1, action: 'keyFrame' },
      { type: 'removeOutput', outputId: 1 },
    ]);
  });

  test('a refusal and the end of the ingest reject', async () => {
    const { outputs } = scene();
    const refused = outputs.open(1, udp);
    const late = outputs.open(2, { kind: 'framed', audioCodec: 'pcma', onFrames: () => undefined });
    outputs.onNotice(1, { name: 'failed' });
    outputs.end();
    await expect(refused).rejects.toMatchObject({ code: 'media_output_failed' });
    await expect(late).rejects.toMatchObject({ code: 'media_output_failed' });
  });
});
