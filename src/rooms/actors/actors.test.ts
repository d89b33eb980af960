import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeError, FakePlatform, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings } from '../../../test/support/meetings-fixture.ts';
import { silentLogger } from '../../util/index.ts';
import type { LocalMember, Meetings } from '../meeting/index.ts';
import { createRoomActors } from './actors.ts';
import type { RoomActors, RoomPush, RoomPushes, RoomRecording, RoomRecordings } from './types.ts';

const ROOM = { app: 'shop', channel: 'hall' };
const DEVICE = '34020000001320000001';
const CHANNEL = '34020000001310000001';
const CAMERA = { ...ROOM, deviceId: DEVICE, channelId: CHANNEL, subStream: 0 };
const STREAM = `live/${DEVICE}_${CHANNEL}`;

class FakePush extends EventEmitter<{ changed: [] }> implements RoomPush {
  readonly url: string;
  state: RoomPush['state'] = 'connecting';
  failure: RoomPush['failure'];

  constructor(url: string) {
    super();
    this.url = url;
  }

  async close(): Promise<void> {
    this.state = 'ended';
  }
}

class FakePushes implements RoomPushes {
  readonly pushes: { stream: string; push: FakePush }[] = [];

  check(url: string): void {
    if (!url.startsWith('rtsp://')) throw new FakeError('push_invalid', url);
  }

  start({ stream, url }: { stream: string; url: string }): RoomPush {
    const push = new FakePush(url);
    this.pushes.push({ stream, push });
    return push;
  }

  async close(): Promise<void> {
    for (const { push } of this.pushes) await push.close();
  }
}

class FakeRoomRecordings extends EventEmitter<{ changed: [RoomRecording] }> implements RoomRecordings {
  readonly log: string[] = [];
  readonly recordings = new Map<string, RoomRecording>();
  failure: Error | undefined;
  /** `start` waits for it. */
  hold: Promise<void> | undefined;
  endsAtOnce = false;

  async start(request: Parameters<RoomRecordings['start']>[0]): Promise<{ id: string }> {
    await this.hold;
    if (this.failure !== undefined) throw this.failure;
    this.log.push(`start ${request.stream} ${request.requestedBy} ${request.segmentMinutes ?? '-'}`);
    const id = `r-${request.stream}`;
    this.change({ id, state: 'recording' });
    if (this.endsAtOnce) this.change({ id, state: 'finished', reason: 'stream_ended' });
    return { id };
  }

  async stop(id: string): Promise<void> {
    this.log.push(`stop ${id}`);
    if (this.get(id)?.state === 'recording') this.change({ id, state: 'finished', reason: 'stopped' });
  }

  get(id: string): RoomRecording | undefined {
    return this.recordings.get(id);
  }

  change(recording: RoomRecording): void {
    this.recordings.set(recording.id, recording);
    this.emit('changed', recording);
  }
}

let platform: FakePlatform;
let streams: FakeStreams;
let meetings: Meetings;
let recordings: FakeRoomRecordings;
let pushes: FakePushes;
let actors: RoomActors;
const told: string[] = [];

beforeEach(() => {
  platform = new FakePlatform().addDevice(fakeDevice(), [fakeChannel()]);
  streams = new FakeStreams();
  meetings = openMeetings(streams);
  recordings = new FakeRoomRecordings();
  pushes = new FakePushes();
  actors = createRoomActors({ meetings, platform, streams, recordings, pushes, retryMs: 20, log: silentLogger });
  told.length = 0;
});
afterEach(async () => {
  await actors.close();
  meetings.close();
});

/** Somebody who watches what happens in the room. */
function watcher(room = ROOM, endpoint = 'watcher'): LocalMember {
  const member = meetings.joinLocal({ ...room, endpoint, role: 'normal', device: '' });
  member.on('endpointJoined', (name) => told.push(`${name} joined`));
  member.on('endpointLeft', (name) => told.push(`${name} left`));
  member.on('streamPublished', ({ endpoint: name, stream }) => told.push(`${name} publishes ${stream.stream_id}`));
  member.on('streamUnpublished', ({ endpoint: name, stream }) => told.push(`${name} ends ${stream.stream_id}`));
  return member;
}

