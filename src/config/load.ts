import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { GatewayError, errorMessage } from '../util/index.ts';
import { findConflicts, type ConfigProblem } from './conflicts.ts';
import { configSchema, type Config } from './schema.ts';

/** Everything that is wrong with a configuration, told at once. */
export class ConfigError extends GatewayError {
  readonly code = 'config_invalid';
  readonly problems: readonly ConfigProblem[];

  constructor(source: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ path, message }) => `  ${path === '' ? '(file)' : path}: ${message}`);
    super(`${source} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;
type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function schemaLeaves(node: unknown, path: readonly string[] = []): string[][] {
  if (!isTree(node)) return [[...path]];
  return Object.entries(node).flatMap(([key, value]) => schemaLeaves(value, [...path, key]));
}

function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    if (!isTree(node[key])) node[key] = {};
    node = node[key] as Tree;
  }
  node[path.at(-1) ?? ''] = value;
}

/** Value of an environment variable, read as YAML would read it unless the key wants text. */
function environmentValue(raw: string, example: unknown): unknown {
  if (Array.isArray(example))
    return raw
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  if (typeof example === 'boolean' && /^(true|false)$/i.test(raw)) return raw.toLowerCase() === 'true';
  if (typeof example === 'number' && /^-?\d+$/.test(raw)) return Number(raw);
  return raw;
}

/** `GBRTC_HTTP_LISTEN=80` sets `http.listen`; srs-sip's `CANDIDATE` sets `webrtc.candidate`. */
function applyEnvironment(tree: Tree, env: Environment): void {
  if (env.CANDIDATE) setPath(tree, ['webrtc', 'candidate'], environmentValue(env.CANDIDATE, []));
  const defaults = defaultInput();
  for (const path of schemaLeaves(defaults)) {
    const name = `GBRTC_${path.join('_').replaceAll('-', '_').toUpperCase()}`;
    const raw = env[name];
    if (raw === undefined || raw === '') continue;
    let example: unknown = defaults;
    for (const key of path) example = (example as Tree)[key];
    setPath(tree, path, environmentValue(raw, example));
  }
}

/** Defaults in the form they have in a file: durations as text. */
function defaultInput(): Tree {
  const walk = (schema: z.core.$ZodType): unknown => {
    const { def } = schema._zod;
    switch (def.type) {
      case 'pipe':
        return walk((def as z.core.$ZodPipeDef).in);
      case 'prefault':
        return walk((def as z.core.$ZodPrefaultDef).innerType);
      case 'default':
        return (def as z.core.$ZodDefaultDef).defaultValue;
      case 'object':
        return Object.fromEntries(Object.entries((def as z.core.$ZodObjectDef).shape).map(([k, v]) => [k, walk(v)]));
      default:
        return undefined;
    }
  };
  return walk(configSchema) as Tree;
}

function describeIssue(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: 'unknown key' }));
  }
  return [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

/**
 * Checks a configuration text. @throws ConfigError with every problem and its path
 * @param source what messages call it, e.g. the file's name
 */
export function parseConfig(yamlText: string, source: string, env: Environment = {}): Config {
  const document = parseDocument(yamlText, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw new ConfigError(
      source,
      document.errors.map((error) => ({ path: '', message: error.message.split('\n')[0] ?? 'not YAML' })),
    );
  }
  const tree: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (!isTree(tree)) throw new ConfigError(source, [{ path: '', message: 'must be a mapping of sections' }]);
  // `http:` with nothing below it means its defaults.
  for (const [key, value] of Object.entries(tree)) if (value === null) delete tree[key];
  applyEnvironment(tree, env);
  const result = configSchema.safeParse(tree);
  const problems = result.success ? findConflicts(result.data) : result.error.issues.flatMap(describeIssue);
  if (problems.length > 0 || !result.success) throw new ConfigError(source, problems);
  return deepFreeze(result.data);
}

/** Reads and checks a file; without a file name all defaults apply. @throws ConfigError */
export function loadConfig(file: string | undefined, env: Environment): Config {
  if (file === undefined) return parseConfig('', 'defaults', env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${errorMessage(error)}` }]);
  }
  return parseConfig(text, file, env);
}

export { defaultInput };
