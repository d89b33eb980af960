import assert from 'node:assert/strict';
import { eventually } from '../support/scene.ts';
import type { Chroot } from './chroot.ts';
import { Machine } from './machine.ts';

const CAMERA = '34020000001320000001';
const CHANNEL = '34020000001310000001';
const ENVIRONMENT = '/usr/local/gbrtc/conf/environment';

interface ServiceFiles {
  /** Paths inside the chroot. */
  readonly first: string;
  readonly second: string;
}

async function healthy(machine: Machine): Promise<void> {
  const probe = (): true | undefined => (machine.request('/healthz')?.status === 200 ? true : undefined);
  await eventually('200 of /healthz', probe, 30_000);
}

async function playCamera(machine: Machine, token: string, sipPassword: string): Promise<string> {
  const camera = ['gbrtc', 'camera', '--server', '127.0.0.1:5060', '--password', sipPassword, '--id', CAMERA];
  machine.run('systemd-run', '--unit', 'camera', ...camera);
  const opening = await eventually('a play', () => {
    const reply = machine.request('/api/v1/plays', token, { deviceId: CAMERA, channelId: CHANNEL });
    return reply?.status === 201 || reply?.status === 200 ? true : undefined;
  });
  assert(opening);
  const stages = await eventually('a key frame', () => {
    const text = JSON.stringify(machine.request('/api/v1/plays', token)?.body ?? '');
    return text.includes('"first_key_frame"')
      ? [...text.matchAll(/"stage":"(\w+)"/g)].map(([, stage]) => stage)
      : undefined;
  });
  machine.run('systemctl', 'stop', 'camera');
  return stages.join(' ');
}

function confinement(machine: Machine): string {
  const status = machine.run('cat', `/proc/${machine.property('MainPID')}/status`);
  const facts = ['Uid', 'CapEff', 'NoNewPrivs', 'Seccomp'].map(
    (name) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1],
  );
  const [uid, ...others] = facts;
  assert.equal(machine.run('id', '-u', 'gbrtc').trim(), uid);
  assert.deepEqual(others, ['0000000000000000', '1', '2']);
  return 'no capabilities, no new privileges, system calls filtered';
}

async function crash(machine: Machine): Promise<void> {
  const before = machine.property('MainPID');
  machine.run('sh', '-c', `kill -SEGV ${before}`);
  await eventually('a new process', () => (['0', before].includes(machine.property('MainPID')) ? undefined : true));
  await healthy(machine);
  assert.equal(machine.property('NRestarts'), '1');
}

async function wrongConfiguration(machine: Machine): Promise<void> {
  machine.run('sh', '-c', `echo GBRTC_HTTP_LISTEN=eighty >>${ENVIRONMENT}`);
  // Who starts it is told: the service is only up when it has said so.
  assert.notEqual(machine.try('systemctl', 'restart', 'gbrtc').status, 0);
  await eventually('a failed service', () => (machine.property('ActiveState') === 'failed' ? true : undefined));
  assert.deepEqual([machine.property('ExecMainStatus'), machine.property('NRestarts')], ['2', '0']);
  assert.match(machine.run('journalctl', '-u', 'gbrtc', '-o', 'cat'), /http\.listen: expected number/);
  machine.run('sed', '-i', '/eighty/d', ENVIRONMENT);
  machine.run('systemctl', 'start', 'gbrtc');
  await healthy(machine);
}

/** The Debian package under a real systemd: its unit's confinement, restarts, upgrade and purge. */
export async function checkService(chroot: Chroot, files: ServiceFiles, log: (text: string) => void): Promise<void> {
  chroot.run('apt-get', 'install', '-y', '--no-install-recommends', 'systemd', 'systemd-sysv', 'dbus');
  chroot.unmount();
  const machine = await Machine.boot(chroot);
  try {
    log(`install under systemd:\n${machine.run('dpkg', '-i', files.first)}`);
    await healthy(machine);
    assert.equal(machine.run('systemctl', 'is-enabled', 'gbrtc').trim(), 'enabled');
    const journal = machine.run('journalctl', '-u', 'gbrtc', '-o', 'cat');
    const [console, sip = ''] = [...journal.matchAll(/password +([a-z2-9]{10,12})\b/g)].map(([, text]) => text ?? '');
    const credentials = { username: 'admin', password: console };
    const token = machine.request<{ token: string }>('/api/v1/login', '', credentials)?.body.token ?? '';
    assert.notEqual(token, '');
    log(`running: ${confinement(machine)}; a camera plays: ${await playCamera(machine, token, sip)}`);
    await crash(machine);
    await wrongConfiguration(machine);
    log('starts again after a crash, stays down with a wrong configuration and says why');
    machine.run('dpkg', '-i', files.second);
    await healthy(machine);
    assert.equal(machine.request<{ version: string }>('/api/v1/session')?.body.version, '1.0.1');
    machine.run('dpkg', '-r', 'gbrtc');
    machine.run('dpkg', '-i', files.second);
    assert.equal(machine.run('systemctl', 'is-enabled', 'gbrtc').trim(), 'enabled');
    await healthy(machine);
    machine.run('systemctl', 'disable', '--now', 'gbrtc');
    machine.run('dpkg', '-r', 'gbrtc');
    machine.run('dpkg', '-i', files.second);
    assert.equal(machine.try('systemctl', 'is-enabled', 'gbrtc').stdout.trim(), 'disabled');
    assert.equal(machine.property('ActiveState'), 'inactive');
    machine.run('systemctl', 'enable', '--now', 'gbrtc');
    machine.run('dpkg', '-P', 'gbrtc');
    assert.match(machine.try('systemctl', 'status', 'gbrtc').stderr, /could not be found/);
    assert.notEqual(machine.try('test', '-e', '/etc/systemd/system/multi-user.target.wants/gbrtc.service').status, 0);
    log('the upgrade restarts it, removed and installed again it is as before, the purge stops and forgets it');
  } finally {
    await machine.halt();
  }
}
