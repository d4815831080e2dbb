// The completion scripts, in the shells themselves.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { COMMANDS } from '../../src/commands/commands.ts'
import { wordsOf } from '../../src/commands/completion.ts'
import { pulse, start } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

/** Runs a program of a shell behind the completion script, and returns its output. */
async function inShell(shell: string, argv: (script: string) => string[]): Promise<string> {
  return withDirectory(async (directory) => {
    const script = join(directory, 'completion')
    const made = await pulse(['completion', shell])
    assert.equal(made.code, 0, made.stderr)
    await writeFile(script, made.stdout)
    await writeFile(join(directory, 'month.parquet'), '')
    const { code, stdout, stderr } = await start(shell, argv(script), { cwd: directory }).ended
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '')
    return stdout
  })
}

/** Skips a test of a shell that is not installed; CI has all of them. */
function needsShell(shell: string, context: TestContext): boolean {
  if (spawnSync(shell, ['--version']).status === 0) return true
  if (process.env['CI'] !== undefined) assert.fail(`${shell} is not installed`)
  context.skip(`${shell} is not installed`)
  return false
}

describe('bash', () => {
  /** What completes the last word of a command line. */
  const completed = (...words: string[]): Promise<string[]> =>
    inShell('bash', (script) => {
      const list = words.map((word) => `'${word}'`).join(' ')
      const body = `compopt() { echo "compopt $*"; }; . '${script}'
COMP_WORDS=(xdr-pulse ${list}); COMP_CWORD=${words.length}; _xdr_pulse
printf '%s\\n' "\${COMPREPLY[@]}"`
      return ['--norc', '-c', body]
    }).then((output) => output.trim().split('\n'))

  test('completes commands, flags, closed lists and files', async (context) => {
    if (!needsShell('bash', context)) return
    assert.deepEqual(await completed('pro'), ['produce'])
    assert.deepEqual(await completed('run', '--on'), ['--on-gap'])
    assert.deepEqual(await completed('run', '--on-gap', ''), ['stop', 'earliest', 'latest'])
    assert.deepEqual(await completed('run', '--on-gap', '=', 'l'), ['latest'])
    assert.deepEqual(await completed('run', '--group', ''), [''])
    assert.deepEqual(await completed('replay', ''), ['compopt -o default'])
    assert.deepEqual(await completed('report', '--html', ''), ['compopt -o default'])
    assert.deepEqual(await completed('completion', 'z'), ['zsh'])
  })
})

describe('zsh', () => {
  /** The command line after the tabs in it. */
  const completed = (typed: string): Promise<string> =>
    inShell('zsh', (script) => {
      const setup =
        'PS1=; autoload -Uz compinit; compinit -u -D; ' +
        `source '${script}'; xdr-pulse() { print -r -- "<""$*"">" }; print -r -- rea""dy`
      const body = `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z ${JSON.stringify(
        setup.replaceAll('$', String.raw`\$`),
      ).replaceAll(String.raw`\\$`, String.raw`\$`)}
zpty -r z seen '*ready*'; zpty -w z $'${typed}'
zpty -r z seen '*<[^"]##>*' || zpty -r z seen '*<*>*'; print -r -- "$seen"; zpty -d z`
      return ['-f', '-c', `setopt extendedglob; ${body}`]
    }).then((output) => /<([^<>"]*)>/.exec(output)?.[1].trim() ?? output)

  test('completes commands, flags, closed lists and files', async (context) => {
    if (!needsShell('zsh', context)) return
    assert.equal(await completed(String.raw`xdr-pulse prod\t`), 'produce')
    assert.equal(await completed(String.raw`xdr-pulse run --on-g\tear\t`), 'run --on-gap=earliest')
    assert.equal(await completed(String.raw`xdr-pulse replay mon\t`), 'replay month.parquet')
    assert.equal(await completed(String.raw`xdr-pulse completion fi\t`), 'completion fish')
  })
})

describe('fish', () => {
  /** What completes a command line. */
  const completed = (line: string): Promise<string[]> =>
    inShell('fish', (script) => [
      ...['--no-config', '-c', `source '${script}'; complete -C '${line}'`],
    ]).then((output) =>
      output
        .trim()
        .split('\n')
        .map((found) => found.split('\t')[0]),
    )

  test('completes commands, flags, closed lists and files', async (context) => {
    if (!needsShell('fish', context)) return
    assert.deepEqual(await completed('xdr-pulse prod'), ['produce'])
    assert.deepEqual(await completed('xdr-pulse run --on-g'), ['--on-gap'])
    assert.deepEqual((await completed('xdr-pulse run --on-gap ')).sort(), [
      ...['earliest', 'latest', 'stop'],
    ])
    assert.deepEqual(await completed('xdr-pulse replay mon'), ['month.parquet'])
    assert.deepEqual(await completed('xdr-pulse completion zs'), ['zsh'])
  })
})

test('every flag of every command is in each script', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await pulse(['completion', shell])
    for (const { flags } of wordsOf(COMMANDS)) {
      for (const { flag } of flags) {
        const text = shell === 'fish' ? `-l ${flag.slice(2)} ` : flag
        assert.ok(stdout.includes(text), `${shell}: ${flag}`)
      }
    }
  }
})

test('an unknown shell is a usage error', async () => {
  const { code, stderr } = await pulse(['completion', 'tcsh'])
  assert.equal(code, 2)
  assert.match(stderr, /"tcsh" is not a shell with completion, expected bash, zsh, fish/)
})
