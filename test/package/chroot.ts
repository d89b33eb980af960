import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What changes in any system that installs something and makes a user. */
const NOT_OURS = [
  /^\/(proc|tmp|var\/(lib\/(dpkg|rpm)|log|cache|tmp)|usr\/lib\/sysimage\/rpm)(\/|$)/,
  /^\/etc\/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?)$/,
];

/** The mirror that this machine installs Debian from. */
function mirror(): string {
  const args = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'];
  const found = execFileSync('apt-get', args, { encoding: 'utf8' })
    .split('\n')
    .find((line) => /\/debian\/?$/.test(line));
  if (found === undefined) throw new Error('apt knows no Debian mirror');
  return found;
}

/** A minimal Debian in a folder; mounts of it must be in a mount namespace of this process. */
export class Chroot {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
    execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
  }

  static bootstrap(root: string, suite: string): Chroot {
    mkdirSync(root, { recursive: true });
    execFileSync('debootstrap', ['--variant=minbase', suite, root, mirror()], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new Chroot(root);
  }

  /** Another of the same; what is mounted is not copied. */
  copy(root: string): Chroot {
    execFileSync('cp', ['-a', '--one-file-system', this.root, root]);
    return new Chroot(root);
  }

  /** Copies a file into it. @returns its path inside */
  bring(file: string): string {
    const path = join('/var/cache', basename(file));
    cpSync(file, join(this.root, path));
    return path;
  }

  /** As it was before this class: an init mounts its own. */
  unmount(): void {
    execFileSync('umount', [join(this.root, 'proc')]);
  }

  /** Output of a command; @throws Error with the output where it fails */
  run(command: string, ...args: string[]): string {
    const env = { PATH: process.env.PATH, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    const { status, stdout, stderr } = spawnSync('chroot', [this.root, command, ...args], { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** A command as the service's user in the service's folder; signals of the child reach the command itself. */
  start(environment: Readonly<Record<string, string>>, command: string): ChildProcess {
    const asUser = `cd /var/lib/gbrtc && exec setpriv --reuid gbrtc --regid gbrtc --init-groups ${command}`;
    return spawn('chroot', [this.root, 'sh', '-c', asUser], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...environment },
    });
  }

  /** Every path that an installation could have left. */
  paths(): Set<string> {
    const found = new Set<string>();
    const walk = (folder: string): void => {
      for (const entry of readdirSync(join(this.root, folder), { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (NOT_OURS.some((pattern) => pattern.test(path))) continue;
        found.add(path);
        if (entry.isDirectory()) walk(path);
      }
    };
    walk('/');
    return found;
  }
}
