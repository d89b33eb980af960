import type { ConfigProblem } from './conflicts.ts';
import { parseRelaxedJson } from './relaxed-json.ts';
import { isTree, setPath, type Tree } from './tree.ts';

/** A key of a pms.conf that changes nothing here. */
export interface IgnoredKey {
  readonly path: string;
  readonly reason: string;
}

/** A pms.conf in our keys. */
export interface PmsConf {
  readonly tree: Tree;
  /** Our dotted key → the key as the file has it. */
  readonly written: ReadonlyMap<string, string>;
  readonly ignored: readonly IgnoredKey[];
  readonly problems: readonly ConfigProblem[];
}

type Section = Readonly<Record<string, unknown>>;
/** What becomes of a value: ours, or why it is not used. */
type Converted = { readonly value: unknown } | { readonly ignore: string };

interface Mapping {
  readonly to: string;
  readonly convert?: (value: unknown, section: Section) => Converted;
}

const WORKER_LOG = "mediasoup's workers report their errors only, in our log";
const OWN_CERTIFICATE = 'each worker makes its certificate, and the SDP carries its fingerprint';
const OTHER_WORKER = "mediasoup's own worker is used, from its package";
const OWN_STREAMS = 'a recording takes the stream inside the gateway';

const use = (value: unknown): Converted => ({ value });
const unlessZero =
  (what: string) =>
  (value: unknown): Converted =>
    value === 0 ? { ignore: what } : use(value);

/** spdlog's names, which the original takes, and those of the documents. */
const LEVELS: Readonly<Record<string, string>> = { warning: 'warn', critical: 'error', off: 'error', none: 'error' };

function level(value: unknown, used: boolean, instead: string): Converted {
  if (!used) return { ignore: instead };
  return use(typeof value === 'string' ? (LEVELS[value] ?? value) : value);
}

const toFile = ({ file }: Section): boolean => file !== undefined && file !== '';
const consoleLevel = (value: unknown, log: Section): Converted =>
  level(value, !toFile(log), 'the log goes to log.file, with log.fileLevel');

/** The original opens the TLS port only where it has both files. */
function tlsPort(value: unknown, { keyFile, certFile, cerFile }: Section): Converted {
  const given = [keyFile, certFile ?? cerFile].every((file) => file !== undefined && file !== '');
  return given ? use(value) : { ignore: 'without keyFile and certFile there is no TLS' };
}

function announced(value: unknown): Converted {
  if (value === '' || value === '0.0.0.0') return { ignore: 'no address; our own are announced' };
  return use([value]);
}

/** pms counts in seconds. */
function seconds(value: unknown): Converted {
  if (value === 0) return { ignore: 'there is always an idle timeout' };
  return use(typeof value === 'number' ? `${value}s` : value);
}

/** Every key of pms.conf, in both spellings where documents and program differ, and where it lives here. */
const KEYS: Readonly<Record<string, Mapping | string>> = {
  'log.file': { to: 'common.log-file' },
  'log.fileLevel': {
    to: 'common.log-level',
    convert: (value, log) => level(value, toFile(log), 'there is no log.file'),
  },
  'log.consolLevel': { to: 'common.log-level', convert: consoleLevel },
  'log.consoleLevel': { to: 'common.log-level', convert: consoleLevel },
  'log.workerLevel': WORKER_LOG,
  'log.workerTags': WORKER_LOG,
  'websocket.port': { to: 'pms.port' },
  'websocket.sslPort': { to: 'pms.sslPort', convert: tlsPort },
  'websocket.ssl': { to: 'pms.ssl' },
  'websocket.listenIp': { to: 'pms.listenIp' },
  'websocket.keyFile': { to: 'pms.keyFile' },
  'websocket.certFile': { to: 'pms.certFile' },
  'websocket.cerFile': { to: 'pms.certFile' },
  'websocket.passPhrase': { to: 'pms.passPhrase' },
  'websocket.location': { to: 'pms.location' },
  'websocket.idleTimeout': { to: 'pms.idleTimeout', convert: seconds },
  'websocket.maxBackpressure': { to: 'pms.maxBackpressure', convert: unlessZero('there is always a bound') },
  'websocket.maxPayloadLength': { to: 'pms.maxPayloadLength' },
  'http.port': { to: 'pms.httpPort' },
  'http.sslPort': { to: 'pms.httpSslPort', convert: tlsPort },
  'rtsp.port': { to: 'rtsp.port' },
  'rtsp.listenIp': { to: 'rtsp.host' },
  'master.numOfWorkerProcess': { to: 'webrtc.workers' },
  'master.numOfWorkProcess': { to: 'webrtc.workers' },
  'master.execPath': OTHER_WORKER,
  'master.workerName': OTHER_WORKER,
  'master.unixSocketPath': 'pms itself does not use it any more',
  'webrtc.listenIp': { to: 'webrtc.listen' },
  'webrtc.announcedIp': { to: 'webrtc.candidate', convert: announced },
  'webrtc.minPort': { to: 'webrtc.port' },
  'webrtc.maxPort': 'all players of a worker share one port: webrtc.minPort, and the next ones for further workers',
  'webrtc.dtlsCertificateFile': OWN_CERTIFICATE,
  'webrtc.dtlsPrivateKeyFile': OWN_CERTIFICATE,
  'record.targetHost': OWN_STREAMS,
  'record.targetPort': OWN_STREAMS,
  'record.recordPath': { to: 'record.recordPath' },
  'record.execRecordDone': { to: 'record.execRecordDone' },
  'record.cmdPort': { to: 'record.cmdPort' },
};

