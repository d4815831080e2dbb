// The rules of the tree that no linter knows: who may see whom, what is pure, how long things get.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { readTree, ROOT, type SourceFile } from './source-tree.ts'

const MOST_FUNCTION_LINES = 70
const MOST_FILE_LINES = 210
/** One table each: cutting a table in two helps nobody find a row. */
const TABLES: ReadonlySet<string> = new Set(['src/config.ts'])

const FOUNDATION = [
  'src/errors.ts',
  'src/log.ts',
  'src/random.ts',
  'src/schema.ts',
  'src/duckdb.ts',
]

/** What each layer may import, besides itself. */
const MAY_SEE: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  record: ['foundation'],
  subscriber: ['foundation', 'record'],
  state: ['foundation', 'record', 'subscriber'],
  consumers: ['foundation', 'record', 'subscriber', 'state'],
  snapshot: ['foundation', 'record', 'subscriber'],
  serve: ['foundation', 'record', 'subscriber', 'snapshot'],
  config: ['foundation', 'record', 'snapshot'],
  commands: [
    ...['foundation', 'record', 'subscriber', 'state', 'consumers', 'snapshot', 'serve'],
    'config',
  ],
  cli: ['foundation', 'config', 'commands'],
}

/** The snapshot thread reads the state; all else of snapshot/ is given what it works on. */
const READS_STATE = new Set(['src/snapshot/worker.ts', 'src/snapshot/take.ts'])
/** What ingest reports, in words of its own: the server shows it. */
const PROGRESS = 'consumers/progress.ts'

const PURE = /^src\/(record|subscriber|snapshot)\/(?!worker\.ts)/
/** I/O, clock, environment, log, chance: pure code is given them as arguments. */
const IMPURE_NAMES = new Set([
  ...['process', 'console', 'performance', 'fetch', 'crypto', 'Worker'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
])
const IMPURE_CALLS = new Set(['Date.now', 'Math.random'])

const source = readTree(['src/**/*.ts', 'consumers/**/*.ts', 'state/**/*.ts']).filter(
  ({ path }) => !path.endsWith('.d.ts'),
)
const page = readTree(['src/serve/page/*.js'])
const others = readTree(['test/**/*.ts', 'bench/**/*.ts', 'scripts/*.ts'])

function layerOf(path: string): string {
  if (FOUNDATION.includes(path)) return 'foundation'
  const [top, next] = path.split('/')
  return top === 'src' ? next.replace('.ts', '') : top
}

/** Fails with all that was found, one a line. */
const none = (found: string[], rule: string): void =>
  assert.deepEqual(found, [], `${rule}:\n${found.join('\n')}\n`)

/** Places of all nodes that are wrong. */
const places = (files: SourceFile[], wrong: (node: ts.Node, file: SourceFile) => boolean) =>
  files.flatMap((file) =>
    file.nodes
      .filter((node) => wrong(node, file))
      .map((node) => {
        const line = file.text.slice(0, node.getStart()).split('\n').length
        return `${file.path}:${line} ${file.textOf(node).split('\n')[0]}`
      }),
  )

test('the tree is read', () => {
  assert.ok(source.length > 50 && page.length > 5 && others.length > 20)
  const known = new Set(Object.keys(MAY_SEE))
  none(
    source.map(({ path }) => path).filter((path) => !known.has(layerOf(path))),
    'files outside of every layer',
  )
})

describe('imports', () => {
  test('point down the layers only', () => {
    const upward = source.flatMap(({ path, imports }) =>
      imports
        .filter(({ own, target }) => {
          const [from, to] = [layerOf(path), layerOf(target)]
          if (!own || from === to || MAY_SEE[from].includes(to)) return false
          if (from === 'snapshot' && to === 'state') return !READS_STATE.has(path)
          return !(from === 'serve' && target === PROGRESS)
        })
        .map(({ target }) => `${path} imports ${target}`),
    )
    none(upward, 'imports that point up or sideways')
  })

  test('go round in no circle', () => {
    const imported = new Map(
      [...source, ...page, ...others].map(({ path, imports }) => [
        path,
        imports.filter(({ own }) => own).map(({ target }) => target),
      ]),
    )
    const circles: string[] = []
    const done = new Set<string>()
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      }
      if (trail.includes(path) || done.has(path)) return
      for (const next of imported.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of imported.keys()) visit(path, [])
    none(circles, 'circles of imports')
  })

  test('lead to where a thing is: no file hands on what another exports', () => {
    const handed = source.flatMap(({ path, imports }) =>
      imports
        .filter(({ reExport, own, typeOnly }) => reExport && own && !typeOnly)
        .map(({ target }) => `${path} exports ${target}`),
    )
    none(handed, 'barrels')
  })

  test('of a package are in one file, its door', () => {
    const doors = new Map<string, Set<string>>()
    for (const { path, imports } of source) {
      for (const { own, target } of imports) {
        if (own || target.startsWith('node:')) continue
        doors.set(target, (doors.get(target) ?? new Set()).add(path))
      }
    }
    const shared = [...doors].filter(([, files]) => files.size > 1)
    none(
      shared.map(([name, files]) => `${name}: ${[...files].join(', ')}`),
      'packages with several doors',
    )
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    assert.deepEqual([...doors.keys()].sort(), Object.keys(manifest.dependencies).sort())
  })
})

