import { nearestKey } from './nearest-key.ts';
import { SPELLINGS } from './spellings.ts';
import { leafPaths, setPath, valueAt, type Tree } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Of the services, the other programs, the console's development and the tests: no keys of the configuration. */
export const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'GBRTC_CAMERA_PASSWORD',
  'GBRTC_FFPROBE',
  'GBRTC_GATEWAY',
  'GBRTC_ICE_CREDENTIAL',
  'GBRTC_ICE_OPTIONS',
  'GBRTC_ICE_SECRET',
  'GBRTC_ICE_TOKEN',
  'GBRTC_OPTIONS',
  'GBRTC_SHOW',
  'GBRTC_TEST_LOG',
]);

/** What Kubernetes gives every container for a service whose name begins with `gbrtc`. */
const SERVICE_LINK = /_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
/** Of its `GBRTC_PORT`. */
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

const variableOf = (key: string): string => `GBRTC_${key.replaceAll(/[.-]/g, '_').toUpperCase()}`;

/** Value of an environment variable, read as YAML would read it unless the key wants text. */
function environmentValue(raw: string, example: unknown): unknown {
  if (Array.isArray(example))
    return raw
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  if (typeof example === 'boolean' && /^(true|false)$/i.test(raw)) return raw.toLowerCase() === 'true';
  if (typeof example === 'number' && /^-?\d+(?:\.\d+)?$/.test(raw)) return Number(raw);
  return raw;
}

/**
 * `GBRTC_HTTP_LISTEN=80` sets `http.listen`; srs-sip's `CANDIDATE` sets `webrtc.candidate`.
 * @param written loses the keys that the environment sets
 */
export function applyEnvironment(
  tree: Tree,
  env: Environment,
  { defaults, written }: { defaults: Tree; written: Map<string, string> },
): void {
  const set = (path: readonly string[], value: unknown): void => {
    setPath(tree, path, value);
    written.delete(path.join('.'));
  };
  if (env.CANDIDATE) set(['webrtc', 'candidate'], environmentValue(env.CANDIDATE, []));
  for (const path of leafPaths(defaults)) {
    const raw = env[variableOf(path.join('.'))];
    if (raw === undefined || raw === '') continue;
    set(path, environmentValue(raw, valueAt(defaults, path)));
  }
}

/** A warning for each variable that looks like one of ours and sets nothing. */
export function environmentNotes(env: Environment, defaults: Tree): string[] {
  const keys = leafPaths(defaults).map((path) => path.join('.'));
  const known = new Set([...keys.map(variableOf), ...OTHER_VARIABLES]);
  const unknown = Object.entries(env).filter(
    ([name, value = '']) =>
      value !== '' &&
      name.toUpperCase().startsWith('GBRTC_') &&
      !known.has(name) &&
      !SERVICE_LINK.test(name) &&
      !SERVICE_ADDRESS.test(value),
  );
  return unknown.map(([name]) => {
    const key = meantKey(name.slice('GBRTC_'.length), keys);
    const meant = key === undefined ? '' : `; is ${variableOf(key)} (${key}) meant?`;
    return `warning: environment variable ${name} names no key of the configuration and is not used${meant}`;
  });
}

/** Also of what only files may write: the names of pms. */
function meantKey(name: string, keys: readonly string[]): string | undefined {
  const [, spelled] = SPELLINGS.find(([written]) => variableOf(written) === `GBRTC_${name.toUpperCase()}`) ?? [];
  return spelled ?? nearestKey(name, keys);
}