/** The original's HTTP server has settings of its own that here are those of the WebSocket. */
const SHARED = ['listenIp', 'keyFile', 'certFile', 'passPhrase', 'location'];
/** pms's two, and ours. */
const PULL_KEYS = ['ip', 'port', 'path', 'user', 'password'];
const SECTIONS = [...new Set(Object.keys(KEYS).map((key) => key.split('.')[0] ?? ''))];

class Translation implements PmsConf {
  readonly tree: Tree = {};
  readonly written = new Map<string, string>();
  readonly ignored: IgnoredKey[] = [];
  readonly problems: ConfigProblem[] = [];

  constructor(root: Tree) {
    for (const [name, section] of Object.entries(root)) {
      if (name === 'pull') this.#pull(section);
      else if (!SECTIONS.includes(name)) this.#ignore(name, 'unknown');
      else if (!isTree(section)) this.problems.push({ path: name, message: 'must be an object' });
      else for (const [key, value] of Object.entries(section)) this.#key(`${name}.${key}`, value, section, root);
    }
  }

  /** A list, of the same keys as ours. */
  #pull(nodes: unknown): void {
    this.written.set('pull', 'pull');
    this.tree['pull'] = Array.isArray(nodes) ? nodes.map((node, index) => this.#node(node, `pull.${index}`)) : nodes;
  }

  #node(node: unknown, path: string): unknown {
    if (!isTree(node)) return node;
    const unknown = Object.keys(node).filter((key) => !PULL_KEYS.includes(key));
    for (const key of unknown) this.#ignore(`${path}.${key}`, 'unknown');
    return Object.fromEntries(Object.entries(node).filter(([key]) => PULL_KEYS.includes(key)));
  }

  #ignore(path: string, reason: string): void {
    this.ignored.push({ path, reason });
  }

  #key(path: string, value: unknown, section: Section, root: Tree): void {
    const mapping = KEYS[path];
    if (mapping === undefined) return this.#withoutPlace(path, value, root);
    if (typeof mapping === 'string') return this.#ignore(path, mapping);
    const converted = mapping.convert?.(value, section) ?? use(value);
    if ('ignore' in converted) return this.#ignore(path, converted.ignore);
    const other = this.written.get(mapping.to);
    if (other !== undefined) return this.#ignore(path, `${other} says the same`);
    this.written.set(mapping.to, path);
    setPath(this.tree, mapping.to.split('.'), converted.value);
  }

  #withoutPlace(path: string, value: unknown, root: Tree): void {
    const [section, key = ''] = path.split('.');
    if (section !== 'http' || !SHARED.includes(key)) return this.#ignore(path, 'unknown');
    const { websocket } = root;
    if (!isTree(websocket) || websocket[key] !== value) this.#ignore(path, `websocket.${key} is used for HTTP, too`);
  }
}

/** Reads a pms.conf as it is. Never throws: what is wrong is in `problems`, with the path that the file has. */
export function readPmsConf(text: string): PmsConf {
  const nothing = { tree: {}, written: new Map<string, string>(), ignored: [] };
  const read = parseRelaxedJson(text);
  if ('problem' in read) return { ...nothing, problems: [{ path: '', message: read.problem }] };
  if (!isTree(read.value)) return { ...nothing, problems: [{ path: '', message: 'must be an object of sections' }] };
  const { tree, written, ignored, problems } = new Translation(read.value);
  const repeated = read.repeated.map((path) => ({ path, reason: 'given twice, the last one counts' }));
  return { tree, written, ignored: [...ignored, ...repeated], problems };
}
