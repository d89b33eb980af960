import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OTHER_VARIABLES } from './environment.ts';
import { loadConfig } from './load.ts';

const notesOf = (env: Record<string, string>): readonly string[] => loadConfig({}, env).notes;
const warning = (name: string, meant = ''): string =>
  `warning: environment variable ${name} names no key of the configuration and is not used${meant}`;

test.each([
  ['mistyped', 'GBRTC_HTPP_LISTEN', '; is GBRTC_HTTP_LISTEN (http.listen) meant?'],
  ['in small letters', 'gbrtc_http_listen', '; is GBRTC_HTTP_LISTEN (http.listen) meant?'],
  ['without the section', 'GBRTC_CANDIDATE', '; is GBRTC_WEBRTC_CANDIDATE (webrtc.candidate) meant?'],
  ['by the name of pms', 'GBRTC_WEBRTC_LISTENIP', '; is GBRTC_WEBRTC_LISTEN (webrtc.listen) meant?'],
  ['like no key', 'GBRTC_COLOUR', ''],
])('a variable that sets nothing is told: %s', (_name, name, meant) => {
  expect(notesOf({ [name]: '1' })).toEqual([warning(name, meant)]);
});

test('each is told, in one line', () => {
  expect(notesOf({ GBRTC_X: '1', GBRTC_HTTP_LISTEN: '80', GBRTC_Y: '1' })).toEqual([
    warning('GBRTC_X'),
    warning('GBRTC_Y'),
  ]);
});

test.each([
  ['a key', 'GBRTC_GB28181_AUTH_ENABLE', 'false'],
  ['the password of the virtual camera', 'GBRTC_CAMERA_PASSWORD', 'secret'],
  ['the options of the service', 'GBRTC_OPTIONS', '--demo'],
  ['a variable of the tests', 'GBRTC_FFPROBE', '/opt/ffprobe'],
  ['an empty one', 'GBRTC_COLOUR', ''],
  ['of another program', 'SRS_COLOUR', 'red'],
  ['the address of a service in Kubernetes', 'GBRTC_PORT', 'tcp://10.0.0.1:8025'],
  ['its host', 'GBRTC_WEB_SERVICE_HOST', '10.0.0.1'],
  ['its named port', 'GBRTC_SERVICE_PORT_HTTP', '8025'],
  ['one of its ports', 'GBRTC_PORT_8025_TCP_ADDR', '10.0.0.1'],
])('no warning of %s', (_name, name, value) => {
  expect(notesOf({ [name]: value })).toEqual([]);
});

test('every variable that the sources read is known', () => {
  const root = join(import.meta.dirname, '..', '..');
  const read = new Set<string>();
  for (const folder of ['src', 'test', 'scripts', 'web/src', 'bin']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      for (const [, name = ''] of text.matchAll(/\benv(?:ironment)?(?:\.|\[')(GBRTC_\w+)/g)) read.add(name);
    }
  }
  expect(read.size).toBeGreaterThan(5);
  expect(Object.fromEntries([...read].map((name) => [name, notesOf({ [name]: 'x' })]))).toEqual(
    Object.fromEntries([...read].map((name) => [name, []])),
  );
  expect([...OTHER_VARIABLES].toSorted()).toEqual([...OTHER_VARIABLES]);
});
