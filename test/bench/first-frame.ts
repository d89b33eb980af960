// From POST /srs-sip/v1/invite to the first decoded frame in Chromium, and from the lens to the screen.
import { launchChromium } from '../support/chromium.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';
import { percentiles, type Percentiles } from './percentiles.ts';

export interface FirstFrameResult {
  readonly plays: number;
  /** Nobody watched before: the INVITE is part of it. */
  readonly firstViewerMs: Percentiles;
  /** The stream runs for another viewer. */
  readonly joinMs: Percentiles;
}

export interface GlassResult {
  readonly samples: number;
  /** From the moment the camera handed a frame to its socket to the moment the page's compositor got it. */
  readonly latencyMs: Percentiles;
}

const GOP_2S = { id: '34020000001320000001' } as const;

/** @param plays how many of each kind */
export async function measureFirstFrame(plays: number): Promise<FirstFrameResult> {
  await using scene = new Scene();
  const gateway = await scene.gateway({ config: { stream: { 'idle-timeout': '0s' } } });
  const camera = await scene.camera(gateway, GOP_2S);
  await channelsKnown(gateway, 1);
  const browser = scene.keep(await launchChromium(), (open) => open.close());
  const invite = { deviceId: camera.deviceIds[0] ?? '', channelId: camera.channelIds()[0] ?? '' };
  const first: number[] = [];
  for (let play = 0; play < plays; play++) {
    const player = await GatewayPlayer.open(browser, gateway.base);
    first.push(await player.play({ invite }));
    await player.stop();
    await player.close();
    await eventually('the end of the stream', () => (camera.sessions.length === 0 ? true : undefined));
  }
  const watcher = await GatewayPlayer.open(browser, gateway.base);
  await watcher.play({ stream: streamOf(camera) });
  const join: number[] = [];
  for (let play = 0; play < plays; play++) {
    // At another place of the group of pictures each time.
    await watcher.page.waitForTimeout(200 + ((play * 330) % 2_000));
    const player = await GatewayPlayer.open(browser, gateway.base);
    join.push(await player.play({ invite }));
    await player.stop();
    await player.close();
  }
  await watcher.close();
  return { plays, firstViewerMs: percentiles(first), joinMs: percentiles(join) };
}

/** @param samples pictures to look at */
export async function measureGlassToGlass(samples: number): Promise<GlassResult> {
  await using scene = new Scene();
  const gateway = await scene.gateway();
  const camera = await scene.camera(gateway, GOP_2S);
  await channelsKnown(gateway, 1);
  const browser = scene.keep(await launchChromium(), (open) => open.close());
  const player = scene.keep(await GatewayPlayer.open(browser, gateway.base), (page) => page.close());
  await player.play({ stream: streamOf(camera) });
  await player.waitFrames(75);
  const latencies: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const { frame, at } = await player.nextPicture();
    const sentAt = frame === undefined ? undefined : camera.frameSentAt(frame, { before: at });
    if (sentAt !== undefined) latencies.push(at - sentAt);
  }
  if (latencies.length < samples / 2)
    throw new Error(`only ${latencies.length} of ${samples} pictures had a readable clock`);
  return { samples: latencies.length, latencyMs: percentiles(latencies) };
}
