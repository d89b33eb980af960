import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Stretch } from '../gb28181/index.ts';
import type { PlaybackChange, PlaybackSnapshot, RecordedDownload, Streams } from './index.ts';
import { NO_STATS } from '../media/no-stats.ts';
import {
  closeScripted,
  openScripted,
  Refusal,
  VIEWER,
  type ScriptedStreams,
} from '../../test/support/scripted-streams.ts';
import { CHANNEL_ID, DEVICE_ID, testDevice, type ScriptedIngest } from '../../test/support/stream-fakes.ts';

const FROM = Date.UTC(2026, 2, 1, 5);
const RANGE = { deviceId: DEVICE_ID, channelId: CHANNEL_ID, fromMs: FROM, toMs: FROM + 600_000 };

let parts: ScriptedStreams['parts'];
let streams: Streams;

beforeEach(() => {
  ({ parts, streams } = openScripted(Date.UTC(2026, 2, 2)));
});
afterEach(() => closeScripted({ parts, streams }));

const ingest = (at = -1): ScriptedIngest => parts.media.opened.at(at)!;
const session = (at = -1) => parts.platform.sessions.at(at)!;

/** Material that has come, by its own clock. */
function received(mediaMs: number): void {
  const stats = { ...NO_STATS, packets: mediaMs + 1, bytes: mediaMs * 100, mediaMs };
  ingest().stats = stats;
  ingest().emit('stats', stats);
}

async function watched(): Promise<PlaybackSnapshot> {
  const playback = await streams.playbacks.start(RANGE);
  await streams.view(playback.stream, VIEWER);
  return playback;
}

