import { spawnSync } from 'node:child_process';

/** Debian packages that bring the programs which tests run. */
const PACKAGES: Readonly<Record<string, string>> = {
  sipp: 'sip-tester',
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  chromium: 'chromium',
  'gst-launch-1.0':
    'gstreamer1.0-tools with gstreamer1.0-plugins-base, gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad, gstreamer1.0-libav and gstreamer1.0-rtsp',
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
};

/**
 * True when a program is on the path, for `test.runIf`. Where it is missing the tests that need it are left out with a
 * line that says so; in CI that is an error, so that nobody takes silence for success.
 */
export function requireTool(name: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
  if (found) return true;
  const advice = `${name} is missing (Debian package ${PACKAGES[name] ?? name})`;
  if (process.env['CI'] !== undefined) throw new Error(advice);
  process.stderr.write(`${advice}: its tests are left out\n`);
  return false;
}
