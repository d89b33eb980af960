import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import type { Camera, CameraOptions } from '../../src/camera/index.ts';
import type { PlaybackSnapshot, RecordedRange } from '../../src/stream/index.ts';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { Scene, channelsKnown, eventually } from '../support/scene.ts';

const HOUR_MS = 3_600_000;
/** Frames of the camera's clip, which its recordings repeat. */
const FPS = 25;
const CLIP_FRAMES = 200;

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

/** The hour from 13 o'clock of yesterday in Beijing: the camera has it recorded. */
function recordedHour(): number {
  const day = Math.floor((Date.now() + 8 * HOUR_MS) / (24 * HOUR_MS)) - 1;
  return day * 24 * HOUR_MS - 8 * HOUR_MS + 13 * HOUR_MS;
}

/** Frame of the clip that the recording shows at a time. */
function frameAt(unixMs: number): number {
  return Math.floor((unixMs / 1000) * FPS) % CLIP_FRAMES;
}

/** Frames from one to another on the clip's ring, between −100 and 100. */
function distance(from: number, to: number): number {
  const ahead = (((to - from) % CLIP_FRAMES) + CLIP_FRAMES) % CLIP_FRAMES;
  return ahead > CLIP_FRAMES / 2 ? ahead - CLIP_FRAMES : ahead;
}

class PlaybackScene extends Scene {
  gatewayProcess!: GatewayProcess;
  device!: Camera;
  player!: GatewayPlayer;
  playback!: PlaybackSnapshot;

  async open(lengthMs: number, options: Partial<CameraOptions> = {}, config = {}): Promise<this> {
    this.gatewayProcess = await this.gateway({ config });
    this.device = await this.camera(this.gatewayProcess, options);
    await channelsKnown(this.gatewayProcess, 1);
    this.player = this.keep(await GatewayPlayer.open(browser, this.gatewayProcess.base), (page) => page.close());
    this.playback = await this.gatewayProcess.json<PlaybackSnapshot>('POST', '/api/v1/playbacks', {
      ...this.channel,
      from: recordedHour(),
      to: recordedHour() + lengthMs,
    });
    await this.player.play({ stream: this.playback.stream });
    return this;
  }

  get channel(): Pick<RecordedRange, 'deviceId' | 'channelId'> {
    return { deviceId: this.device.deviceIds[0] ?? '', channelId: this.device.channelIds()[0] ?? '' };
  }

  change(change: object): Promise<PlaybackSnapshot> {
    return this.gatewayProcess.json('PATCH', `/api/v1/playbacks/${this.playback.id}`, change);
  }

  state(): Promise<PlaybackSnapshot> {
    return this.gatewayProcess.json('GET', `/api/v1/playbacks/${this.playback.id}`);
  }

  /** The next picture whose number could be read. */
  async picture(): Promise<{ frame: number; at: number }> {
    return eventually('a picture with a number', async () => {
      const { frame, at } = await this.player.nextPicture();
      return frame === undefined ? undefined : { frame, at };
    });
  }

  /** Times the speed of play at which the browser shows it, over so long. */
  async pace(ms: number): Promise<number> {
    const first = await this.picture();
    let [last, frames] = [first, 0];
    while (last.at - first.at < ms) {
      const next = await this.picture();
      frames += distance(last.frame, next.frame);
      last = next;
    }
    return frames / FPS / ((last.at - first.at) / 1000);
  }

  /** The pace as soon as it is that; the browser has pictures of before to show first. */
  async paceNear(speed: number): Promise<number> {
    return eventually(`${speed} times the speed`, async () => {
      const seen = await this.pace(2000);
      return Math.abs(seen / speed - 1) < 0.15 ? seen : undefined;
    });
  }
}

