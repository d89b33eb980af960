import { describe, expect, test } from 'vitest';
import { runCameraCli } from './cli.ts';
import { parseCameraArgs } from './cli-options.ts';
import { CameraOptionError } from './errors.ts';

const PASSWORD = ['--password', 'secret'];

describe('parseCameraArgs', () => {
  test('defaults', () => {
    expect(parseCameraArgs(PASSWORD)).toEqual({
      kind: 'run',
      durationSec: 0,
      frameLog: false,
      camera: {
        server: '127.0.0.1:5060',
        serverId: '34020000002000000001',
        id: '34020000001320000001',
        password: 'secret',
        channels: 1,
        devices: 1,
        sipTransport: 'udp',
        localPort: 0,
        keepaliveSec: 60,
        expiresSec: 3_600,
        lossPercent: 0,
        reorderPercent: 0,
        seed: 1,
        quirks: [],
        fps: 25,
        audio: true,
        onlyMode: 'refuse',
        maxSessions: 32,
        catalogBatch: 4,
        recordBatch: 4,
        recordMinutes: 60,
        moving: false,
        alarmEverySec: 0,
        flappingSec: 0,
      },
    });
  });

  test.each([
    { args: ['--only', 'tcp'], expected: { only: ['tcp-passive', 'tcp-active'] } },
    { args: ['--only', 'udp', '--only-mode', 'silent'], expected: { only: ['udp'], onlyMode: 'silent' } },
    { args: ['--quirk', 'no-y', '--quirk', 'bye-after=3'], expected: { quirks: ['no-y', 'bye-after=3'] } },
    { args: ['--no-audio', '--bitrate', '4000'], expected: { audio: false, bitrateKbps: 4_000 } },
    { args: ['--name', '东门', '--channels', '4'], expected: { name: '东门', channels: 4 } },
    { args: ['--loss', '2.5', '--reorder=1'], expected: { lossPercent: 2.5, reorderPercent: 1 } },
    {
      args: ['--local-address', '127.0.0.2', '--sip-transport', 'tcp'],
      expected: { localAddress: '127.0.0.2', sipTransport: 'tcp' },
    },
    {
      args: ['--at', '118.38, 31.33', '--moving', '--alarm-every', '5', '--flapping', '7'],
      expected: { place: { longitude: 118.38, latitude: 31.33 }, moving: true, alarmEverySec: 5, flappingSec: 7 },
    },
  ])('$args', ({ args, expected }) => {
    expect(parseCameraArgs([...PASSWORD, ...args])).toMatchObject({ kind: 'run', camera: expected });
  });

  test('the password of the environment, which the command line replaces', () => {
    expect(parseCameraArgs([], 'fromEnv')).toMatchObject({ camera: { password: 'fromEnv' } });
    expect(parseCameraArgs(PASSWORD, 'fromEnv')).toMatchObject({ camera: { password: 'secret' } });
  });

  test.each([
    { args: ['--help'], kind: 'help' },
    { args: ['-h', '--channels', 'x'], kind: 'help' },
    { args: ['--quirk', 'list'], kind: 'quirks' },
  ])('$args asks for $kind', ({ args, kind }) => {
    expect(parseCameraArgs(args).kind).toBe(kind);
  });

  test.each([
    { args: [], message: '--password is missing' },
    { args: [...PASSWORD, '--channels', '0'], message: '--channels must be 1 to 10000, got 0' },
    { args: [...PASSWORD, '--loss', '101'], message: '--loss must be 0 to 100, got 101' },
    { args: [...PASSWORD, '--keepalive', ''], message: '--keepalive must be 1 to 86400, got ' },
    { args: [...PASSWORD, '--sip-transport', 'tls'], message: '--sip-transport must be udp or tcp, got tls' },
    {
      args: [...PASSWORD, '--only', 'sctp'],
      message: '--only must be udp or tcp or tcp-passive or tcp-active, got sctp',
    },
    { args: [...PASSWORD, '--nonsense'], message: "Unknown option '--nonsense'" },
    { args: [...PASSWORD, 'stray'], message: "Unexpected argument 'stray'" },
    { args: [...PASSWORD, '--id'], message: "Option '--id <value>' argument missing" },
  ])('refuses $args', ({ args, message }) => {
    expect(() => parseCameraArgs(args)).toThrow(CameraOptionError);
    expect(() => parseCameraArgs(args)).toThrow(message);
  });
});

describe('runCameraCli', () => {
  test.each([
    { args: ['--nonsense'], code: 2 },
    { args: [...PASSWORD, '--quirk', 'nonsense'], code: 2 },
    { args: [...PASSWORD, '--server', '127.0.0.1:99999'], code: 2 },
    { args: ['--help'], code: 0 },
  ])('exit code of $args', async ({ args, code }) => {
    expect(await runCameraCli(args, AbortSignal.abort())).toBe(code);
  });
});
