// The RPM, by rpmbuild.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CONFIG_FILES, HOME, listTree, packageFile } from './tree.mjs';

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

/** Folders that other packages own. */
const SHARED = new Set(['usr', 'usr/bin', 'usr/lib', 'usr/lib/systemd', 'usr/lib/systemd/system', path.dirname(HOME)]);

function fileList(stage) {
  const lines = listTree(stage)
    .filter(({ name }) => !SHARED.has(name))
    .map(({ name, folder }) => {
      const quoted = `"/${name}"`;
      if (CONFIG_FILES.includes(name)) return `%config(noreplace) %attr(0640, root, gbrtc) ${quoted}`;
      return folder ? `%dir ${quoted}` : quoted;
    });
  return ['%defattr(-, root, root, -)', '%dir %attr(0750, gbrtc, gbrtc) /var/lib/gbrtc', ...lines].join('\n');
}

const spec = ({ stage, version, description }) => `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w1T0.xzdio

Name: gbrtc
Version: ${version.replaceAll('-', '~')}
Release: 1
Summary: ${description.synopsis}
License: MIT
# What the worker needs is packed with it; Node needs these.
AutoReqProv: no
Requires: libc.so.6(GLIBC_2.28)(64bit)
Requires: libstdc++.so.6()(64bit)
Requires(pre): /usr/sbin/useradd

%description
${description.lines.join('\n')}

%install
cp -a ${stage}/. %{buildroot}/
mkdir -p %{buildroot}/var/lib/gbrtc

%files
${fileList(stage)}

%pre
${packageFile('user.sh')}
%post
if [ "$1" = 1 ]; then
${packageFile('installed.sh')}
fi

%preun
if [ "$1" = 0 ]; then
${packageFile('stopping.sh')}
${packageFile('disabling.sh')}
fi

%postun
if [ "$1" = 0 ]; then
${packageFile('removed.sh')}
else
${packageFile('upgraded.sh')}
fi
`;

/**
 * @param {{ stage: string, work: string, out: string, version: string, description: object, run: (command: string, args: string[]) => void }} options
 * @returns {string} the package's file
 */
export function buildRpm({ stage, work, out, version, description, run }) {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const top = path.join(work, 'rpm');
  fs.mkdirSync(top);
  const specFile = path.join(top, 'gbrtc.spec');
  fs.writeFileSync(specFile, spec({ stage, version, description }));
  const defines = [`_topdir ${top}`, `_rpmdir ${out}`, '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm'];
  const define = defines.flatMap((text) => ['--define', text]);
  run('rpmbuild', ['-bb', '--quiet', '--target', `${architecture}-linux`, ...define, specFile]);
  return path.join(out, `gbrtc-${version.replaceAll('-', '~')}-1.${architecture}.rpm`);
}