describe('a recording of a device in Chromium', () => {
  test('plays from where it was asked for, pauses, goes on, seeks, changes its speed and ends', async () => {
    await using scene = await new PlaybackScene().open(240_000);
    const first = await scene.picture();
    expect(Math.abs(distance(frameAt(recordedHour()), first.frame))).toBeLessThan(2 * FPS);
    expect(await scene.paceNear(1)).toBeCloseTo(1, 0);

    expect(await scene.change({ state: 'paused' })).toMatchObject({ state: 'paused', control: 'info' });
    await scene.player.nextPicture().catch(() => undefined);
    const paused = await scene.player.statistics();
    // Longer than the silence after which a live stream is lost.
    await scene.player.page.waitForTimeout(6000);
    expect((await scene.player.statistics()).framesDecoded - paused.framesDecoded).toBeLessThan(5);
    expect(await scene.state()).toMatchObject({ state: 'paused' });
    await scene.change({ state: 'playing' });
    expect(await scene.paceNear(1)).toBeCloseTo(1, 0);

    const target = recordedHour() + 64_000;
    const sought = await scene.change({ position: target });
    expect(Math.abs(sought.positionMs - target)).toBeLessThan(500);
    await eventually('the picture of the new place', async () => {
      const { frame } = await scene.picture();
      const { positionMs } = await scene.state();
      return Math.abs(distance(frameAt(positionMs), frame)) < 2 * FPS ? true : undefined;
    });

    // Faster than that a busy machine cannot show in software; the clocks' own tests go to eight times.
    for (const speed of [2, 0.5]) {
      await scene.change({ speed });
      const pace = await scene.paceNear(speed);
      expect(pace / speed).toBeCloseTo(1, 0);
    }
    await scene.change({ speed: 8 });
    const ended = await eventually('the end', async () => {
      const state = await scene.state();
      return state.state === 'ended' ? state : undefined;
    });
    expect(ended).toMatchObject({ end: 'finished', positionMs: recordedHour() + 240_000 });
    expect(scene.device.sessions).toEqual([]);
  });

  test('of a device that refuses INFO is paused by BYE, and goes on and seeks by another INVITE', async () => {
    await using scene = await new PlaybackScene().open(120_000, { quirks: ['refuse-info'] });
    expect(await scene.change({ state: 'paused' })).toMatchObject({ state: 'paused', control: 'invite' });
    expect(scene.device.sessions).toEqual([]);
    await scene.change({ state: 'playing' });
    expect(scene.device.sessions).toHaveLength(1);
    await scene.player.waitFrames(10);
    const target = recordedHour() + 85_000;
    await scene.change({ position: target });
    await scene.player.waitFrames(10);
    await eventually('the picture of the new place', async () => {
      const { frame } = await scene.picture();
      const { positionMs } = await scene.state();
      return Math.abs(distance(frameAt(positionMs), frame)) < 2 * FPS ? true : undefined;
    });
    await expect(scene.change({ speed: 2 })).rejects.toThrow('device_refused');
    expect(await scene.state()).toMatchObject({ state: 'playing', speed: 1 });
  });

  test('plays backwards: pictures and position go back, to the start', async () => {
    await using scene = await new PlaybackScene().open(60_000);
    const begin = recordedHour();
    await scene.change({ position: begin + 50_000 });
    const turned = await scene.change({ speed: -1 });
    expect(turned).toMatchObject({ state: 'playing', speed: -1, control: 'info' });
    // Groups of pictures come backwards, each of them forwards: only more than a few show the direction.
    const pace = await eventually('the speed backwards', async () => {
      const seen = await scene.pace(8000);
      return Math.abs(seen + 1) < 0.3 ? seen : undefined;
    });
    expect(pace).toBeCloseTo(-1, 0);
    const { frame } = await scene.picture();
    const { positionMs } = await scene.state();
    expect(positionMs).toBeLessThan(turned.positionMs - 5000);
    expect(Math.abs(distance(frameAt(positionMs), frame))).toBeLessThan(3 * FPS);
    await scene.change({ speed: -8 });
    const ended = await eventually('the start', async () => {
      const state = await scene.state();
      return state.state === 'ended' ? state : undefined;
    });
    expect(ended).toMatchObject({ end: 'finished', positionMs: begin });
  });

  test.each(['media-status-outside', 'no-media-status'])('ends with a device that has the quirk %s', async (quirk) => {
    const config = { media: { listen: '127.0.0.1', address: '127.0.0.1', 'silence-timeout': '1s' } };
    await using scene = await new PlaybackScene().open(3000, { quirks: [quirk] }, config);
    const ended = await eventually('the end', async () => {
      const state = await scene.state();
      return state.state === 'ended' ? state : undefined;
    });
    expect(ended.end).toBe('finished');
    expect(scene.device.sessions).toEqual([]);
  });
});

