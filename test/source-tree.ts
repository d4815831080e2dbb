// Reads the source tree for tidy.test.ts: each file's imports, exports, functions and syntax.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

/** The repository's root. */
export const ROOT: string = join(import.meta.dirname, '..')

/** One import or re-export; `target` is a path from the root, or the name of a package. */
export interface ImportOf {
  target: string
  own: boolean
  typeOnly: boolean
  reExport: boolean
}

/** A file with the facts that the rules check. */
export interface SourceFile {
  /** From the root. */
  path: string
  text: string
  lines: number
  imports: ImportOf[]
  /** Exported declarations, and whether a doc comment precedes them. */
  exports: { line: number; code: string; documented: boolean }[]
  /** Functions with a body and all of their lines, those of inner functions included. */
  functions: { line: number; name: string; lines: number }[]
  /** Every node of the file. */
  nodes: ts.Node[]
  /** The text of a node, without the comments before it. */
  textOf: (node: ts.Node) => string
}

/** Reads all files of some patterns, in order of their paths. */
export const readTree = (patterns: string[]): SourceFile[] =>
  globSync(patterns, { cwd: ROOT, exclude: ['**/node_modules/**', 'test/fixtures/**'] })
    .sort()
    .map(readSource)

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const nodes: ts.Node[] = []
  const collect = (node: ts.Node): void => {
    nodes.push(node)
    ts.forEachChild(node, collect)
  }
  collect(file)
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1
  const lineOf = (node: ts.Node): number => lineAt(node.getStart())
  return {
    path,
    text,
    lines: text.split('\n').length - 1,
    imports: nodes.map((node) => importOf(path, node)).filter((found) => found !== null),
    exports: file.statements.filter(isExported).map((statement) => ({
      line: lineOf(statement),
      code: statement.getText().split('\n')[0],
      documented: ts.getJSDocCommentsAndTags(statement).length > 0,
    })),
    functions: nodes
      .filter((node) => ts.isFunctionLike(node))
      .filter((node) => 'body' in node && node.body !== undefined)
      .map((node) => ({
        line: lineOf(node),
        name: nameOf(node),
        lines: lineAt(node.getEnd()) - lineOf(node) + 1,
      })),
    nodes,
    textOf: (node) => node.getText(file),
  }
}

const isExported = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

const nameOf = (node: ts.SignatureDeclaration): string =>
  node.name?.getText() ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : '')

function importOf(path: string, node: ts.Node): ImportOf | null {
  if (ts.isImportDeclaration(node)) {
    return describeImport(path, node.moduleSpecifier, isTypeOnly(node.importClause), false)
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return describeImport(path, node.moduleSpecifier, node.isTypeOnly, true)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return describeImport(path, node.argument.literal, true, false)
  }
  const called = ts.isCallExpression(node) ? node.expression : null
  const dynamic = called?.kind === ts.SyntaxKind.ImportKeyword
  const resolved = called?.getText() === 'import.meta.resolve'
  if (!dynamic && !resolved) return null
  return describeImport(path, (node as ts.CallExpression).arguments[0], false, false)
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const named = clause.namedBindings
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false
  return named.elements.every((element) => element.isTypeOnly)
}

function describeImport(
  path: string,
  specifier: ts.Node,
  typeOnly: boolean,
  reExport: boolean,
): ImportOf {
  if (!ts.isStringLiteral(specifier))
    throw new Error(`${path} imports a computed name; expected a string literal`)
  const name = specifier.text
  const own = name.startsWith('.')
  const target = own ? normalize(join(dirname(path), name)) : packageOf(name)
  return { target, own, typeOnly, reExport }
}

/** Package of an import: `@fastify/static/x` is `@fastify/static`. */
const packageOf = (name: string): string =>
  name.startsWith('node:') ? name : name.split('/', name.startsWith('@') ? 2 : 1).join('/')
