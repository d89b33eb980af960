import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { MeetingClient } from '../support/meeting-client.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { readWithFfmpeg } from '../support/rtsp-readers.ts';
import { requireTool } from '../support/requires.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

const HAS_TOOLS = requireTool('ffprobe') && requireTool('ffmpeg');
const ROOM = '/api/v1/rooms/shop/hall';

/** A member of the room of the MeetingServer. */
async function joinRoom(url: string, endpoint: string): Promise<MeetingClient> {
  const member = await MeetingClient.connect(url);
  expect(await member.join({ app: 'shop', channel: 'hall', endpoint, role: 'normal' })).toMatchObject({ err: 0 });
  return member;
}

/** `stream desk publish`, in the order of arrival. */
const told = ({ events }: MeetingClient): string[] =>
  events.map(({ event, data }) => `${event} ${String(data['endpoint'])} ${String(data['stat'])}`);

interface Taker {
  readonly streams: { readonly streamId: string; readonly state: string; readonly recordingId?: string }[];
}

interface Recording {
  readonly stream: string;
  readonly state: string;
  readonly durationMs: number;
  readonly requestedBy: string;
  readonly files: { readonly fileName: string }[];
}

interface LiveStream {
  readonly name: string;
  readonly video?: { readonly codec: string };
  readonly audio?: { readonly codec: string };
  readonly stats?: unknown;
  readonly bitrateBps: number;
}

async function meeting(scene: Scene): Promise<{ gateway: GatewayProcess; url: string }> {
  const port = await freePort();
  const gateway = await scene.gateway({
    config: { rooms: { host: '127.0.0.1', port }, meeting: { 'grace-time': '0s' } },
  });
  return { gateway, url: `ws://127.0.0.1:${port}/meeting` };
}

/** A member that publishes pictures and sound by WHIP and says so in the room. */
async function publish(scene: Scene, { gateway, url }: Awaited<ReturnType<typeof meeting>>, name: string) {
  const publisher = scene.keep(new NativePublisher(makeClip('baseline')), async (open) => open.close());
  await publisher.publish(gateway.base, name);
  const member = scene.keep(await joinRoom(url, name), (open) => open.close());
  const stream = { type: 'camera', stream_id: name, has_video: true, has_audio: true };
  const answer = await member.ask('stream.add', { stream: { ...stream, audio_codec: 'opus', video_codec: 'h264' } });
  expect(answer.err).toBe(0);
  return { publisher, member };
}

const running = (gateway: GatewayProcess, role: string, count: number): Promise<Taker> =>
  eventually(
    `${count} streams in the ${role}`,
    async () => {
      const taker = await gateway.json<Taker>('GET', `${ROOM}/${role}`);
      return taker.streams.filter(({ state }) => state === 'running').length === count ? taker : undefined;
    },
    30_000,
  );

