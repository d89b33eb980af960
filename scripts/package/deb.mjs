// The Debian package, by dpkg-deb.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CONFIG_FILES, listTree, packageFile } from './tree.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

const control = ({ version, description, architecture, kilobytes }) => `Package: gbrtc
Version: ${version}
Architecture: ${architecture}
Maintainer: the gbrtc project <gbrtc@localhost>
Section: video
Priority: optional
Depends: libc6 (>= 2.28), libgcc-s1 (>= 4.2) | libgcc1, libstdc++6 (>= 8), passwd
Installed-Size: ${kilobytes}
Description: ${description.synopsis}
${description.lines.map((line) => ` ${line}`).join('\n')}
`;

/** The text of files/, as one branch of a maintainer script. */
const indented = (name) =>
  packageFile(name)
    .trimEnd()
    .replaceAll(/^(?=.)/gm, '    ');

const scripts = () => ({
  postinst: `#!/bin/sh
set -e
case "$1" in
  configure)
${indented('user.sh')}
    install -d -m 0750 -o gbrtc -g gbrtc /var/lib/gbrtc
    if [ -z "$2" ]; then
      # It may hold passwords.
      chown root:gbrtc ${CONFIG_FILES.map((file) => `/${file}`).join(' ')}
      chmod 0640 ${CONFIG_FILES.map((file) => `/${file}`).join(' ')}
${indented('installed.sh')}
    else
${indented('upgraded.sh')}
${indented('enabled.sh')}
    fi
    ;;
esac
`,
  prerm: `#!/bin/sh
set -e
case "$1" in
  remove|deconfigure)
${indented('stopping.sh')}
    ;;
esac
`,
  postrm: `#!/bin/sh
set -e
case "$1" in
  remove)
${indented('removed.sh')}
    ;;
  purge)
${indented('purged.sh')}
${indented('disabling.sh')}
${indented('removed.sh')}
    ;;
esac
`,
});

/**
 * @param {{ stage: string, work: string, out: string, version: string, description: object, run: (command: string, args: string[]) => void }} options
 * @returns {string} the package's file
 */
export function buildDeb({ stage, work, out, version, description, run }) {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const root = path.join(work, 'deb');
  // Hard links: the packed tree is some 200 MB.
  run('cp', ['-al', stage, root]);
  const meta = path.join(root, 'DEBIAN');
  fs.mkdirSync(meta, { mode: 0o755 });
  const bytes = listTree(stage).reduce((sum, entry) => sum + entry.bytes, 0);
  const facts = { version, description, architecture, kilobytes: Math.ceil(bytes / 1024) };
  fs.writeFileSync(path.join(meta, 'control'), control(facts));
  fs.writeFileSync(path.join(meta, 'conffiles'), CONFIG_FILES.map((file) => `/${file}\n`).join(''));
  for (const [name, text] of Object.entries(scripts())) fs.writeFileSync(path.join(meta, name), text, { mode: 0o755 });
  const file = path.join(out, `gbrtc_${version}_${architecture}.deb`);
  run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', root, file]);
  return file;
}
