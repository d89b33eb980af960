import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** Codes that people are told without an error: member of an interface, by file and name. */
const TOLD: ReadonlyArray<readonly [file: string, type: string]> = [
  ['record/types.ts', 'RecordingReason'],
  ['gb28181/device/table.ts', 'OfflineReason'],
  ['gb28181/subscription/types.ts', 'SubscriptionFailureCode'],
];

export interface ErrorCodes {
  /** Of every class that extends GatewayError, and of what is told without an error. */
  readonly codes: ReadonlySet<string>;
  /** Classes whose code can be any text, as `file:class`. */
  readonly vague: readonly string[];
  /** Codes that stand in a type, and that nothing ever gives. */
  readonly unused: readonly string[];
}

/** Reads the codes from the types of the sources, so that none hides in a union, a constant or a base class. */
export function errorCodes(): ErrorCodes {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(SRC, file));
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2024.d.ts'],
    types: [],
    strict: true,
    // Only our own files say what our codes are.
    noResolve: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const codes = new Set<string>();
  const vague: string[] = [];
  const unions = new Set<string>();
  const given = new Set<string>();
  for (const source of program.getSourceFiles()) {
    if (source.isDeclarationFile) continue;
    const name = source.fileName.slice(SRC.length + 1);
    visit(source, (node) => {
      if (isText(node)) for (const word of node.text.split(':', 1)) given.add(word);
      if (ts.isClassDeclaration(node) && isGatewayError(checker.getTypeAtLocation(node))) {
        const found = codesOf(node, checker);
        if (found.length === 0 && !isAbstract(node)) vague.push(`${name}:${node.name?.text ?? ''}`);
        for (const code of found) codes.add(code);
        if (found.length > 1) for (const code of found) unions.add(code);
      }
      if (ts.isTypeAliasDeclaration(node) && TOLD.some(([file, type]) => file === name && type === node.name.text)) {
        for (const code of literalsOf(checker.getTypeAtLocation(node))) codes.add(code);
      }
    });
  }
  return { codes, vague, unused: [...unions].filter((code) => !given.has(code)) };
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  // A type that names a code does not give it.
  if (!ts.isLiteralTypeNode(node)) ts.forEachChild(node, (child) => visit(child, see));
}

function isText(node: ts.Node): node is ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateHead {
  return ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node);
}

const isAbstract = (node: ts.ClassDeclaration): boolean =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AbstractKeyword) === true;

function isGatewayError(type: ts.Type): boolean {
  if (type.symbol?.name === 'GatewayError') return true;
  return (type.getBaseTypes() ?? []).some(isGatewayError);
}

function codesOf(node: ts.ClassDeclaration, checker: ts.TypeChecker): string[] {
  const property = checker.getTypeAtLocation(node).getProperty('code');
  return property === undefined ? [] : literalsOf(checker.getTypeOfSymbolAtLocation(property, node));
}

function literalsOf(type: ts.Type): string[] {
  const parts = type.isUnion() ? type.types : [type];
  return parts.every((part) => part.isStringLiteral()) ? parts.map((part) => part.value) : [];
}