describe('record, subscriber and snapshot', () => {
  const pure = source.filter(({ path }) => PURE.test(path))

  test('import nothing that does I/O', () => {
    const impure = pure.flatMap(({ path, imports }) =>
      imports
        .filter(({ own, target }) => !own || ['src/log.ts', 'src/duckdb.ts'].includes(target))
        .map(({ target }) => `${path} imports ${target}`),
    )
    none(impure, 'pure files that import I/O')
  })

  test('know no clock, environment, log or chance', () => {
    const isImpure = (node: ts.Node, { textOf }: SourceFile): boolean => {
      if (ts.isPropertyAccessExpression(node)) return IMPURE_CALLS.has(textOf(node))
      if (ts.isNewExpression(node)) {
        return textOf(node.expression) === 'Date' && (node.arguments ?? []).length === 0
      }
      if (!ts.isIdentifier(node) || !IMPURE_NAMES.has(node.text)) return false
      const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
      return !isMember
    }
    none(places(pure, isImpure), 'impurities')
  })
})

describe('syntax', () => {
  const rules: [string, (node: ts.Node, file: SourceFile) => boolean][] = [
    ['any', (node) => node.kind === ts.SyntaxKind.AnyKeyword],
    ['enum', (node) => ts.isEnumDeclaration(node)],
    ['namespace', (node) => ts.isModuleDeclaration(node)],
    [
      'default export',
      (node) =>
        ts.isExportAssignment(node) ||
        (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)),
    ],
    [
      'inheritance but for the error type',
      (node) =>
        ts.isHeritageClause(node) &&
        ts.isClassDeclaration(node.parent) &&
        node.token === ts.SyntaxKind.ExtendsKeyword &&
        node.parent.name?.text !== 'PulseError',
    ],
  ]
  for (const [what, wrong] of rules) {
    test(`there is no ${what}`, () => none(places(source, wrong), what))
  }
})

describe('files and functions', () => {
  test('are named for what they are', () => {
    const vague = /^(utils?|helpers?|common|misc|types)\./
    const named = [...source, ...page, ...others].map(({ path }) => path)
    none(
      named.filter((path) => vague.test(basename(path))),
      'names that say nothing',
    )
  })

  test('begin with a comment that says what the file is for', () => {
    const silent = [...source, ...page, ...others].filter(
      ({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text),
    )
    none(
      silent.map(({ path }) => path),
      'files without a first line',
    )
  })

  test(`have up to ${MOST_FILE_LINES} lines a file, ${MOST_FUNCTION_LINES} a function`, () => {
    const long = source.filter(({ path, lines }) => lines > MOST_FILE_LINES && !TABLES.has(path))
    none(
      long.map(({ path, lines }) => `${path} has ${lines} lines`),
      'long files',
    )
    const functions = [...source, ...page].flatMap((file) => file.functions)
    none(
      functions
        .filter(({ name, lines }) => lines > MOST_FUNCTION_LINES && !TABLES.has(name))
        .map(({ name, line, lines }) => `${name}, line ${line}, has ${lines} lines`),
      'long functions',
    )
  })
})
