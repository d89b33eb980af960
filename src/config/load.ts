import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { GatewayError, errorMessage } from '../util/index.ts';
import { findConflicts, type ConfigProblem } from './conflicts.ts';
import { applyEnvironment, environmentNotes, type Environment } from './environment.ts';
import { nearestKey } from './nearest-key.ts';
import { readPmsConf, type PmsConf } from './pms-conf.ts';
import { configSchema, type Config } from './schema.ts';
import { applySpellings } from './spellings.ts';
import { isTree, keyPaths, setPath, valueAt, type Tree } from './tree.ts';

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
    return issue.keys.map((key) => unknownKey(path === '' ? key : `${path}.${key}`));
  }
  return [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
}

function unknownKey(path: string): ConfigProblem {
  const meant = nearestKey(path, keyPaths(defaultInput()));
  return { path, message: meant === undefined ? 'unknown key' : `unknown key; is ${meant} meant?` };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

/** The path as the user wrote it, for keys that have another spelling or come from a pms.conf. */
function asWritten({ path, message }: ConfigProblem, written: ReadonlyMap<string, string>): ConfigProblem {
  for (const [key, spelling] of written) {
    if (path === key || path.startsWith(`${key}.`)) return { path: spelling + path.slice(key.length), message };
  }
  return { path, message };
}

function readTree(yamlText: string): { tree: Tree; problems: ConfigProblem[] } {
  const document = parseDocument(yamlText, { prettyErrors: true });
  const problems = document.errors.map(({ message }) => ({ path: '', message: message.split('\n')[0] ?? 'not YAML' }));
  if (problems.length > 0) return { tree: {}, problems };
  const tree: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (!isTree(tree)) return { tree: {}, problems: [{ path: '', message: 'must be a mapping of sections' }] };
  // `http:` with nothing below it means its defaults.
  for (const [key, value] of Object.entries(tree)) if (value === null) delete tree[key];
  return { tree, problems };
}

/** A pms.conf that has been read, with the name that messages call it by. */
interface NamedPmsConf extends PmsConf {
  readonly name: string;
}

/**
 * Checks a configuration text. A pms.conf's values replace those of the text, the environment's replace both.
 * @throws ConfigError with every problem and its path
 * @param source what messages call it, e.g. the file's name
 */
export function parseConfig(yamlText: string, source: string, env: Environment = {}, pms?: NamedPmsConf): Config {
  const { tree, problems } = readTree(yamlText);
  const written = new Map<string, string>();
  problems.push(...applySpellings(tree, written));
  if (pms !== undefined) {
    const { name } = pms;
    problems.push(
      ...pms.problems.map(({ path, message }) => ({ path: path === '' ? name : `${name}: ${path}`, message })),
    );
    for (const [key, spelling] of pms.written) {
      written.set(key, `${name}: ${spelling}`);
      setPath(tree, key.split('.'), valueAt(pms.tree, key.split('.')));
    }
  }
  applyEnvironment(tree, env, { defaults: defaultInput(), written });
  const result = configSchema.safeParse(tree);
  const found = result.success ? findConflicts(result.data) : result.error.issues.flatMap(describeIssue);
  problems.push(...found.map((problem) => asWritten(problem, written)));
  if (problems.length > 0 || !result.success) throw new ConfigError(source, problems);
  return deepFreeze(result.data);
}

export interface ConfigFiles {
  /** YAML; without it all defaults apply. */
  readonly config?: string | undefined;
  /** A pms.conf, whose values come before the other file's. */
  readonly pmsConf?: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Lines that tell what of the pms.conf and of the environment is not used, and why. */
  readonly notes: readonly string[];
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${errorMessage(error)}` }]);
  }
}

function pmsConfNotes(file: string, { ignored }: PmsConf, { http }: Config): string[] {
  const notes = [`${file} is read; what it says comes before the other configuration`];
  notes.push(...ignored.map(({ path, reason }) => `  not used: ${path}: ${reason}`));
  if (http.auth.enable) notes.push('  other than in pms, clients need a token: http.auth.enable, rtsp.auth.enable');
  return notes;
}

/** Reads and checks the files. @throws ConfigError */
export function loadConfig(files: ConfigFiles, env: Environment): LoadedConfig {
  const text = files.config === undefined ? '' : readText(files.config);
  const source = files.config ?? 'defaults';
  const notes = environmentNotes(env, defaultInput());
  if (files.pmsConf === undefined) return { config: parseConfig(text, source, env), notes };
  const pms = { ...readPmsConf(readText(files.pmsConf)), name: basename(files.pmsConf) };
  const config = parseConfig(text, `${source} with ${files.pmsConf}`, env, pms);
  return { config, notes: [...pmsConfNotes(files.pmsConf, pms, config), ...notes] };
}

export { defaultInput };

/** The configuration that comes with gbrtc; undefined where it is not there. */
export function standardConfigFile(): string | undefined {
  const file = new URL('../../conf/config.yaml', import.meta.url).pathname;
  return existsSync(file) ? file : undefined;
}