describe('a playback', () => {
  test('is an INVITE with its range, and a stream of its own', async () => {
    const playback = await watched();
    expect(playback).toMatchObject({ state: 'playing', speed: 1, control: 'info', positionMs: FROM });
    expect(playback.stream).toBe(`playback/${DEVICE_ID}_${CHANNEL_ID}_${playback.id}`);
    expect(parts.platform.invites[0]).toMatchObject({
      channelId: CHANNEL_ID,
      history: { kind: 'playback', fromSec: FROM / 1000, toSec: FROM / 1000 + 600 },
    });
    expect(ingest().options.material).toBe('playback');
    expect(streams.find(playback.stream)).toMatchObject({ source: 'camera', viewers: { length: 1 } });
    expect(streams.play(playback.playId)?.stream).toBe(playback.stream);
  });

  test('asked for as a download it is one at the speed of play, and watched as any other', async () => {
    const playback = await streams.playbacks.start({ ...RANGE, sessionName: 'Download' });
    expect(playback.sessionName).toBe('Download');
    expect(parts.platform.invites[0]?.history).toMatchObject({ kind: 'playback', downloadSpeed: 1 });
    expect(ingest().options.material).toBe('playback');
  });

  test('of a sub-stream asks for it at each call, and says whether the device heeded it', async () => {
    parts.platform.current = testDevice({ settings: { subStreamDialect: 'streamnumber' } });
    const { id, playId, stream, subStream } = await streams.playbacks.start({ ...RANGE, subStream: 1 });
    await streams.view(stream, VIEWER);
    expect([subStream, streams.find(stream)]).toMatchObject([1, { subStream: 1, subStreamChoice: 'unverified' }]);
    expect(streams.play(playId)?.timeline).toContainEqual(
      expect.objectContaining({
        stage: 'sub_stream',
        detail: expect.stringContaining('a=streamnumber:1') as unknown,
      }),
    );
    session().refusal = new Refusal('device_refused');
    await streams.playbacks.change(id, { positionMs: FROM + 60_000 });
    expect(parts.platform.invites.map(({ subStream: asked, history }) => [asked, history?.kind])).toEqual([
      [1, 'playback'],
      [1, 'playback'],
    ]);
  });

  test('two of one channel are two calls', async () => {
    const [one, two] = [await streams.playbacks.start(RANGE), await streams.playbacks.start(RANGE)];
    expect(one.stream).not.toBe(two.stream);
    expect(parts.platform.sessions).toHaveLength(2);
    expect(streams.playbacks.list().map(({ id }) => id)).toEqual([two.id, one.id]);
  });

  test('tells its position by the material that has come', async () => {
    const { id } = await watched();
    received(4000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 4000);
    await vi.advanceTimersByTimeAsync(500);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 4500);
    // Nothing has come for long: it is not where the clock on the wall is.
    await vi.advanceTimersByTimeAsync(4000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 5500);
  });

  test('pauses longer than any silence or idle time, and goes on', async () => {
    const { id } = await watched();
    received(4000);
    expect(await streams.playbacks.change(id, { state: 'paused' })).toMatchObject({ state: 'paused' });
    for (let minute = 0; minute < 20; minute += 1) {
      await vi.advanceTimersByTimeAsync(60_000);
      ingest().emit('silent', 60_000);
    }
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'paused', positionMs: FROM + 4000 });
    await streams.playbacks.change(id, { state: 'playing' });
    expect(session().controls).toEqual([{ method: 'pause' }, { method: 'play' }]);
    // The clocks begin anew, at the present.
    expect(ingest().speeds).toEqual([1]);
    ingest().emit('silent', 1_200_000);
    expect(streams.playbacks.get(id)?.state).toBe('playing');
    await vi.advanceTimersByTimeAsync(5001);
    ingest().emit('silent', 5000);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'media_lost' });
  });

  test('a paused one that nobody watches ends after ten minutes', async () => {
    const { id } = await streams.playbacks.start(RANGE);
    await streams.playbacks.change(id, { state: 'paused' });
    const stream = streams.playbacks.get(id)!.stream;
    const viewer = await streams.view(stream, VIEWER);
    streams.closeViewer(viewer.id);
    await vi.advanceTimersByTimeAsync(599_000);
    expect(streams.playbacks.get(id)?.state).toBe('paused');
    await vi.advanceTimersByTimeAsync(2000);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'unwatched' });
  });

  test('one that nobody watches ends after the idle time', async () => {
    const { id } = await streams.playbacks.start(RANGE);
    await vi.advanceTimersByTimeAsync(30_001);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'unwatched' });
  });

  test('seeks and changes its speed, in the clock of the pictures too', async () => {
    const { id } = await watched();
    expect(await streams.playbacks.change(id, { speed: 4 })).toMatchObject({ speed: 4 });
    expect(await streams.playbacks.change(id, { positionMs: FROM + 100_500 })).toMatchObject({
      positionMs: FROM + 100_500,
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 104_500);
    await streams.playbacks.change(id, { speed: -1 });
    expect(session().controls).toEqual([
      { method: 'play', scale: 4 },
      { method: 'play', nptSec: 100.5 },
      // Backwards the device has to know from where.
      { method: 'play', scale: -1, nptSec: 104.5 },
    ]);
    expect(ingest().speeds).toEqual([4, 4, -1]);
  });

  test('pictures that come while an order is under way, or while it is paused, are stamped as they come', async () => {
    const { id } = await watched();
    const asked: boolean[] = [];
    session().onControl = () => asked.push(ingest().expectsChange);
    const held = async (change: PlaybackChange): Promise<boolean> => {
      await streams.playbacks.change(id, change);
      return ingest().expectsChange;
    };
    expect(await held({ speed: 2 })).toBe(false);
    expect(await held({ positionMs: FROM + 60_000 })).toBe(false);
    expect(await held({ state: 'paused' })).toBe(true);
    expect(await held({ state: 'playing' })).toBe(false);
    session().refusal = new Refusal('device_refused');
    await expect(held({ speed: 4 })).rejects.toMatchObject({ code: 'device_refused' });
    expect(ingest().expectsChange).toBe(false);
    expect(ingest().speeds).toEqual([2, 2, 2, 2]);
    expect(asked).toEqual([true, true, true, true, true]);
  });

  test('a speed that is chosen in a pause is told when it goes on', async () => {
    const { id } = await watched();
    await streams.playbacks.change(id, { state: 'paused' });
    expect(await streams.playbacks.change(id, { speed: 2 })).toMatchObject({ state: 'paused', speed: 2 });
    await streams.playbacks.change(id, { state: 'playing' });
    expect(session().controls.at(-1)).toEqual({ method: 'play', scale: 2, nptSec: 0 });
  });

  test('a step is a seek and a pause', async () => {
    const { id } = await watched();
    received(10_000);
    const stepped = streams.playbacks.change(id, { step: -1 });
    await vi.advanceTimersByTimeAsync(300);
    expect(await stepped).toMatchObject({ state: 'paused' });
    expect(session().controls.map(({ method }) => method)).toEqual(['pause', 'play', 'pause']);
    expect(session().controls[1]?.nptSec).toBeCloseTo(9.96, 2);
  });

  test('a step forwards is a moment of play, not a seek', async () => {
    const { id } = await watched();
    received(10_000);
    const stepped = streams.playbacks.change(id, { step: 1 });
    await vi.advanceTimersByTimeAsync(40);
    expect(await stepped).toMatchObject({ state: 'paused', positionMs: FROM + 10_040 });
    expect(session().controls).toEqual([{ method: 'pause' }, { method: 'play' }, { method: 'pause' }]);
  });

  test('a speed chosen in a pause that the device refuses is given up, and it goes on as before', async () => {
    const { id } = await watched();
    received(4000);
    await streams.playbacks.change(id, { state: 'paused' });
    await streams.playbacks.change(id, { speed: -1 });
    session().onControl = () => {
      const backwards = (session().controls.at(-1)?.scale ?? 1) < 0;
      session().refusal = backwards ? new Refusal('device_refused') : undefined;
    };
    const resumed = streams.playbacks.change(id, { state: 'playing' });
    await expect(resumed).rejects.toMatchObject({ code: 'device_refused' });
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'playing', speed: 1, control: 'info' });
    expect(parts.platform.invites).toHaveLength(1);
    expect(session().controls.at(-1)).toEqual({ method: 'play' });
  });

  test.each(['device_refused', 'device_no_response'])('a device with %s is steered by new INVITEs', async (code) => {
    const { id, stream } = await watched();
    session().refusal = new Refusal(code);
    received(20_000);
    expect(await streams.playbacks.change(id, { state: 'paused' })).toMatchObject({
      state: 'paused',
      control: 'invite',
    });
    expect(session().byes).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    await streams.playbacks.change(id, { state: 'playing' });
    expect(parts.platform.invites[1]?.history).toMatchObject({ fromSec: FROM / 1000 + 20, toSec: FROM / 1000 + 600 });
    expect(await streams.playbacks.change(id, { positionMs: FROM + 300_000 })).toMatchObject({
      positionMs: FROM + 300_000,
      state: 'playing',
    });
    expect(parts.platform.invites[2]?.history).toMatchObject({ fromSec: FROM / 1000 + 300 });
    // The viewer has stayed, and was given each new source.
    expect(streams.find(stream)?.viewers).toHaveLength(1);
    expect(parts.webrtc.viewers[0]?.ingests).toHaveLength(3);
    // No speed without MANSRTSP: refused at once, nothing is asked.
    const asked = session().controls.length;
    await expect(streams.playbacks.change(id, { speed: 2 })).rejects.toMatchObject({ code: 'device_refused' });
    expect(session().controls).toHaveLength(asked);
    expect(streams.playbacks.get(id)).toMatchObject({ speed: 1, state: 'playing' });
  });

  test('a device that is known not to take MANSRTSP is not asked again', async () => {
    parts.platform.takesControl = false;
    const { id } = await watched();
    expect(streams.playbacks.get(id)?.control).toBe('invite');
    received(20_000);
    await streams.playbacks.change(id, { state: 'paused' });
    await streams.playbacks.change(id, { state: 'playing' });
    expect(parts.platform.invites[1]?.history).toMatchObject({ fromSec: FROM / 1000 + 20 });
    await expect(streams.playbacks.change(id, { speed: 2 })).rejects.toMatchObject({ code: 'device_refused' });
    await streams.playbacks.change(id, { state: 'paused' });
    await expect(streams.playbacks.change(id, { speed: 2 })).rejects.toMatchObject({ code: 'device_refused' });
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'paused', speed: 1 });
    expect(parts.platform.sessions.flatMap(({ controls }) => controls)).toEqual([]);
  });

  test('a device that is known to take it again meanwhile is asked', async () => {
    parts.platform.takesControl = false;
    const { id } = await watched();
    session().takesControl = true;
    expect(await streams.playbacks.change(id, { speed: 2 })).toMatchObject({ speed: 2, control: 'info' });
    expect(session().controls).toEqual([{ method: 'play', scale: 2 }]);
  });

  test('ends when the device has sent everything, a moment later for those who watch', async () => {
    const { id, stream } = await watched();
    session().emit('fileEnded');
    await expect(streams.playbacks.change(id, { state: 'paused' })).rejects.toMatchObject({ code: 'playback_ended' });
    expect(streams.find(stream)?.viewers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(session().byes).toBe(1);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'finished' });
    expect(streams.find(stream)).toBeUndefined();
    await expect(streams.playbacks.change(id, { speed: 2 })).rejects.toMatchObject({ code: 'playback_ended' });
  });

  test.each([
    { name: 'BYE near the end', mediaMs: 598_500, end: 'finished', cause: () => session().end('device_bye') },
    { name: 'silence near the end', mediaMs: 598_500, end: 'finished', cause: () => ingest().emit('silent', 5000) },
    { name: 'BYE in the middle', mediaMs: 300_000, end: 'device_bye', cause: () => session().end('device_bye') },
    { name: 'a lost connection', mediaMs: 300_000, end: 'media_lost', cause: () => ingest().end('tcp_closed') },
  ])('$name: $end', async ({ mediaMs, end, cause }) => {
    const { id } = await watched();
    received(mediaMs);
    cause();
    await vi.advanceTimersByTimeAsync(0);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end });
    expect(parts.platform.invites).toHaveLength(1);
  });

  test('that a device plays on beyond its end is ended', async () => {
    const { id } = await watched();
    received(609_000);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'playing', positionMs: FROM + 600_000 });
    received(610_001);
    await vi.advanceTimersByTimeAsync(1000);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'finished' });
    expect(session().byes).toBe(1);
  });

  test.each([
    { name: 'BYE at its start', mediaMs: 1500, end: 'finished' },
    { name: 'BYE before it', mediaMs: 90_000, end: 'device_bye' },
  ])('backwards, $name: $end', async ({ mediaMs, end }) => {
    const { id } = await watched();
    await streams.playbacks.change(id, { positionMs: FROM + 100_000 });
    await streams.playbacks.change(id, { speed: -1 });
    // The clock of the material runs backwards.
    received(mediaMs - 100_000);
    session().end('device_bye');
    await vi.advanceTimersByTimeAsync(0);
    const positionMs = end === 'finished' ? FROM : FROM + mediaMs;
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end, positionMs });
  });

  test('is counted while it runs, and once by how it ended', async () => {
    const [{ id }, second] = [await watched(), await watched()];
    expect(streams.playbacks.counters).toEqual({ running: 2, ended: {} });
    // It ends in the middle of an order, which then tells of it once more.
    session(0).onControl = () => session(0).end('device_bye');
    await streams.playbacks.change(id, { state: 'paused' });
    await streams.playbacks.stop(second.id);
    await streams.playbacks.stop(second.id);
    parts.platform.script = () => {
      throw new Refusal('invite_timeout');
    };
    await expect(streams.playbacks.start(RANGE)).rejects.toMatchObject({ code: 'invite_timeout' });
    expect(streams.playbacks.counters).toEqual({
      running: 0,
      ended: { device_bye: 1, stopped: 1, invite_timeout: 1 },
    });
  });

  test('nobody asks the encoder for key frames of a recording', async () => {
    await watched();
    ingest().emit('keyFrameRequested');
    await vi.advanceTimersByTimeAsync(2000);
    expect(parts.platform.keyFrameRequests).toBe(0);
  });

  test('fails as a live stream does, and leaves nothing', async () => {
    parts.platform.script = () => {
      throw new Refusal('invite_timeout');
    };
    await expect(streams.playbacks.start(RANGE)).rejects.toMatchObject({ code: 'invite_timeout' });
    expect(streams.list()).toEqual([]);
    await expect(streams.playbacks.change('nobody', {})).rejects.toMatchObject({ code: 'playback_unknown' });
    expect(await streams.playbacks.stop('nobody')).toBe(false);
  });
});

