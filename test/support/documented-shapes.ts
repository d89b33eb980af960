import ts from 'typescript';

/** A type, so far as two ways of writing it can be compared: texts are names of types, arrays lists, unions sorted. */
export type Shape = string | readonly [Shape] | { readonly [member: string]: Shape };

const EVERY = '*';

/** The declarations in the blocks of TypeScript of a page; an optional member has a `?` behind its name. */
export function documentedShapes(page: string): Record<string, Shape> {
  const text = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) => block).join('\n');
  const source = ts.createSourceFile('page.ts', text, ts.ScriptTarget.ES2024);
  const declared = new Map<string, ts.TypeNode | ts.InterfaceDeclaration>();
  for (const statement of source.statements) {
    // One with parameters is no type by itself.
    if (ts.isInterfaceDeclaration(statement) && statement.typeParameters === undefined) {
      declared.set(statement.name.text, statement);
    }
    if (ts.isTypeAliasDeclaration(statement)) declared.set(statement.name.text, statement.type);
  }
  const reader = new Reader(declared, source);
  return Object.fromEntries([...declared.keys()].map((name) => [name, reader.named(name, [])]));
}

class Reader {
  readonly #declared: ReadonlyMap<string, ts.TypeNode | ts.InterfaceDeclaration>;
  readonly #source: ts.SourceFile;

  constructor(declared: ReadonlyMap<string, ts.TypeNode | ts.InterfaceDeclaration>, source: ts.SourceFile) {
    this.#declared = declared;
    this.#source = source;
  }

  /** `within`: the names that are being read, which a recursive type ends at. */
  named(name: string, within: readonly string[]): Shape {
    if (within.includes(name)) return `@${name}`;
    const found = this.#declared.get(name);
    if (found === undefined) throw new Error(`${name} is not declared`);
    const inside = [...within, name];
    return ts.isInterfaceDeclaration(found) ? this.#members(found.members, inside) : this.#type(found, inside);
  }

  #members(members: Iterable<ts.TypeElement>, within: readonly string[]): Shape {
    const entries: Array<[string, Shape]> = [];
    for (const member of members) {
      if (!ts.isPropertySignature(member) || member.type === undefined) throw this.#unknown(member);
      const name = member.name.getText(this.#source);
      entries.push([member.questionToken === undefined ? name : `${name}?`, this.#type(member.type, within)]);
    }
    return Object.fromEntries(entries);
  }

  #type(node: ts.TypeNode, within: readonly string[]): Shape {
    if (ts.isParenthesizedTypeNode(node)) return this.#type(node.type, within);
    if (ts.isArrayTypeNode(node)) return [this.#type(node.elementType, within)];
    if (ts.isTypeLiteralNode(node)) return this.#members(node.members, within);
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return unionOf([node.literal.text]);
    if (ts.isUnionTypeNode(node)) return unionOf(node.types.map((each) => literalOf(this.#type(each, within))));
    if (ts.isIndexedAccessTypeNode(node)) return this.#member(node, within);
    if (ts.isTypeReferenceNode(node)) return this.#reference(node, within);
    return node.getText(this.#source);
  }

  #member(node: ts.IndexedAccessTypeNode, within: readonly string[]): Shape {
    const owner = this.#type(node.objectType, within);
    const name = node.indexType.getText(this.#source).replaceAll("'", '');
    const shape = typeof owner === 'object' && name in owner ? (owner as Record<string, Shape>)[name] : undefined;
    if (shape === undefined) throw this.#unknown(node);
    return shape;
  }

  #reference(node: ts.TypeReferenceNode, within: readonly string[]): Shape {
    const name = node.typeName.getText(this.#source);
    const [, value] = node.typeArguments ?? [];
    return name === 'Record' && value !== undefined ? { [EVERY]: this.#type(value, within) } : this.named(name, within);
  }

  #unknown(node: ts.Node): Error {
    return new Error(`not read: ${node.getText(this.#source)}`);
  }
}

const unionOf = (texts: readonly string[]): string =>
  texts
    .flatMap((text) => text.split(' | '))
    .map((text) => `'${text.replaceAll("'", '')}'`)
    .toSorted()
    .join(' | ');

function literalOf(shape: Shape): string {
  if (typeof shape === 'string') return shape;
  throw new Error('a union of other things than texts');
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
}

const SHARED = '#/components/schemas/';

/** The same of a schema of an OpenAPI document. */
export function shapeOfSchema(
  schema: Schema,
  shared: Readonly<Record<string, Schema>>,
  within: readonly string[] = [],
): Shape {
  const { $ref, type, items, properties, required = [], additionalProperties } = schema;
  if ($ref !== undefined) {
    const name = $ref.replace(SHARED, '');
    return within.includes(name) ? `@${name}` : shapeOfSchema(shared[name] ?? {}, shared, [...within, name]);
  }
  const literals = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (literals !== undefined) return unionOf(literals);
  if (items !== undefined) return [shapeOfSchema(items, shared, within)];
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([name, each]): [string, Shape] => [
      required.includes(name) ? name : `${name}?`,
      shapeOfSchema(each, shared, within),
    ]);
    return Object.fromEntries(entries);
  }
  if (additionalProperties !== undefined) return { [EVERY]: shapeOfSchema(additionalProperties, shared, within) };
  return type === 'integer' ? 'number' : (type ?? 'unknown');
}
