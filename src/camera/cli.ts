import { fileURLToPath } from 'node:url';
import { createLogger, errorMessage, GatewayError } from '../util/index.ts';
import { createCamera } from './camera.ts';
import { parseCameraArgs, USAGE, type CliRequest } from './cli-options.ts';
import { CameraOptionError, ClipError } from './errors.ts';
import { QUIRKS } from './quirks.ts';
import type { Camera } from './types.ts';

const EXIT_USAGE = 2;
/** A crowd's single registrations are no news. */
const QUIET_ABOVE_DEVICES = 10;

/** Runs `gbrtc camera …` until the signal or `--duration`; resolves with the exit code. */
export async function runCameraCli(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const request = parseCameraArgs(args, process.env['GBRTC_CAMERA_PASSWORD']);
    switch (request.kind) {
      case 'help':
        process.stdout.write(USAGE);
        return 0;
      case 'quirks':
        for (const { name, summary } of QUIRKS) process.stdout.write(`${name.padEnd(26)}${summary}\n`);
        return 0;
      case 'run':
        await run(request, signal);
        return 0;
    }
  } catch (error) {
    const usage = error instanceof CameraOptionError || error instanceof ClipError;
    process.stderr.write(`gbrtc camera: ${errorMessage(error)}\n`);
    if (!usage && !(error instanceof GatewayError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return usage ? EXIT_USAGE : 1;
  }
}

async function run(request: CliRequest & { kind: 'run' }, signal: AbortSignal): Promise<void> {
  const log = createLogger({ level: 'info' });
  const camera = await createCamera({
    ...request.camera,
    log,
    ...(request.frameLog && {
      onFrame: (channelId: string, frame: number, sentAt: number) =>
        process.stdout.write(`${JSON.stringify({ channelId, frame, sentAt })}\n`),
    }),
  });
  log.info(
    { localAddress: camera.localAddress, sipPort: camera.sipPort, devices: camera.deviceIds.length },
    'camera up',
  );
  logEvents(camera, log);
  await until(signal, request.durationSec);
  await camera.close();
  log.info({ ...camera.counters }, 'camera closed');
}

function logEvents(camera: Camera, log: ReturnType<typeof createLogger>): void {
  if (camera.deviceIds.length <= QUIET_ABOVE_DEVICES) {
    camera.on('registered', (deviceId) => log.info({ deviceId }, 'registered'));
  } else {
    camera.on('registered', () => {
      if (camera.registered === camera.deviceIds.length) log.info({ devices: camera.registered }, 'all registered');
    });
  }
  camera.on('registrationFailed', (deviceId, reason) => log.warn({ deviceId, reason }, 'registration failed'));
  camera.on('ptz', (channelId, command) => log.info({ channelId, ...command }, 'ptz'));
  camera.on('keyFrameRequested', (channelId) => log.info({ channelId }, 'key frame requested'));
  camera.on('reboot', (deviceId) => log.info({ deviceId }, 'reboot asked for'));
  camera.on('command', (deviceId, cmdType) => log.info({ deviceId, cmdType }, 'command'));
  camera.on('subscribed', (deviceId, kind, active) =>
    log.info({ deviceId, kind }, active ? 'subscribed' : 'subscription ended'),
  );
  camera.on('sessionStarted', (session) => log.info({ ...session }, 'live session started'));
  camera.on('sessionEnded', ({ callId, channelId }, reason) =>
    log.info({ callId, channelId, reason }, 'live session ended'),
  );
  camera.on('refused', (channelId, status) => log.info({ channelId, status }, 'invite refused'));
}

function until(signal: AbortSignal, durationSec: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (durationSec > 0) setTimeout(resolve, Math.min(durationSec * 1_000, 0x7fff_ffff)).unref();
  });
}

/** Runs with the process's own arguments and signals. */
export async function main(args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  // A parent that started us with a channel is gone.
  process.once('disconnect', () => stop.abort());
  process.exitCode = await runCameraCli(args, stop.signal);
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  await main(process.argv.slice(2));
}
