import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { publishWithFfmpeg } from '../support/rtsp-publishers.ts';
import { requireTool } from '../support/requires.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

const HAS_TOOLS = requireTool('ffprobe') && requireTool('ffmpeg') && requireTool('curl');
const run = promisify(execFile);

/** What is in a file, and what FFmpeg complains of while it decodes it. */
async function probe(path: string) {
  return { ...(await probeFile(path)), errors: await decodeErrors(path) };
}

interface Recording {
  readonly id: string;
  readonly stream: string;
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
  readonly codecs: string[];
  readonly fileCount: number;
  readonly files: { readonly fileName: string; readonly bytes: number; readonly state: string }[];
}

async function recordings(gateway: GatewayProcess): Promise<Recording[]> {
  return (await gateway.json<{ items: Recording[] }>('GET', '/api/v1/recordings')).items;
}

const get = (gateway: GatewayProcess, id: string): Promise<Recording> =>
  gateway.json<Recording>('GET', `/api/v1/recordings/${id}`);

/** Waits until so much is on the disk. */
async function recorded(gateway: GatewayProcess, id: string, ms: number): Promise<Recording> {
  return eventually(
    `${ms} ms recorded`,
    async () => {
      const recording = await get(gateway, id);
      return recording.durationMs >= ms ? recording : undefined;
    },
    40_000,
  );
}

async function curl(url: string, body: object): Promise<unknown> {
  const { stdout } = await run('curl', ['-s', '-X', 'POST', '-d', JSON.stringify(body), url]);
  return JSON.parse(stdout);
}