describe('a download of a recording', () => {
  interface Download {
    readonly id: string;
    readonly state: string;
    readonly progress: number;
    readonly durationMs: number;
    readonly expectedMs: number;
    readonly receivedBytes: number;
    readonly fileSize: number;
    readonly resumes: number;
    readonly recordingId: string;
    readonly files: ReadonlyArray<{ readonly index: number; readonly fileName: string }>;
    readonly end?: string;
  }

  async function downloaded(scene: Scene, options: Partial<CameraOptions>, lengthMs: number) {
    const gateway = await scene.gateway();
    const camera = await scene.camera(gateway, options);
    await channelsKnown(gateway, 1);
    const begun = await gateway.json<Download>('POST', '/api/v1/downloads', {
      deviceId: camera.deviceIds[0],
      channelId: camera.channelIds()[0],
      from: recordedHour(),
      to: recordedHour() + lengthMs,
      speed: 8,
    });
    const seen: Download[] = [begun];
    const ended = await eventually('the end of the download', async () => {
      const now = await gateway.json<Download>('GET', `/api/v1/downloads/${begun.id}`);
      seen.push(now);
      return now.state === 'running' ? undefined : now;
    });
    return { gateway, camera, seen, ended };
  }

  async function fileOf(gateway: GatewayProcess, folder: string, { recordingId, files }: Download, at = 0) {
    const file = files[at];
    const url = `${gateway.base}/api/v1/recordings/${recordingId}/files/${file?.index}?download=1`;
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const path = join(folder, file?.fileName ?? '');
    writeFileSync(path, Buffer.from(await response.arrayBuffer()));
    const part = await fetch(url, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    return path;
  }

  test('comes at eight times its speed, with progress, into a file of the right length', async () => {
    await using scene = new Scene();
    const { gateway, seen, ended } = await downloaded(scene, {}, 60_000);
    expect(ended).toMatchObject({ state: 'complete', end: 'finished', progress: 1, expectedMs: 60_000, resumes: 0 });
    expect(ended.fileSize).toBeGreaterThan(0);
    expect(ended.receivedBytes).toBeGreaterThan(ended.fileSize * 0.9);
    const progress = seen.map((each) => each.progress);
    expect(progress.filter((each) => each > 0.1 && each < 0.9).length).toBeGreaterThan(3);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    const path = await fileOf(gateway, scene.folder(), ended);
    const { durationMs, codecs, packets } = await probeFile(path);
    expect(Math.abs(durationMs - 60_000)).toBeLessThan(1500);
    expect(codecs).toEqual(['h264', 'pcm_alaw']);
    expect(packets['h264']).toBeGreaterThan(59 * FPS);
    expect(await decodeErrors(path)).toBe('');
  });

  test('of H.265, which browsers do not get, is a file with it', async () => {
    await using scene = new Scene();
    const { gateway, camera, ended } = await downloaded(scene, { quirks: ['h265'] }, 20_000);
    expect(ended).toMatchObject({ state: 'complete', end: 'finished' });
    const path = await fileOf(gateway, scene.folder(), ended);
    const { durationMs, codecs, packets } = await probeFile(path);
    expect(Math.abs(durationMs - 20_000)).toBeLessThan(1500);
    expect(codecs).toEqual(['hevc', 'pcm_alaw']);
    expect(packets['hevc']).toBeGreaterThan(19 * FPS);
    expect(await decodeErrors(path)).toBe('');
    // QuickTime and Safari take no other.
    expect(readFileSync(path).includes('hvc1')).toBe(true);
    const playing = gateway.json('POST', '/api/v1/playbacks', {
      deviceId: camera.deviceIds[0],
      channelId: camera.channelIds()[0],
      from: recordedHour(),
      to: recordedHour() + 20_000,
    });
    await expect(playing).rejects.toThrow('the camera sends H.265, players get H.264 only');
  });

  test('that a device breaks off goes on from there into a second file', async () => {
    await using scene = new Scene();
    const { ended } = await downloaded(scene, { quirks: ['bye-after=4'] }, 60_000);
    expect(ended).toMatchObject({ state: 'complete', end: 'finished' });
    expect(ended.resumes).toBeGreaterThan(0);
    expect(ended.files.length).toBe(ended.resumes + 1);
    expect(ended.durationMs).toBeGreaterThan(58_000);
    expect(ended.durationMs).toBeLessThan(60_000 + 4000 * (ended.resumes + 1));
  });
});

describe('the page of the console', () => {
  test('shows a day, plays where it is clicked, pauses, seeks, changes the speed, downloads', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const camera = await scene.camera(gateway, { recordMinutes: 60 });
    await channelsKnown(gateway, 1);
    const page = await browser.newPage({ locale: 'en-GB', timezoneId: 'Asia/Shanghai', acceptDownloads: true });
    scene.keep(page, () => page.close());
    const id = (testid: string) => page.getByTestId(testid);
    const day = new Date(recordedHour() + 8 * HOUR_MS).toISOString().slice(0, 10);
    await page.goto(`${gateway.base}/playback?day=${day}`);
    // Hours before and behind the gap of each day, and its alarm.
    await expect.poll(() => id('segment').count(), { timeout: 15_000 }).toBe(3);
    expect(await id('record-summary').textContent()).toContain('23:00:00 in 24 recordings');
    const shape = await id('segment').evaluateAll((all) => all.map((each) => each.className.split(' ')[1]));
    expect(shape).toEqual(['time', 'time', 'alarm']);

    const bar = id('day-timeline');
    const { width = 0 } = (await bar.boundingBox()) ?? {};
    await bar.click({ position: { x: (width * 13) / 24, y: 30 } });
    const player = page.locator('[data-testid="playback-player"][data-phase="playing"]');
    await player.waitFor({ timeout: 20_000 });
    expect(await id('playback-position').textContent()).toContain('13:0');

    await id('playback-pause').click();
    await expect.poll(() => id('playback-pause').getAttribute('title')).toBe('Play');
    const [session] = camera.sessions;
    expect(session?.kind).toBe('playback');
    await id('playback-pause').click();
    await expect.poll(() => id('playback-pause').getAttribute('title')).toBe('Pause');
    await id('playback-speed').selectOption('4');
    await expect
      .poll(async () => (await gateway.json<{ items: PlaybackSnapshot[] }>('GET', '/api/v1/playbacks')).items[0]?.speed)
      .toBe(4);
    await bar.click({ position: { x: (width * 18) / 24, y: 30 } });
    await expect.poll(() => id('playback-position').textContent(), { timeout: 10_000 }).toContain('18:0');
    expect(camera.sessions).toEqual([session]);
    await id('zoom-in').click();
    expect(Number(await bar.getAttribute('data-to')) - Number(await bar.getAttribute('data-from'))).toBe(12 * HOUR_MS);
    await id('playback-stop').click();
    await expect.poll(() => camera.sessions.length).toBe(0);

    await id('download-from').fill('13:00:00');
    await id('download-to').fill('13:00:20');
    await id('download-start').click();
    await id('download-progress').waitFor();
    await page.locator('[data-testid="download"][data-state="complete"]').waitFor({ timeout: 30_000 });
    const [saved] = await Promise.all([page.waitForEvent('download'), id('download-file').click()]);
    const { durationMs } = await probeFile(await saved.path());
    expect(Math.abs(durationMs - 20_000)).toBeLessThan(1500);
  });

  test('a device that does not play backwards says so, and goes on forwards', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const camera = await scene.camera(gateway, { recordMinutes: 60, quirks: ['no-reverse'] });
    await channelsKnown(gateway, 1);
    const page = scene.keep(await browser.newPage({ locale: 'en-GB', timezoneId: 'Asia/Shanghai' }), (open) =>
      open.close(),
    );
    const id = (testid: string) => page.getByTestId(testid);
    await page.goto(
      `${gateway.base}/playback?day=${new Date(recordedHour() + 8 * HOUR_MS).toISOString().slice(0, 10)}`,
    );
    const bar = id('day-timeline');
    await bar.waitFor({ timeout: 15_000 });
    const { width = 0 } = (await bar.boundingBox()) ?? {};
    await bar.click({ position: { x: (width * 13) / 24, y: 30 } });
    await page.locator('[data-testid="playback-player"][data-phase="playing"]').waitFor({ timeout: 20_000 });
    await id('playback-speed').selectOption('-1');
    await page.getByText('Not every device can change the speed or play backwards.').waitFor();
    await expect.poll(() => id('playback-speed').inputValue()).toBe('1');
    const [playback] = (await gateway.json<{ items: PlaybackSnapshot[] }>('GET', '/api/v1/playbacks')).items;
    expect(playback).toMatchObject({ state: 'playing', speed: 1, control: 'info' });
    expect(camera.sessions).toHaveLength(1);
  });

  test('a download that a restart of the gateway has broken off is listed with what came, and goes on', async () => {
    await using scene = new Scene();
    const dataDir = join(scene.folder(), 'data');
    const first = await scene.gateway({ dataDir });
    const camera = await scene.camera(first, { recordMinutes: 60 });
    await channelsKnown(first, 1);
    const { id: broken } = await first.json<{ id: string }>('POST', '/api/v1/downloads', {
      deviceId: camera.deviceIds[0],
      channelId: camera.channelIds()[0],
      from: recordedHour(),
      to: recordedHour() + 60_000,
      speed: 4,
    });
    await eventually('a part of it', async () => {
      const { progress } = await first.json<{ progress: number }>('GET', `/api/v1/downloads/${broken}`);
      return progress > 0.25 ? true : undefined;
    });
    await first.stop();
    await camera.close();

    const gateway = await scene.gateway({ dataDir });
    await scene.camera(gateway, { recordMinutes: 60 });
    await channelsKnown(gateway, 1);
    const page = scene.keep(await browser.newPage({ locale: 'en-GB', acceptDownloads: true }), (open) => open.close());
    await page.goto(`${gateway.base}/playback`);
    const failed = page.locator('[data-testid="download"][data-state="failed"]');
    await failed.getByText('The gateway was restarted meanwhile').waitFor({ timeout: 15_000 });
    const save = async (row: typeof failed): Promise<number> => {
      const [saved] = await Promise.all([page.waitForEvent('download'), row.getByTestId('download-file').click()]);
      const path = await saved.path();
      expect(await decodeErrors(path)).toBe('');
      return (await probeFile(path)).durationMs;
    };
    const part = await save(failed);
    expect(part).toBeGreaterThan(10_000);
    await failed.getByTestId('download-resume').click();
    const rest = page.locator('[data-testid="download"][data-state="complete"]');
    await rest.waitFor({ timeout: 40_000 });
    await failed.getByText('continued by another download').waitFor();
    expect(await failed.getByTestId('download-resume').count()).toBe(0);
    const whole = part + (await save(rest));
    expect(whole).toBeGreaterThan(59_500);
    // What was on the way, from the key frame before it on, is there twice.
    expect(whole).toBeLessThan(68_000);
  });

  test('tells where nothing is recorded', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    await scene.camera(gateway);
    await channelsKnown(gateway, 1);
    const page = scene.keep(await browser.newPage({ locale: 'zh-CN' }), (each) => each.close());
    await page.goto(`${gateway.base}/playback?day=2020-01-01`);
    await page.getByTestId('playback-nothing').getByText('这一天没有录像').waitFor({ timeout: 15_000 });
  });
});
