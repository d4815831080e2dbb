// Commands in documents work: blocks run, and every command, flag and script exists.
//
// A fenced block `sh` needs only the checkout, and is run. `sh example` needs a broker, Docker, a
// network or a person, or never ends: only its names are checked.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../src/commands/commands.ts'
import { OPTIONS } from '../../src/config.ts'
import { start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { withDirectory } from '../state-directory.ts'
import { codeSpans, currentDocuments, piecesOf, type Document } from './documents.ts'

const CLI = join(ROOT, 'src', 'cli.ts')

/** The valid info strings: a block with another one would be neither run nor checked. */
const INFOS = new Set(['sh', 'sh example', 'mermaid', 'text'])
/** Files and commands on the pages of docs/producers, which a test of their own runs. */
const OF_PRODUCERS = /^(sh run|(python|js|java|json) \w+\.\w+)$/

const isInfo = (info: string, path: string): boolean =>
  INFOS.has(info) || (path.startsWith('docs/producers/') && OF_PRODUCERS.test(info))

/** Flags of other programs that the prose names. */
const FOREIGN = new Set(['--build-arg', '--data', '--read-only'])

const commands = new Map<string, ReadonlySet<string>>(
  COMMANDS.map(({ name, options }) => [
    name,
    new Set(['--help', ...options.map((option) => OPTIONS[option].flag)]),
  ]),
)
const flags = new Set([...commands.values()].flatMap((own) => [...own]))

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** The errors of a command line after `xdr-pulse`. */
function faultsOf(line: string): string[] {
  const [name, ...words] = line.trim().split(/\s+/)
  if (name.startsWith('--') || /^[A-Z]+$/.test(name)) return []
  const own = commands.get(name)
  if (own === undefined) return [`"${name}" is not a command`]
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=')[0])
    .filter((flag) => !own.has(flag))
    .map((flag) => `${name} has no option ${flag}`)
}

/** Every command line of xdr-pulse in a text: up to a pipe, a comment or the end of the line. */
const commandLines = (text: string) =>
  piecesOf(text, /(?:(?<!exec )xdr-pulse|npm run(?: -s)? pulse --) +([^#|;&)\n]+)/g)

function faultsOfBlocks({ path, blocks }: Document): string[] {
  return blocks.flatMap(({ info, line, text }) => {
    const at = (offset: number): string => `${path}:${line + offset}`
    return [
      ...(isInfo(info, path) ? [] : [`${at(0)}: the block is "${info}"`]),
      ...commandLines(text.replaceAll('\\\n', '  ')).flatMap((found) =>
        faultsOf(found.text).map((fault) => `${at(found.line)}: ${fault}`),
      ),
      ...piecesOf(text, /npm run(?: -s)? ([\w:-]+)/g)
        .filter((found) => !(found.text in scripts))
        .map((found) => `${at(found.line)}: package.json has no script ${found.text}`),
    ]
  })
}

function faultsOfSpans(document: Document): string[] {
  return codeSpans(document).flatMap(({ text, line }) => {
    const [first] = text.split(/[ =]/)
    const faults =
      first === 'xdr-pulse'
        ? commandLines(text).flatMap((found) => faultsOf(found.text))
        : commands.has(first)
          ? faultsOf(text)
          : first.startsWith('--') && !flags.has(first) && !FOREIGN.has(first)
            ? [`no command has the option ${first}`]
            : []
    return faults.map((fault) => `${document.path}:${line}: ${fault}`)
  })
}

test('every command, option and script that a document names exists', () => {
  assert.deepEqual(
    currentDocuments.flatMap((document) => [
      ...faultsOfBlocks(document),
      ...faultsOfSpans(document),
    ]),
    [],
  )
})

for (const { path, blocks } of currentDocuments) {
  const script = blocks.filter(({ info }) => info === 'sh').map(({ text }) => text)
  if (script.length === 0) continue
  test(`${path}: its commands run`, () =>
    withDirectory(async (directory) => {
      const bin = join(directory, 'bin')
      const program = join(bin, 'xdr-pulse')
      await mkdir(bin)
      await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
      await chmod(program, 0o755)
      const cwd = join(directory, 'work')
      await mkdir(cwd)
      const env = { PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH']}` }
      const running = start('bash', ['-euxo', 'pipefail', '-c', script.join('\n')], { cwd, env })
      const { code, stderr } = await running.ended
      assert.equal(code, 0, stderr)
    }))
}