const publish = (member: LocalMember, id: string): void =>
  member.addStream({
    stream_id: id,
    type: 'camera',
    has_video: true,
    has_audio: true,
    audio_codec: 'opus',
    video_codec: 'vp8',
  });

describe('a camera', () => {
  test('joins with its stream, and leaves when its device goes offline', async () => {
    const member = watcher();
    const view = await actors.placeCamera(CAMERA);
    expect(view).toEqual({
      ...ROOM,
      endpoint: `camera-${CHANNEL}`,
      deviceId: DEVICE,
      channelId: CHANNEL,
      streamId: STREAM,
    });
    expect(told).toEqual([`camera-${CHANNEL} joined`, `camera-${CHANNEL} publishes ${STREAM}`]);
    expect(member.streams()).toMatchObject([{ role: 'camera', device: DEVICE, stream: { type: 'camera' } }]);
    expect(actors.cameras(ROOM)).toEqual([view]);
    platform.changeDevice(DEVICE, { online: false });
    expect(told.slice(2)).toEqual([`camera-${CHANNEL} ends ${STREAM}`, `camera-${CHANNEL} left`]);
    expect(actors.cameras(ROOM)).toEqual([]);
  });

  test('is in several rooms at once, each its own', async () => {
    const other = { app: 'shop', channel: 'yard' };
    await actors.placeCamera(CAMERA);
    await actors.placeCamera({ ...CAMERA, ...other, endpoint: 'gate' });
    expect(actors.removeCamera(ROOM, 'gate')).toBe(false);
    expect(actors.removeCamera(other, 'gate')).toBe(true);
    expect(actors.cameras(ROOM)).toHaveLength(1);
    expect(actors.cameras(other)).toEqual([]);
  });

  test('can be placed again after it was put out', async () => {
    await actors.placeCamera(CAMERA);
    expect(meetings.kick('shop', 'hall', `camera-${CHANNEL}`)).toBe(true);
    expect(actors.cameras(ROOM)).toEqual([]);
    await actors.placeCamera(CAMERA);
    await expect(actors.placeCamera(CAMERA)).rejects.toMatchObject({ code: 'endpoint_taken' });
  });

  test.each([
    { name: 'unknown device', request: { ...CAMERA, deviceId: '1' }, code: 'channel_unknown' },
    { name: 'unknown channel', request: { ...CAMERA, channelId: '1' }, code: 'channel_unknown' },
    { name: 'no name', request: { ...CAMERA, endpoint: '\u0007' }, code: 'name_invalid' },
  ])('$name: $code', async ({ request, code }) => {
    await expect(actors.placeCamera(request)).rejects.toMatchObject({ code });
    expect(meetings.list()).toEqual([]);
  });

  test('without a picture says why, and joins nothing', async () => {
    streams.failure = new FakeError('codec_unsupported', 'H.265');
    await expect(actors.placeCamera(CAMERA)).rejects.toMatchObject({ code: 'codec_unsupported' });
    expect(meetings.list()).toEqual([]);
  });

  test('that goes offline while it is being opened joins nothing', async () => {
    let open: () => void = () => undefined;
    streams.hold = new Promise((resolve) => (open = resolve));
    const placing = actors.placeCamera(CAMERA);
    platform.changeDevice(DEVICE, { online: false });
    open();
    await expect(placing).rejects.toMatchObject({ code: 'device_offline' });
    expect(meetings.list()).toEqual([]);
  });
});

