// The rules that no linter checks: layers, purity, lengths, names, comments.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { readTree, ROOT, type SourceFile } from './source-tree.ts'

const MOST_FUNCTION_LINES = 70
const MOST_FILE_LINES = 210
/** One table each: two halves of a table are harder to search than one. */
const TABLES: ReadonlySet<string> = new Set(['src/config.ts'])

/** Files of `src` that belong to a layer without its own folder. */
const FILE_LAYERS: Readonly<Record<string, string>> = {
  'src/errors.ts': 'foundation',
  'src/errno.ts': 'foundation',
  'src/output-path.ts': 'foundation',
  'src/log.ts': 'foundation',
  'src/plain-text.ts': 'foundation',
  'src/file-type.ts': 'foundation',
  'src/clock.ts': 'foundation',
  'src/random.ts': 'foundation',
  'src/schema.ts': 'foundation',
  'src/duckdb.ts': 'foundation',
  'src/chunks.ts': 'foundation',
  'src/version.ts': 'foundation',
  'src/config.ts': 'config',
  'src/options.ts': 'config',
  'src/option-schemas.ts': 'config',
  'src/option-values.ts': 'config',
  'src/connection-options.ts': 'config',
  'src/option-conditions.ts': 'config',
  'src/compile-cache.ts': 'cli',
  'src/cli.ts': 'cli',
  'src/main.ts': 'cli',
}

/** What each layer may import in addition to itself. */
const MAY_SEE: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  record: ['foundation'],
  generate: ['foundation', 'record'],
  parquet: ['foundation', 'record'],
  kafka: ['foundation', 'record'],
  subscriber: ['foundation', 'record'],
  producer: ['foundation', 'record', 'parquet', 'kafka'],
  state: ['foundation', 'record', 'subscriber'],
  consumers: ['foundation', 'record', 'parquet', 'kafka', 'subscriber', 'state'],
  snapshot: ['foundation', 'record', 'subscriber'],
  report: ['foundation', 'record', 'subscriber', 'snapshot'],
  verify: ['foundation', 'record', 'parquet', 'subscriber', 'state'],
  export: ['foundation', 'record', 'subscriber', 'snapshot'],
  serve: ['foundation', 'record', 'subscriber', 'snapshot', 'report'],
  config: ['foundation', 'record', 'snapshot'],
  terminal: [
    ...['foundation', 'record', 'subscriber', 'state', 'snapshot', 'report', 'serve', 'config'],
  ],
  process: [
    ...['foundation', 'record', 'parquet', 'kafka', 'subscriber', 'state', 'consumers', 'snapshot'],
    ...['report', 'export', 'serve', 'config', 'terminal'],
  ],
  commands: [
    ...['foundation', 'record', 'generate', 'parquet', 'kafka', 'subscriber', 'producer', 'state'],
    ...['consumers', 'snapshot', 'report', 'verify', 'export', 'serve', 'config', 'terminal'],
    'process',
  ],
  cli: ['foundation', 'config', 'commands'],
}

/** The ingest progress: the only files of consumers that server and terminal may import. */
const PROGRESS = new Set([
  'consumers/ingest/progress.ts',
  'consumers/ingest/changelog-progress.ts',
  'consumers/ingest/source-reconciliation.ts',
])
const READ_PROGRESS = new Set(['serve', 'terminal'])

/** Tests wait for a condition (`until`); these need a time: slow networks, kills at random moments. */
const MAY_SLEEP: ReadonlySet<string> = new Set([
  ...['test/until.ts', 'test/tcp-proxy.ts', 'test/schema-registry.ts', 'test/e2e/reading.test.ts'],
  'test/faults/kill-after.ts',
  ...['kafka-kill', 'changelog-kill', 'kafka-history', 'produce-kill'].map(
    (name) => `test/e2e/${name}.test.ts`,
  ),
])