async function sceneWithCamera(scene: Scene, record: Record<string, unknown> = {}, dataDir?: string) {
  const gateway = await scene.gateway({
    config: { record, stream: { 'idle-timeout': '500ms' } },
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const camera = await scene.camera(gateway, { audio: true });
  await channelsKnown(gateway, 1);
  return { gateway, camera, stream: streamOf(camera), folder: join(gateway.dataDir, 'record') };
}

describe.runIf(HAS_TOOLS)('recordings of a camera', () => {
  test('record.start and record.stop by curl on cmdPort; ffprobe reads the file, the program gets its path', async () => {
    await using scene = new Scene();
    const cmdPort = await freePort();
    const script = join(scene.folder(), 'done.sh');
    writeFileSync(script, `#!/bin/sh\nprintf '%s' "$1" >"$0.out"\n`, { mode: 0o755 });
    const execRecordDone = `'${script}' "$file"`;
    const { gateway, camera, stream, folder } = await sceneWithCamera(scene, { cmdPort, execRecordDone });
    const url = `http://127.0.0.1:${cmdPort}/`;
    expect(await curl(url, { stream, method: 'record.start', data: { fileName: '门 "1".webm' } })).toEqual({
      version: '1.0',
      err: 0,
      err_msg: 'OK',
      data: { fileName: '门 "1".mp4' },
    });
    const begunAt = performance.now();
    const [begun] = await recordings(gateway);
    await recorded(gateway, begun?.id ?? '', 4000);
    const passedMs = performance.now() - begunAt;
    const bye = once(camera, 'sessionEnded');
    expect(await curl(url, { stream, method: 'record.stop', data: {} })).toEqual({
      version: '1.0',
      err: 0,
      err_msg: 'OK',
      data: { fileNames: ['门 "1".mp4'] },
    });
    const finished = await get(gateway, begun?.id ?? '');
    expect(finished).toMatchObject({ state: 'finished', reason: 'stopped', codecs: ['H264', 'PCMA'], packetsLost: 0 });
    const path = join(folder, '门 "1".mp4');
    expect(finished.bytes).toBe(statSync(path).size);
    const seen = await probe(path);
    expect(seen).toMatchObject({ codecs: ['h264', 'pcm_alaw'], errors: '' });
    expect(Math.abs(seen.durationMs - finished.durationMs)).toBeLessThan(50);
    expect(Math.abs(seen.durationMs - passedMs)).toBeLessThan(1000);
    expect(
      await eventually('the program', () =>
        existsSync(`${script}.out`) ? readFileSync(`${script}.out`, 'utf8') : undefined,
      ),
    ).toBe(path);
    expect(await curl(url, { stream, method: 'record.stop', data: {} })).toMatchObject({
      err: -1,
      err_msg: 'job not found',
    });
    // Nobody watches any more: the camera gets its BYE.
    expect((await bye)[1]).toBe('remote_bye');
  });

  test('by REST: two at once, one growing file downloaded in ranges, then deleted', async () => {
    await using scene = new Scene();
    const { gateway, stream, folder } = await sceneWithCamera(scene);
    const outside = join(scene.folder(), 'outside.mp4');
    mkdirSync(folder);
    symlinkSync(outside, join(folder, 'a.mp4'));
    const begin = (fileName: string) => gateway.json<Recording>('POST', '/api/v1/recordings', { stream, fileName });
    const [one, two] = await Promise.all([begin('a'), begin('a')]);
    expect(readdirSync(folder).toSorted()).toEqual(['a-2.mp4', 'a-3.mp4', 'a.mp4']);
    await recorded(gateway, one.id, 2000);
    const file = `${gateway.base}/api/v1/recordings/${one.id}/files/0`;
    const early = await fetch(file, { headers: { range: 'bytes=0-' } });
    const head = Buffer.from(await early.arrayBuffer());
    expect([early.status, early.headers.get('content-type'), head.length > 10_000]).toEqual([206, 'video/mp4', true]);
    const growing = join(scene.folder(), 'growing.mp4');
    writeFileSync(growing, head);
    expect((await probe(growing)).errors).toBe('');
    await recorded(gateway, one.id, 4000);
    const rest = await fetch(file, {
      headers: { range: `bytes=${head.length}-`, 'if-range': early.headers.get('etag') ?? '' },
    });
    expect(rest.status).toBe(206);
    writeFileSync(growing, Buffer.concat([head, Buffer.from(await rest.arrayBuffer())]));
    const grown = await probe(growing);
    expect([grown.errors, grown.durationMs > 3500]).toEqual(['', true]);
    for (const { id } of [one, two]) await gateway.json('POST', `/api/v1/recordings/${id}/stop`);
    const whole = Buffer.from(await (await fetch(file)).arrayBuffer());
    expect(whole.equals(readFileSync(join(folder, one.files[0]?.fileName ?? '')))).toBe(true);
    for (const { id } of [one, two]) {
      expect((await fetch(`${gateway.base}/api/v1/recordings/${id}`, { method: 'DELETE' })).status).toBe(204);
    }
    // The link that lay in the way is neither followed nor replaced.
    expect([readdirSync(folder), existsSync(outside)]).toEqual([['a.mp4'], false]);
  });

  test('kill -9 while it records: after the new start it is interrupted, and its file plays', async () => {
    await using scene = new Scene();
    const dataDir = join(scene.folder(), 'data');
    const { gateway, stream, folder } = await sceneWithCamera(scene, {}, dataDir);
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream, fileName: 'crash' });
    const before = await recorded(gateway, id, 4000);
    process.kill(gateway.pid, 'SIGKILL');
    await gateway.ended();
    // Readable as it lies there, before anybody repairs it.
    const raw = await probe(join(folder, 'crash.mp4'));
    expect([raw.codecs, raw.errors]).toEqual([['h264', 'pcm_alaw'], '']);
    const again = await scene.gateway({ dataDir });
    const after = await eventually('repaired', async () => {
      const recording = await get(again, id);
      return recording.files[0]?.state === 'finished' ? recording : undefined;
    });
    expect(after).toMatchObject({ state: 'interrupted', reason: 'crash' });
    expect(after.durationMs).toBeGreaterThanOrEqual(before.durationMs - 2000);
    expect(after.bytes).toBe(statSync(join(folder, 'crash.mp4')).size);
    const seen = await probe(join(folder, 'crash.mp4'));
    expect([seen.codecs, seen.errors]).toEqual([['h264', 'pcm_alaw'], '']);
    expect(Math.abs(seen.durationMs - after.durationMs)).toBeLessThan(1000);
  });

  test('Ctrl-C finishes the file within its three seconds', async () => {
    await using scene = new Scene();
    const dataDir = join(scene.folder(), 'data');
    const { gateway, stream, folder } = await sceneWithCamera(scene, {}, dataDir);
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream, fileName: 'end' });
    await recorded(gateway, id, 2000);
    const at = Date.now();
    expect(await gateway.stop()).toBe(0);
    expect(Date.now() - at).toBeLessThan(3500);
    const seen = await probe(join(folder, 'end.mp4'));
    expect([seen.codecs, seen.errors, seen.durationMs >= 2000]).toEqual([['h264', 'pcm_alaw'], '', true]);
    const again = await scene.gateway({ dataDir });
    expect(await get(again, id)).toMatchObject({ state: 'finished', reason: 'shutdown', fileCount: 1 });
  });

  test('a camera that restarts: the recording waits and goes on in the next file', async () => {
    await using scene = new Scene();
    const { gateway, camera, stream, folder } = await sceneWithCamera(scene);
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream, fileName: 'cam' });
    await recorded(gateway, id, 2000);
    await camera.close();
    await eventually(
      'the loss',
      async () => ((await get(gateway, id)).reason === 'source_lost' ? true : undefined),
      20_000,
    );
    await scene.camera(gateway, { audio: true });
    await eventually(
      'the next file',
      async () => ((await get(gateway, id)).fileCount === 2 ? true : undefined),
      30_000,
    );
    await recorded(gateway, id, 4000);
    const stopped = await gateway.json<Recording>('POST', `/api/v1/recordings/${id}/stop`);
    expect(stopped).toMatchObject({ state: 'finished', reason: 'stopped', fileCount: 2 });
    for (const { fileName } of stopped.files) {
      expect(await probe(join(folder, fileName))).toMatchObject({ codecs: ['h264', 'pcm_alaw'], errors: '' });
    }
  });

  test('a disk that takes no more: failed, with a reason, and the file plays up to there', async () => {
    await using scene = new Scene();
    const { gateway, stream, folder } = await sceneWithCamera(scene);
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream, fileName: 'full' });
    const { bytes } = await recorded(gateway, id, 2000);
    // As a full disk, but for this process only: no file may grow beyond that.
    const limit = spawnSync('prlimit', ['--pid', String(gateway.pid), `--fsize=${bytes + 300_000}:`]);
    expect(limit.status).toBe(0);
    const failed = await eventually(
      'the end',
      async () => {
        const recording = await get(gateway, id);
        return recording.state === 'recording' ? undefined : recording;
      },
      30_000,
    );
    expect(failed.state).toBe('failed');
    expect(failed.reason).toMatch(/^(?:disk_full|write_failed)$/);
    expect(failed.message).toMatch(/EFBIG|ENOSPC/);
    const seen = await probe(join(folder, 'full.mp4'));
    expect([seen.codecs, seen.errors, seen.durationMs > 1500]).toEqual([['h264', 'pcm_alaw'], '', true]);
    expect(spawnSync('prlimit', ['--pid', String(gateway.pid), '--fsize=unlimited:']).status).toBe(0);
    const next = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream });
    await recorded(gateway, next.id, 1000);
  });
});

