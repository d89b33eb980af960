#!/usr/bin/env node
// `gbrtc <command>`: finds a Node that can run the project and the command's module.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const COMMANDS = { camera: 'camera/cli', 'ice-agent': 'ice-agent/cli', report: 'report-cli' };
const USAGE = `usage: gbrtc <command> [options]

  camera     a virtual GB/T 28181 camera for demos, tests and load; "gbrtc camera --help"
  ice-agent  registers this host's coturn at a gateway and reports its load; "gbrtc ice-agent --help"
  report     the report of a day's calls, as files or by e-mail; "gbrtc report --help"

The gateway itself is started with "npm start"; where a package has installed it, with "gbrtc start".
`;

const [command, ...args] = process.argv.slice(2);
if (!Object.hasOwn(COMMANDS, command ?? '')) {
  const asked = command === undefined || command === '--help' || command === '-h';
  (asked ? process.stdout : process.stderr).write(asked ? USAGE : `gbrtc: unknown command ${command}\n\n${USAGE}`);
  process.exit(asked ? 0 : 2);
}

// The sources in a checkout, the built files in an image.
const places = [`../src/${COMMANDS[command]}.ts`, `../dist/${COMMANDS[command]}.js`].map(
  (place) => new URL(place, import.meta.url),
);
const module = places.find((place) => existsSync(place));
if (module === undefined) {
  process.stderr.write('gbrtc: neither src nor dist is here\n');
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) {
  await (await import(module.href)).main(args);
} else {
  const newer = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(newer)) {
    process.stderr.write(
      `gbrtc: needs Node ${NODE_MAJOR}, this is ${process.versions.node}; "npm run setup" brings it\n`,
    );
    process.exit(1);
  }
  const child = spawn(newer, [fileURLToPath(import.meta.url), command, ...args], { stdio: 'inherit' });
  // The terminal sends its signals to both; those of others are passed on.
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill(name));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}
