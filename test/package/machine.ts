import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../support/scene.ts';
import type { Chroot } from './chroot.ts';

const BOOT_LIMIT_MS = 60_000;

/** A chroot that has been booted with its own systemd, in a network of its own. */
export class Machine {
  readonly #nspawn: ChildProcess;
  #leader = 0;

  private constructor(nspawn: ChildProcess) {
    this.#nspawn = nspawn;
  }

  static async boot({ root }: Chroot): Promise<Machine> {
    // Where this machine itself has no systemd there is nothing that could make a unit for the container.
    const unit = existsSync('/run/systemd/system') ? [] : ['--keep-unit'];
    const options = ['--boot', '--register=no', ...unit, '--private-network', '--console=pipe', '--quiet'];
    const nspawn = spawn('systemd-nspawn', ['--directory', root, ...options], { stdio: 'ignore' });
    const machine = new Machine(nspawn);
    try {
      await eventually('a booted machine', () => machine.#findLeader(), BOOT_LIMIT_MS);
    } catch (error) {
      await machine.halt();
      throw error;
    }
    return machine;
  }

  /** Its init, once that is up: nspawn has other children before. */
  #findLeader(): true | undefined {
    const children = `/proc/${this.#nspawn.pid}/task/${this.#nspawn.pid}/children`;
    if (!existsSync(children)) return undefined;
    this.#leader = Number(readFileSync(children, 'utf8').trim().split(' ')[0]);
    return this.try('systemctl', 'is-system-running').stdout.trim() === 'running' ? true : undefined;
  }

  try(
    command: string,
    ...args: string[]
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const enter = ['-t', String(this.#leader), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', command, ...args];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const { status, stdout, stderr } = spawnSync('nsenter', enter, { encoding: 'utf8', env });
    return { status, stdout, stderr };
  }

  /** Output of a command; @throws Error with the output where it fails */
  run(command: string, ...args: string[]): string {
    const { status, stdout, stderr } = this.try(command, ...args);
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** One property of the service, e.g. MainPID. */
  property(name: string): string {
    return this.run('systemctl', 'show', '-p', name, '--value', 'gbrtc').trim();
  }

  /** Asks the gateway inside, by the Node that the package brings; undefined where nobody answers. */
  request<T>(path: string, token = '', body?: unknown): { readonly status: number; readonly body: T } | undefined {
    const init = {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const script = `fetch(${JSON.stringify(`http://127.0.0.1:8025${path}`)}, ${JSON.stringify(init)})
      .then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.json() })), () => process.exit(1))`;
    const { status, stdout } = this.try('/usr/local/gbrtc/bin/node', '-e', script);
    return status === 0 ? (JSON.parse(stdout) as { status: number; body: T }) : undefined;
  }

  async halt(): Promise<void> {
    if (this.#nspawn.exitCode !== null || this.#nspawn.signalCode !== null) return;
    const exited = once(this.#nspawn, 'exit');
    this.#nspawn.kill('SIGTERM');
    await exited;
  }
}