describe.runIf(HAS_TOOLS)('recordings of other sources', () => {
  test('a publication: its H.264 and Opus under the wished .webm become an .mp4, which ends with it', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const publisher = scene.keep(new NativePublisher(makeClip('baseline')), async (open) => open.close());
    await publisher.publish(gateway.base, 'desk');
    const begun = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream: 'desk', fileName: 'd.webm' });
    expect(begun).toMatchObject({ stream: 'live/desk', codecs: ['H264', 'OPUS'], files: [{ fileName: 'd.mp4' }] });
    await recorded(gateway, begun.id, 3000);
    expect((await fetch(`${gateway.base}/api/v1/live-streams/live/desk`, { method: 'DELETE' })).status).toBe(204);
    const ended = await eventually(
      'the end',
      async () => {
        const recording = await get(gateway, begun.id);
        return recording.state === 'recording' ? undefined : recording;
      },
      10_000,
    );
    expect(ended).toMatchObject({ state: 'finished', reason: 'stream_ended', packetsLost: 0 });
    const seen = await probe(join(gateway.dataDir, 'record', 'd.mp4'));
    expect(seen).toMatchObject({ container: 'mp4', codecs: ['h264', 'opus'] });
    expect(Math.abs(seen.durationMs - ended.durationMs)).toBeLessThan(1000);
  });

  test('a publication by RTSP: the file has its codecs, decodes, and lasts as long as it was recorded', async () => {
    await using scene = new Scene();
    const port = await freePort();
    const gateway = await scene.gateway({ config: { rtsp: { port, host: '127.0.0.1', auth: { enable: false } } } });
    const wanted = { video: 'h264', audio: 'pcma' } as const;
    const publisher = scene.keep(publishWithFfmpeg(`rtsp://127.0.0.1:${port}/live/ff`, 'tcp', wanted), (open) =>
      open.stop(),
    );
    await eventually(
      'the publication',
      async () => {
        const { items } = await gateway.json<{ items: { state: string }[] }>('GET', '/api/v1/live-streams?kind=rtsp');
        return items[0]?.state === 'playing' ? true : undefined;
      },
      15_000,
    );
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream: 'ff', fileName: 'ff.mp4' });
    const begunAt = performance.now();
    await recorded(gateway, id, 5000);
    const stopped = await gateway.json<Recording>('POST', `/api/v1/recordings/${id}/stop`);
    const passedMs = performance.now() - begunAt;
    expect(stopped).toMatchObject({ state: 'finished', codecs: ['H264', 'PCMA'], packetsLost: 0 });
    const seen = await probe(join(gateway.dataDir, 'record', 'ff.mp4'));
    expect(seen).toMatchObject({ container: 'mp4', codecs: ['h264', 'pcm_alaw'], errors: '' });
    expect(Math.abs(seen.durationMs - passedMs)).toBeLessThan(1000);
    await publisher.stop();
  });

  test('a stream pulled from another gateway: the recording outlives a loss of its camera', async () => {
    await using scene = new Scene();
    const rtspPort = await freePort();
    const first = await scene.gateway({ config: { rtsp: { port: rtspPort }, stream: { 'idle-timeout': '500ms' } } });
    const camera = await scene.camera(first, { audio: true });
    await channelsKnown(first, 1);
    const gateway = await scene.gateway({ config: { stream: { 'idle-timeout': '500ms' } } });
    const url = `rtsp://127.0.0.1:${rtspPort}/live/${streamOf(camera)}`;
    await gateway.json('POST', '/api/v1/pulls', { name: 'gate', url, transport: 'tcp', onDemand: true });
    const { id } = await gateway.json<Recording>('POST', '/api/v1/recordings', { stream: 'gate', fileName: 'gate' });
    await recorded(gateway, id, 2000);
    await camera.close();
    const pull = () => gateway.json<{ state: string }>('GET', '/api/v1/pulls/gate');
    await eventually('the loss', async () => ((await pull()).state === 'failed' ? true : undefined), 30_000);
    const { durationMs } = await get(gateway, id);
    await scene.camera(first, { audio: true });
    await recorded(gateway, id, durationMs + 3000);
    const stopped = await gateway.json<Recording>('POST', `/api/v1/recordings/${id}/stop`);
    for (const { fileName } of stopped.files) {
      expect(await probe(join(gateway.dataDir, 'record', fileName))).toMatchObject({
        codecs: ['h264', 'pcm_alaw'],
        errors: '',
      });
    }
  });
});
