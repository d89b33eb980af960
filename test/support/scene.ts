import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCamera, type Camera, type CameraOptions } from '../../src/camera/index.ts';
import { startGatewayProcess, type GatewayProcess, type GatewayProcessOptions } from './gateway-process.ts';

/** Things to close at the end of a test, last opened first, whatever fails between. */
export class Scene implements AsyncDisposable {
  readonly #closers: (() => Promise<unknown>)[] = [];

  keep<T>(value: T, close: (value: T) => Promise<unknown>): T {
    this.#closers.push(() => close(value));
    return value;
  }

  /** A new folder that goes away at the end. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'gbrtc-scene-'));
    return this.keep(path, async () => rmSync(path, { recursive: true, force: true }));
  }

  async gateway(options?: GatewayProcessOptions): Promise<GatewayProcess> {
    return this.keep(await startGatewayProcess(options), (gateway) => gateway.stop());
  }

  /** A registered virtual camera. */
  async camera(gateway: GatewayProcess, options: Partial<CameraOptions> = {}): Promise<Camera> {
    const camera = await createCamera({
      server: `127.0.0.1:${gateway.sipPort}`,
      serverId: '34020000002000000001',
      id: '34020000001320000001',
      password: '12345678',
      ...options,
    });
    this.keep(camera, (open) => open.close());
    await camera.ready();
    return camera;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed())
      await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the scene did not close');
  }
}

/** Name of a camera's first live stream. */
export function streamOf(camera: Camera): string {
  return `${camera.deviceIds[0]}_${camera.channelIds()[0]}`;
}

/** Asks until `probe` gives something, or says what it saw last. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Waits until the catalogue has so many video channels. */
export async function channelsKnown(gateway: GatewayProcess, count: number): Promise<void> {
  await eventually(`${count} channels`, async () => {
    const { total } = await gateway.json<{ total: number }>('GET', '/api/v1/channels?kind=video');
    return total >= count ? true : undefined;
  });
}
