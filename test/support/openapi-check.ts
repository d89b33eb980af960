import { z } from 'zod';

interface Described {
  readonly description: string;
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, { readonly schema: object }>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: object;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: string[];
  readonly security: Array<Record<string, unknown>>;
  readonly parameters?: Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: NonNullable<Described['content']> };
  readonly responses: Record<string, Described>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: Record<string, unknown> };
}

interface Route {
  readonly pattern: RegExp;
  readonly path: string;
  readonly operations: Record<string, Operation>;
}

/** Of a pattern: zod reads it without `u`, where `\P{C}` means something else. */
const isUnicode = (pattern: unknown): boolean => typeof pattern === 'string' && /\\p\{/i.test(pattern);

/** Shared schemas are named elsewhere in JSON Schema. */
function toJsonSchema(value: unknown, strict: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => toJsonSchema(each, strict));
  if (typeof value !== 'object' || value === null) return value;
  const read = Object.entries(value).filter(([key, each]) => !(key === 'pattern' && isUnicode(each)));
  const entries = read.map(([key, each]): [string, unknown] =>
    key === '$ref' && typeof each === 'string'
      ? [key, each.replace('#/components/schemas/', '#/$defs/')]
      : [key, toJsonSchema(each, strict)],
  );
  const object = Object.fromEntries(entries);
  const closes = strict && object['type'] === 'object' && 'properties' in object && !('additionalProperties' in object);
  return closes ? { ...object, additionalProperties: false } : object;
}

/** Checks by an OpenAPI document what a server answers. */
export class OpenApiCheck {
  readonly document: OpenApiDocument;
  readonly #routes: readonly Route[];
  readonly #defs: Readonly<Record<string, unknown>>;
  readonly #schemas = new Map<object, z.ZodType>();

  constructor(document: OpenApiDocument) {
    this.document = document;
    this.#defs = toJsonSchema(document.components.schemas, true) as Record<string, unknown>;
    this.#routes = Object.entries(document.paths)
      .map(([path, operations]) => ({ path, operations, pattern: patternOf(path) }))
      // The words of a path before its parameters.
      .toSorted((one, other) => one.path.split('{').length - other.path.split('{').length);
  }

  /** A schema of the document, and all that it refers to. @throws what is wrong with it */
  schema(schema: object): z.ZodType {
    const known = this.#schemas.get(schema);
    if (known !== undefined) return known;
    const own = toJsonSchema(schema, true) as Record<string, unknown>;
    // Zod reads all that it is given each time.
    const $defs = Object.fromEntries([...this.#namesIn(own)].map((name) => [name, this.#defs[name]]));
    const made = z.fromJSONSchema({ ...own, $defs } as Parameters<typeof z.fromJSONSchema>[0]);
    this.#schemas.set(schema, made);
    return made;
  }

  /** Of the shared schemas that one refers to, and those refer to. */
  #namesIn(schema: unknown, names = new Set<string>()): Set<string> {
    for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g)) {
      if (name in this.#defs && !names.has(name)) this.#namesIn(this.#defs[name], names.add(name));
    }
    return names;
  }

  /** @throws Error where the document does not have this answer. */
  async answer(method: string, url: string, response: Response): Promise<void> {
    const { pathname } = new URL(url);
    const route = this.#routes.find(({ pattern }) => pattern.test(pathname));
    // Redirections to a path without its slash are no operations, and neither are preflights.
    if (route === undefined || response.status === 301 || method === 'OPTIONS') return;
    const operation = route.operations[(method === 'HEAD' ? 'get' : method).toLowerCase()];
    const what = `${method} ${route.path}`;
    if (operation === undefined) {
      if (response.status !== 404 && response.status !== 405) throw new Error(`${what} is not in the document`);
      return;
    }
    const described = operation.responses[response.status];
    if (described === undefined) throw new Error(`${what} answers ${response.status}, which is not in the document`);
    await this.#body(`${what} ${response.status}`, described, response);
  }

  async #body(what: string, { content = {} }: Described, response: Response): Promise<void> {
    // RFC 9110 §15.4.5: no content, whatever its header says.
    if (response.status === 304) return;
    const type = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
    if (type === '' && Object.keys(content).length === 0) return;
    const schema = content[type]?.schema;
    if (schema === undefined) throw new Error(`${what} is ${type}, which is not in the document`);
    if (type !== 'application/json') return;
    const body: unknown = await response.clone().json();
    const parsed = this.schema(schema).safeParse(body);
    if (!parsed.success) throw new Error(`${what} is not what the document says: ${z.prettifyError(parsed.error)}`);
  }
}

/** `/a/{b}/` → /^\/a\/[^/]+\/?$/ */
function patternOf(path: string): RegExp {
  const words = path.replace(/\/$/, '').split('/');
  const text = words
    .map((word) => (word.startsWith('{') ? '[^/]+' : word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\\/');
  return new RegExp(`^${text}\\/?$`);
}