describe('a recorder', () => {
  test('records what is there and what comes, one recording each, and ends with the last member', async () => {
    const [one, two] = [watcher(ROOM, 'one'), watcher(ROOM, 'two')];
    publish(one, 's1');
    expect(actors.startRecorder({ ...ROOM, segmentMinutes: 10 })).toMatchObject({
      endpoint: 'recorder',
      streams: [{ streamId: 's1', endpoint: 'one', state: 'starting' }],
    });
    publish(two, 's2');
    await vi.waitFor(() => expect(recordings.log).toEqual(['start s1 room 10', 'start s2 room 10']));
    one.deleteStream('s1');
    await vi.waitFor(() => expect(recordings.log).toContain('stop r-s1'));
    publish(one, 's1');
    await vi.waitFor(() => expect(recordings.log.filter((line) => line === 'start s1 room 10')).toHaveLength(2));
    const states = () => actors.taker(ROOM, 'recorder')?.streams.map(({ streamId, state }) => `${streamId} ${state}`);
    await vi.waitFor(() => expect(states()).toEqual(['s1 ended', 's2 running', 's1 running']));
    one.leave();
    two.leave();
    await vi.waitFor(() => expect(recordings.log.filter((line) => line.startsWith('stop'))).toHaveLength(3));
    expect(actors.taker(ROOM, 'recorder')).toBeUndefined();
    expect(meetings.list()).toEqual([]);
  });

  test('is one for a room; stopping it waits for its files', async () => {
    const member = watcher();
    publish(member, 's1');
    actors.startRecorder(ROOM);
    expect(() => actors.startRecorder(ROOM)).toThrow(expect.objectContaining({ code: 'actor_exists' }));
    expect(told).toContain('recorder joined');
    await vi.waitFor(() => expect(recordings.log).toEqual(['start s1 room -']));
    expect(await actors.stopTaker(ROOM, 'recorder')).toBe(true);
    expect(recordings.log).toEqual(['start s1 room -', 'stop r-s1']);
    expect(await actors.stopTaker(ROOM, 'recorder')).toBe(false);
    expect(told).toContain('recorder left');
  });

  test('is kept out by nobody of its name, and keeps nobody company who only has such a name', async () => {
    const guests = [watcher(ROOM, 'recorder'), watcher(ROOM, 'relayer')];
    const { endpoint } = actors.startRecorder(ROOM);
    expect(endpoint).toMatch(/^recorder-[\da-f-]{36}$/);
    expect(() => actors.startRelayer({ ...ROOM, endpoint: 'relayer', url: 'rtsp://h/relay' })).toThrow(
      expect.objectContaining({ code: 'endpoint_taken' }),
    );
    expect(actors.startRelayer({ ...ROOM, endpoint: 'out', url: 'rtsp://h/relay' })).toMatchObject({ endpoint: 'out' });
    guests[0]?.leave();
    expect(actors.taker(ROOM, 'recorder')?.endpoint).toBe(endpoint);
    guests[1]?.leave();
    expect([actors.taker(ROOM, 'recorder'), actors.taker(ROOM, 'relayer'), meetings.list()]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });

  test('that does not end holds the gateway up no longer than its limit', async () => {
    const limited = createRoomActors({
      meetings,
      platform,
      streams,
      recordings,
      pushes,
      closeLimitMs: 30,
      log: silentLogger,
    });
    publish(watcher(), 's1');
    limited.startRecorder(ROOM);
    await vi.waitFor(() => expect(recordings.log).toHaveLength(1));
    const never = new Promise<void>(() => undefined);
    vi.spyOn(recordings, 'stop').mockReturnValue(never);
    await limited.close();
    expect(recordings.listenerCount('changed')).toBe(1);
  });

  test('tries again what could not begin, and says why', async () => {
    recordings.failure = new FakeError('stream_not_found', 'no stream s1');
    publish(watcher(), 's1');
    actors.startRecorder(ROOM);
    const first = () => actors.taker(ROOM, 'recorder')?.streams[0];
    await vi.waitFor(() => expect(first()).toMatchObject({ state: 'failed', failure: { code: 'stream_not_found' } }));
    recordings.failure = undefined;
    await vi.waitFor(() => expect(first()).toMatchObject({ state: 'running', recordingId: 'r-s1' }));
  });

  test.each([
    { end: { state: 'finished', reason: 'stream_ended' }, waits: { state: 'starting' } },
    {
      end: { state: 'failed', reason: 'disk_full', message: '1 byte is free' },
      waits: { state: 'failed', failure: { code: 'disk_full', message: '1 byte is free' } },
    },
  ] as const)('begins anew when a recording ends before its stream: $end.reason', async ({ end, waits }) => {
    const member = watcher();
    publish(member, 's1');
    actors.startRecorder(ROOM);
    const first = () => actors.taker(ROOM, 'recorder')?.streams[0];
    await vi.waitFor(() => expect(first()).toMatchObject({ state: 'running' }));
    recordings.change({ id: 'r-s1', state: 'recording' });
    let goOn: () => void = () => undefined;
    recordings.hold = new Promise((resolve) => (goOn = resolve));
    recordings.change({ id: 'r-s1', ...end });
    await vi.waitFor(() => expect(first()).toMatchObject(waits));
    goOn();
    await vi.waitFor(() => expect(first()).toMatchObject({ state: 'running', recordingId: 'r-s1' }));
    expect(first()).not.toHaveProperty('failure');
    expect(recordings.log).toEqual(['start s1 room -', 'start s1 room -']);
    member.deleteStream('s1');
    await vi.waitFor(() => expect(recordings.log.at(-1)).toBe('stop r-s1'));
  });

  test('leaves alone what somebody has stopped', async () => {
    publish(watcher(), 's1');
    actors.startRecorder(ROOM);
    await vi.waitFor(() => expect(recordings.get('r-s1')?.state).toBe('recording'));
    await recordings.stop('r-s1');
    const first = () => actors.taker(ROOM, 'recorder')?.streams[0];
    await vi.waitFor(() => expect(first()).toMatchObject({ state: 'ended', recordingId: 'r-s1' }));
  });

  test('waits longer and longer while its recordings end at once', async () => {
    recordings.endsAtOnce = true;
    publish(watcher(), 's1');
    const begunAt = performance.now();
    actors.startRecorder(ROOM);
    await vi.waitFor(() => expect(recordings.log).toHaveLength(5), { timeout: 10_000 });
    // 20, 40, 80 and 160 ms; timers may be early by one.
    expect(performance.now() - begunAt).toBeGreaterThan(290);
  });

  test('that was put out finishes, too', async () => {
    publish(watcher(), 's1');
    actors.startRecorder(ROOM);
    await vi.waitFor(() => expect(recordings.log).toHaveLength(1));
    meetings.kick('shop', 'hall', 'recorder');
    await vi.waitFor(() => expect(recordings.log).toContain('stop r-s1'));
    expect(actors.taker(ROOM, 'recorder')).toBeUndefined();
  });
});

describe('a relayer', () => {
  test.each([
    { url: 'rtsp://u:p@h/relay', name: 'live/ä', to: 'rtsp://u:p@h/relay/%C3%A4' },
    { url: 'rtsp://h/relay/?key=1', name: 'live/a_b', to: 'rtsp://h/relay/a_b?key=1' },
    { url: 'rtsp://h/relay', name: 'a/b', to: 'rtsp://h/relay/a/b' },
  ])('$url with $name', async ({ url, name, to }) => {
    publish(watcher(), name);
    actors.startRelayer({ ...ROOM, url });
    expect(pushes.pushes.map(({ stream, push }) => [stream, push.url])).toEqual([[name, to]]);
  });

  test('pushes each stream to its own path, shows no account, and goes on beside a recorder', async () => {
    const member = watcher();
    publish(member, 's1');
    actors.startRecorder(ROOM);
    const view = actors.startRelayer({ ...ROOM, url: 'rtsp://u:p@h/relay?token=t' });
    expect(view.url).toBe('rtsp://h/relay?token=***');
    publish(member, 's2');
    expect(pushes.pushes.map(({ stream, push }) => [stream, push.url])).toEqual([
      ['live/s1', 'rtsp://u:p@h/relay/s1?token=t'],
      ['live/s2', 'rtsp://u:p@h/relay/s2?token=t'],
    ]);
    const [first] = pushes.pushes;
    if (first !== undefined) first.push.state = 'recording';
    expect(actors.taker(ROOM, 'relayer')?.streams[0]).toMatchObject({ streamId: 's1', state: 'running' });
    member.leave();
    await vi.waitFor(() => expect(pushes.pushes.map(({ push }) => push.state)).toEqual(['ended', 'ended']));
    expect(meetings.list()).toEqual([]);
  });

  test('a URL that is none is refused at once', () => {
    expect(() => actors.startRelayer({ ...ROOM, url: 'http://h/' })).toThrow(
      expect.objectContaining({ code: 'push_invalid' }),
    );
    expect(meetings.list()).toEqual([]);
  });
});
