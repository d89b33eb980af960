import { CONFIG_FIELDS, CONFIG_TYPES, type BasicParam, type ConfigType, type ConfigValues } from './config-values.ts';
import { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** Reads configuration; several types are joined by slashes (GB/T 28181 9.4). */
export function configDownloadQuery(sn: number, deviceId: string, types: readonly ConfigType[]): ManscdpParts {
  return {
    root: 'Query',
    cmdType: 'ConfigDownload',
    sn,
    deviceId,
    rest: [xmlNode('ConfigType', types.join('/'))],
  };
}

/** Types that are asked for, as they were written. */
export function parseConfigTypes({ body }: Manscdp): string[] {
  const parts = body.field('ConfigType').split('/', 32);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** All types that one message holds; `asked` helps where an element has another name than its type. */
export function parseConfigValues({ body }: Manscdp, asked: readonly ConfigType[] = []): ConfigValues {
  const found = new Map<ConfigType, unknown>();
  for (const type of CONFIG_TYPES) {
    const value = readType(body, type);
    if (value !== undefined) found.set(type, value);
  }
  const [only] = asked;
  if (found.size === 0 && asked.length === 1 && only !== undefined) {
    const value = readRenamed(body, only);
    if (value !== undefined) found.set(only, value);
  }
  return Object.fromEntries(found) as ConfigValues;
}

function readType(body: XmlElement, type: ConfigType): unknown {
  const value = CONFIG_FIELDS[type].read(body);
  if (value !== undefined || type !== 'SnapShotConfig') return value;
  // The standard names this element `SnapShot` in the answer.
  const snapShot = body.child('SnapShot');
  return snapShot && CONFIG_FIELDS.SnapShotConfig.read(wrapped('SnapShotConfig', snapShot));
}

/** Uniview names the element otherwise than the type: the only group of the answer is meant. */
function readRenamed(body: XmlElement, type: ConfigType): unknown {
  const groups = body.children.filter(({ children }) => children.length > 0);
  const [group] = groups;
  if (group === undefined || groups.length !== 1) return undefined;
  const value = CONFIG_FIELDS[type].read(wrapped(type, group));
  return typeof value === 'object' && Object.keys(value).length > 0 ? value : undefined;
}

/** An element that holds this one under another name. */
function wrapped(name: string, element: XmlElement): XmlElement {
  const parent = new XmlElement('Response');
  const renamed = new XmlElement(name, element.attributes);
  renamed.children.push(...element.children);
  parent.children.push(renamed);
  return parent;
}

export function configNodes(values: ConfigValues): XmlNode[] {
  return CONFIG_TYPES.flatMap((type) => nodesOf(type, values));
}

function nodesOf<T extends ConfigType>(type: T, values: ConfigValues): XmlNode[] {
  const value = values[type];
  // The table pairs each type with the field of its own value.
  const field = CONFIG_FIELDS[type] as { write(value: unknown): XmlNode[] };
  return value === undefined ? [] : field.write(value);
}

/** An answer with as many types as it holds. */
export function configDownloadResponse(sn: number, deviceId: string, values: ConfigValues): ManscdpParts {
  const { SnapShotConfig, ...others } = values;
  const snapShot =
    SnapShotConfig === undefined
      ? []
      : CONFIG_FIELDS.SnapShotConfig.write(SnapShotConfig).map((node) => ({ ...node, name: 'SnapShot' }));
  const rest = [xmlNode('Result', 'OK'), ...configNodes(others), ...snapShot];
  return { root: 'Response', cmdType: 'ConfigDownload', sn, deviceId, rest };
}

/** Undefined when this part of the answer holds no BasicParam. */
export function parseBasicParam(message: Manscdp): BasicParam | undefined {
  return parseConfigValues(message, ['BasicParam']).BasicParam;
}