const PURE = /^src\/(record|subscriber|snapshot)\//
/** I/O, clock, environment, log, randomness: pure code takes them as arguments. */
const IMPURE_NAMES = new Set([
  ...['process', 'console', 'performance', 'fetch', 'crypto', 'Worker'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
])
const IMPURE_CALLS = new Set(['Date.now', 'Math.random'])

const source = readTree(['src/**/*.ts', 'consumers/**/*.ts', 'state/**/*.ts']).filter(
  ({ path }) => !path.endsWith('.d.ts'),
)
const page = readTree(['src/serve/page/**/*.js'])
const tools = readTree(['bench/**/*.ts', 'scripts/**/*.ts'])
const tests = readTree(['test/**/*.ts'])
const product = [...source, ...page]
const everything = [...product, ...tools, ...tests]

function layerOf(path: string): string {
  const [top, next] = path.split('/')
  return FILE_LAYERS[path] ?? (top === 'src' ? next : top)
}

const isInside = (folder: string, parent: string): boolean => `${folder}/`.startsWith(`${parent}/`)

/** The cycles of a graph, each as its nodes in order. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (node: string, trail: string[]): void => {
    if (trail.includes(node)) cycles.push([...trail.slice(trail.indexOf(node)), node].join(' → '))
    if (trail.includes(node) || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return cycles
}

/** Fails with everything that was found, one per line. */
const none = (found: string[], rule: string): void =>
  assert.ok(found.length === 0, `${rule}:\n${found.join('\n')}\n`)

/** Places of all nodes that break a rule. */
const places = (files: SourceFile[], wrong: (node: ts.Node, file: SourceFile) => boolean) =>
  files.flatMap((file) =>
    file.nodes
      .filter((node) => wrong(node, file))
      .map((node) => {
        const line = file.text.slice(0, node.getStart()).split('\n').length
        return `${file.path}:${line} ${file.textOf(node).split('\n')[0]}`
      }),
  )

test('every file of the product belongs to a layer', () => {
  assert.ok(source.length > 200 && page.length > 5 && tools.length > 40 && tests.length > 100)
  const layers = new Set(Object.keys(MAY_SEE))
  none(
    source.map(({ path }) => path).filter((path) => !layers.has(layerOf(path))),
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
          return !(READ_PROGRESS.has(from) && PROGRESS.has(target))
        })
        .map(({ target }) => `${path} imports ${target}`),
    )
    none(upward, 'imports that point up or sideways')
  })

  const ownImports = everything.map(({ path, imports }) => ({
    path,
    targets: imports.filter(({ own }) => own).map(({ target }) => target),
  }))

  test('form no cycle', () => {
    none(cyclesOf(new Map(ownImports.map(({ path, targets }) => [path, targets]))), 'import cycles')
  })

  test('form no cycle of folders', () => {
    const sources = new Set([...product, ...tools].map(({ path }) => path))
    const folders = new Map<string, string[]>()
    for (const { path, targets } of ownImports.filter(({ path }) => sources.has(path))) {
      const from = dirname(path)
      // A folder and those inside it are one unit to each other.
      const others = targets.map(dirname).filter((to) => !isInside(from, to) && !isInside(to, from))
      folders.set(from, [...(folders.get(from) ?? []), ...others])
    }
    none(cyclesOf(folders), 'import cycles between folders')
  })

  test('lead to the file that defines a name: there are no barrels', () => {
    const handed = source.flatMap(({ path, imports }) =>
      imports
        .filter(({ reExport, own, typeOnly }) => reExport && own && !typeOnly)
        .map(({ target }) => `${path} exports ${target}`),
    )
    none(handed, 'barrels')
  })

  test('of a package are in one file', () => {
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
      'packages that several files import',
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

  test('use no clock, environment, log or random numbers', () => {
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
      'inheritance except for the error type',
      (node) =>
        ts.isHeritageClause(node) &&
        ts.isClassDeclaration(node.parent) &&
        node.token === ts.SyntaxKind.ExtendsKeyword &&
        node.parent.name?.text !== 'PulseError',
    ],
  ]
  for (const [what, wrong] of rules) {
    test(`there is no ${what}`, () => none(places([...source, ...tools, ...tests], wrong), what))
  }
})

test('tests wait for conditions, never for a fixed time', () => {
  const isSleep = (node: ts.Node): boolean =>
    ts.isIdentifier(node) &&
    node.text === 'setTimeout' &&
    !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)
  const checked = tests.filter(({ path }) => !MAY_SLEEP.has(path))
  none(places(checked, isSleep), 'fixed times')
})

describe('files and functions', () => {
  test('have names that describe them', () => {
    const vague = /^(utils?|helpers?|common|misc|types)\./
    const names = everything.map(({ path }) => path)
    none(
      names.filter((path) => vague.test(basename(path))),
      'vague names',
    )
  })

  test(`have up to ${MOST_FILE_LINES} lines per file, ${MOST_FUNCTION_LINES} per function`, () => {
    const checked = [...product, ...tools].filter(({ path }) => !TABLES.has(path))
    none(
      checked
        .filter(({ lines }) => lines > MOST_FILE_LINES)
        .map(({ path, lines }) => `${path} has ${lines} lines`),
      'long files',
    )
    const functions = checked.flatMap(({ path, functions }) =>
      functions
        .filter(({ lines }) => lines > MOST_FUNCTION_LINES)
        .map(({ name, line, lines }) => `${path}:${line} ${name} has ${lines} lines`),
    )
    none(functions, 'long functions')
  })
})

describe('comments', () => {
  test('begin every file: its first line describes it', () => {
    const silent = everything.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text))
    none(
      silent.map(({ path }) => path),
      'files without a first line',
    )
  })

  test('precede every export', () => {
    const silent = everything.flatMap(({ path, exports }) =>
      exports
        .filter(({ documented }) => !documented)
        .map(({ line, code }) => `${path}:${line} ${code}`),
    )
    none(silent, 'exports without a doc comment')
  })

  test('and strings name only files of the repository', () => {
    const exclude = ['**/node_modules/**', 'bench/out/**', 'test/fixtures/**']
    const paths = globSync('**/*.{ts,js,md}', { cwd: ROOT, exclude }).map((path) => `/${path}`)
    const missing = everything.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        // In code a path may be made up; in a comment it is a reference.
        const isComment = /^\s*(\/\/|\/?\*)/.test(line)
        const names = line.match(isComment ? /[\w./-]*\w\.(?:md|ts)\b/g : /[\w./-]*\w\.md\b/g) ?? []
        return names
          .filter(
            (name) => !paths.some((found) => found.endsWith(`/${name.replace(/^[./]+/, '')}`)),
          )
          .map((name) => `${path}:${at + 1} ${name}`)
      }),
    )
    none(missing, 'names of files that do not exist')
  })
})