describe.runIf(HAS_TOOLS)('cameras, recorder and relayer of a meeting', () => {
  test('a camera is a member that plays; the recorder leaves one correct file per stream', async () => {
    await using scene = new Scene();
    const place = await meeting(scene);
    const { gateway } = place;
    const camera = await scene.camera(gateway, { audio: true });
    await channelsKnown(gateway, 1);
    const { member } = await publish(scene, place, 'desk');
    const [deviceId, channelId] = streamOf(camera).split('_');
    const placed = await gateway.json<{ streamId: string; endpoint: string }>('POST', `${ROOM}/cameras`, {
      deviceId,
      channelId,
      endpoint: 'East gate',
    });
    expect(placed).toMatchObject({ streamId: `live/${streamOf(camera)}`, endpoint: 'East gate' });
    await expect.poll(() => told(member)).toEqual(['endpoint East gate join', 'stream East gate publish']);
    const { data } = await member.ask('channel.dump', {});
    expect(data['endpoint_list']).toContainEqual(
      expect.objectContaining({
        endpoint: 'East gate',
        device: deviceId,
        stream: expect.objectContaining({ stream_id: placed.streamId, type: 'camera', video_codec: 'h264' }),
      }),
    );

    await gateway.json('POST', `${ROOM}/recorder`, {});
    const { streams } = await running(gateway, 'recorder', 2);
    expect(streams.map(({ streamId }) => streamId).toSorted()).toEqual(['desk', placed.streamId]);
    for (const { recordingId } of streams) {
      await eventually(
        'three seconds on the disk',
        async () => {
          const { durationMs } = await gateway.json<Recording>('GET', `/api/v1/recordings/${recordingId}`);
          return durationMs >= 3000 ? true : undefined;
        },
        40_000,
      );
    }
    await camera.close();
    await expect
      .poll(() => told(member).slice(-2), { timeout: 20_000 })
      .toEqual(['stream East gate unpublish', 'endpoint East gate leave']);
    await member.close();
    const { items } = await eventually(
      'two finished recordings',
      async () => {
        const page = await gateway.json<{ items: Recording[] }>('GET', '/api/v1/recordings');
        return page.items.every(({ state }) => state === 'finished') ? page : undefined;
      },
      20_000,
    );
    expect(items.map(({ stream, requestedBy }) => `${stream} ${requestedBy}`).toSorted()).toEqual([
      `${placed.streamId} room`,
      'live/desk room',
    ]);
    for (const { stream, files, durationMs } of items) {
      expect(files).toHaveLength(1);
      const path = join(gateway.dataDir, 'record', files[0]?.fileName ?? '');
      const probed = await probeFile(path);
      expect(probed.codecs).toEqual(['h264', stream === 'live/desk' ? 'opus' : 'pcm_alaw']);
      expect(Math.abs(probed.durationMs - durationMs)).toBeLessThan(1000);
      expect(await decodeErrors(path)).toBe('');
    }
    expect((await fetch(`${gateway.base}${ROOM}/recorder`)).status).toBe(404);
  });

  test('the relayer pushes every stream to another RTSP server, where it plays', async () => {
    await using scene = new Scene();
    const rtspPort = await freePort();
    const target = await scene.gateway({ config: { rtsp: { port: rtspPort } } });
    const place = await meeting(scene);
    const { gateway } = place;
    await publish(scene, place, 'one');
    const url = `rtsp://127.0.0.1:${rtspPort}/relay`;
    expect((await fetch(`${gateway.base}${ROOM}/relayer`, { method: 'POST' })).status).toBe(415);
    await gateway.json('POST', `${ROOM}/relayer`, { url });
    await running(gateway, 'relayer', 1);
    const two = await publish(scene, place, 'two');
    await running(gateway, 'relayer', 2);
    const arrived = async () => (await target.json<{ items: LiveStream[] }>('GET', '/api/v1/live-streams')).items;
    for (const name of ['relay/one', 'relay/two']) {
      await eventually(`${name} with picture and sound`, async () => {
        const stream = (await arrived()).find((one) => one.name === name);
        return stream?.video?.codec === 'h264' && stream.audio !== undefined ? stream : undefined;
      });
    }
    const read = await readWithFfmpeg(`rtsp://127.0.0.1:${rtspPort}/relay/two`, 'tcp', 3);
    expect(read.codecs.toSorted()).toEqual(['h264', 'opus']);
    expect(read.frames['h264']).toBeGreaterThan(10);
    await two.member.ask('stream.delete', { stream_id: 'two' });
    await eventually('relay/two is gone', async () =>
      (await arrived()).some(({ name }) => name === 'relay/two') ? undefined : true,
    );
    const stopped = await fetch(`${gateway.base}${ROOM}/relayer`, { method: 'DELETE' });
    expect(stopped.status).toBe(204);
    await eventually('nothing is relayed any more', async () => ((await arrived()).length === 0 ? true : undefined));
  });
});