describe('a playback of a range with gaps', () => {
  const stretch = (from: number, to: number) => ({ startMs: FROM + from * 1000, endMs: FROM + to * 1000 });
  beforeEach(() => {
    // 100 s, a gap of 200 s, 100 s, nothing from 400 s on.
    parts.platform.recorded = [stretch(0, 100), stretch(300, 400)];
  });

  test('is where its material was recorded: the device leaves the gap out', async () => {
    const { id } = await watched();
    received(90_000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 90_000);
    received(120_000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 320_000);
    await streams.playbacks.change(id, { speed: -1 });
    expect(session().controls.at(-1)).toEqual({ method: 'play', scale: -1, nptSec: 320 });
    received(80_000);
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 80_000);
    await streams.playbacks.change(id, { positionMs: FROM + 200_000 });
    expect(streams.playbacks.get(id)?.positionMs).toBe(FROM + 300_000);
  });

  test('is finished where the last recording ends', async () => {
    const { id } = await watched();
    received(198_000);
    session().end('device_bye');
    await vi.advanceTimersByTimeAsync(0);
    expect(streams.playbacks.get(id)).toMatchObject({ state: 'ended', end: 'finished' });
  });
});

describe('a download', () => {
  const ends: string[] = [];
  async function opened(recorded: Stretch[] = []): Promise<RecordedDownload> {
    ends.length = 0;
    const download = await streams.openDownload({ ...RANGE, speed: 8, recorded });
    download.on('ended', (end) => ends.push(end));
    return download;
  }

  test('is an INVITE with its speed; nobody has to watch it', async () => {
    const download = await opened();
    expect(parts.platform.invites[0]?.history).toEqual({
      kind: 'download',
      fromSec: FROM / 1000,
      toSec: FROM / 1000 + 600,
      downloadSpeed: 8,
    });
    expect(ingest().options.material).toBe('download');
    await download.close();
    expect(ends).toEqual(['stopped']);
    await download.close();
    expect(ends).toEqual(['stopped']);
  });

  test('that breaks off is called again from where it was, one second before', async () => {
    const download = await opened();
    received(200_000);
    session().end('device_bye');
    await vi.advanceTimersByTimeAsync(1000);
    expect(download.resumes).toBe(1);
    expect(parts.platform.invites[1]?.history).toMatchObject({ fromSec: FROM / 1000 + 199, toSec: FROM / 1000 + 600 });
    received(401_000);
    expect(download.positionMs).toBe(FROM + 600_000);
    expect(download.receivedMs).toBe(601_000);
    session().emit('fileEnded');
    await vi.advanceTimersByTimeAsync(500);
    expect(ends).toEqual(['finished']);
  });

  test('of a range with a gap goes on behind it, and is complete with the last recording', async () => {
    const recorded = [
      { startMs: FROM, endMs: FROM + 100_000 },
      { startMs: FROM + 300_000, endMs: FROM + 500_000 },
    ];
    const download = await opened(recorded);
    received(150_000);
    session().end('device_bye');
    await vi.advanceTimersByTimeAsync(1000);
    expect(parts.platform.invites[1]?.history).toMatchObject({ fromSec: FROM / 1000 + 349, toSec: FROM / 1000 + 600 });
    received(149_000);
    expect(download.positionMs).toBe(FROM + 498_000);
    session().end('device_bye');
    await vi.advanceTimersByTimeAsync(0);
    expect(ends).toEqual(['finished']);
    expect(download.resumes).toBe(1);
  });

  test('of H.265 goes into a file; to watch it is refused, as is to play it', async () => {
    parts.platform.script = (_invite, sent) => {
      sent.sendRtp();
      sent.sendTrack({ codec: 'h265', playable: false });
      sent.emit('firstKeyFrame');
    };
    const download = await opened();
    const opening = streams.tap(download.stream);
    await vi.advanceTimersByTimeAsync(2000);
    const tap = await opening;
    expect(tap.tracks).toMatchObject([{ kind: 'video', encoding: 'H265', clockRate: 90_000 }]);
    tap.close();
    const refusal = { code: 'codec_unsupported', message: 'the camera sends H.265, players get H.264 only' };
    await expect(streams.view(download.stream, VIEWER)).rejects.toMatchObject(refusal);
    const playing = streams.playbacks.start(RANGE);
    playing.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(2000);
    await expect(playing).rejects.toMatchObject(refusal);
  });

  test('that brings nothing is given up', async () => {
    const download = await opened();
    for (let turn = 0; turn < 10 && ends.length === 0; turn += 1) {
      session().end('device_bye');
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(ends).toEqual(['device_bye']);
    expect(download.resumes).toBe(4);
  });

  test('of a device that goes on with the next file ends by itself', async () => {
    await opened();
    received(620_000);
    await vi.advanceTimersByTimeAsync(500);
    expect(ends).toEqual(['finished']);
  });
});
