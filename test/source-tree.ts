// Reads the source tree for tidy.test.ts: each file's imports, functions and syntax.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

export const ROOT = join(import.meta.dirname, '..')

/** One import or re-export; `target` is a path from the root, or the name of a package. */
export interface ImportOf {
  target: string
  own: boolean
  typeOnly: boolean
  reExport: boolean
}

export interface SourceFile {
  path: string
  text: string
  lines: number
  imports: ImportOf[]
  /** Functions with a body; functions inside of them count for themselves. */
  functions: { name: string; line: number; lines: number }[]
  /** Every node of the file with the text it spans. */
  nodes: ts.Node[]
  /** The text of a node, without what stands before it. */
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
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line
  const functions = nodes
    .filter((node) => ts.isFunctionLike(node))
    .filter((node) => 'body' in node && node.body !== undefined)
    .map((node) => ({
      name: `${path} ${nameOf(node)}`,
      line: lineOf(node.getStart()) + 1,
      lines: ownLines(node, (part) => lineOf(part.getEnd()) - lineOf(part.getStart()) + 1),
    }))
  const imports = nodes.map((node) => importOf(path, node)).filter((found) => found !== null)
  const textOf = (node: ts.Node): string => node.getText(file)
  return { path, text, lines: text.split('\n').length - 1, imports, functions, nodes, textOf }
}

const nameOf = (node: ts.SignatureDeclaration): string =>
  node.name?.getText() ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : '')

/** Lines of a function less those of longer functions inside: one for each of these remains. */
function ownLines(node: ts.Node, lines: (node: ts.Node) => number): number {
  let own = lines(node)
  const subtract = (part: ts.Node): void => {
    if (ts.isFunctionLike(part)) own -= lines(part) - 1
    else ts.forEachChild(part, subtract)
  }
  ts.forEachChild(node, subtract)
  return own
}

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
  if (!ts.isStringLiteral(specifier)) throw new Error(`${path} imports what is no literal`)
  const name = specifier.text
  const own = name.startsWith('.')
  const target = own ? normalize(join(dirname(path), name)) : packageOf(name)
  return { target, own, typeOnly, reExport }
}

/** Package of an import: `@fastify/static/x` is `@fastify/static`. */
const packageOf = (name: string): string =>
  name.startsWith('node:') ? name : name.split('/', name.startsWith('@') ? 2 : 1).join('/')
