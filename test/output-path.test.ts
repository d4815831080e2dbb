// Outputs are checked before the work, and nothing is left where a check failed.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { PulseError } from '../src/errors.ts'
import { checkOutputDirectory, checkOutputFile, makeDirectory } from '../src/output-path.ts'
import { pulse } from './e2e/command.ts'
import { sampleIn } from './consumers/files/samples.ts'
import { withDirectory } from './state-directory.ts'

const refused = (check: () => unknown, sentence: RegExp): void =>
  assert.throws(check, (error) => {
    assert.ok(error instanceof PulseError && error.code === 'output', String(error))
    assert.match(error.message, sentence)
    return true
  })

describe('an output file', () => {
  test('is accepted in a directory that exists, and nothing is left there', () =>
    withDirectory((directory) => {
      const file = join(directory, 'page.html')
      assert.equal(checkOutputFile('--html', file), file)
      assert.deepEqual(readdirSync(directory), [])
    }))

  test('is refused where it cannot be written', () =>
    withDirectory((directory) => {
      writeFileSync(join(directory, 'file'), '')
      const check = (path: string) => () => checkOutputFile('--html', path)
      refused(check(join(directory, 'missing/x')), /^--html .*: the directory .*missing does not/)
      refused(check(join(directory, 'file/x')), /file is a file, expected a directory; choose/)
      refused(check(join(directory, 'file/x/y')), /file\/x does not exist; create it first/)
      refused(check(directory), /is a directory, expected a file name; add one/)
      refused(check('/dev/full'), /is a device, expected a file; give another/)
      refused(check('/proc/x'), /the directory \/proc cannot hold new files, expected/)
      refused(check(join(directory, 'x'.repeat(300))), /\(ENAMETOOLONG\); expected/)
      assert.deepEqual(readdirSync(directory), ['file'])
    }))
})

describe('an output directory', () => {
  test('is created with those above it', () =>
    withDirectory((directory) => {
      const wanted = join(directory, 'a/b')
      assert.equal(checkOutputDirectory('--export', wanted), wanted)
      assert.deepEqual(readdirSync(wanted), [])
    }))

  test('is refused where it cannot be created', () =>
    withDirectory((directory) => {
      writeFileSync(join(directory, 'file'), '')
      refused(
        () => checkOutputDirectory('--export', join(directory, 'file')),
        /is a file, expected/,
      )
      refused(() => checkOutputDirectory('--export', join(directory, 'file/x')), /\(ENOTDIR\)/)
      refused(() => makeDirectory('--out', '/proc/x/y'), /the directory \/proc\/x .*\(ENOENT\)/)
    }))
})

describe('a command', () => {
  test('refuses outputs before it reads anything', () =>
    withDirectory(async (directory) => {
      // The state does not exist: a command that reads it first reports that.
      const state = join(directory, 'state')
      const missing = join(directory, 'missing', 'x')
      for (const option of [
        ['--html', missing],
        ['--export', '/dev/null/x'],
        ['--html', directory],
      ]) {
        const { code, stderr } = await pulse(['report', '--state', state, ...option])
        assert.match(
          stderr,
          new RegExp(`^xdr-pulse: ${option[0]} .*(; create it first|[,;] expected )`),
        )
        assert.doesNotMatch(stderr, /holds no state/)
        assert.equal(code, 1)
      }
    }))

  test('replaces a generated file, but another one only with --force', () =>
    withDirectory(async (directory) => {
      const size = ['--rows', '50', '--subscribers', '5', '--days', '1']
      const own = join(directory, 'own.parquet')
      const foreign = join(directory, 'foreign.parquet')
      const real = join(directory, "it's [1].parquet")
      const generate = (file: string, ...more: string[]) =>
        pulse(['generate', '--out', file, ...size, ...more])
      assert.equal((await generate(own)).code, 0)
      assert.equal((await generate(own)).code, 0)
      writeFileSync(foreign, 'the only copy')
      const { code, stderr } = await generate(foreign)
      assert.equal(code, 1)
      assert.match(stderr, /foreign\.parquet exists and was not written by "generate"; expected/)
      assert.equal(readFileSync(foreign, 'utf8'), 'the only copy')
      assert.equal((await generate(foreign, '--force')).code, 0)
      assert.equal((await generate(foreign)).code, 0)
      // A Parquet file of another writer: the tables of a report.
      const state = join(directory, 'state')
      await pulse(['replay', await sampleIn(directory), '--state', state])
      await pulse(['report', '--state', state, '--export', join(directory, 'tables')])
      const table = readFileSync(join(directory, 'tables/top.parquet'))
      writeFileSync(real, table)
      assert.equal((await generate(real)).code, 1)
      assert.deepEqual(readFileSync(real), table)
    }))

  test('creates only the default folder of generate', () =>
    withDirectory(async (directory) => {
      mkdirSync(join(directory, 'work'))
      const cwd = join(directory, 'work')
      const size = ['--rows', '50', '--subscribers', '5', '--days', '1']
      assert.equal((await pulse(['generate', ...size], { cwd })).code, 0)
      assert.ok(existsSync(join(cwd, 'data/sample.parquet')))
      assert.equal((await pulse(['generate', ...size, '--out', 'date/x'], { cwd })).code, 1)
      assert.deepEqual(readdirSync(cwd), ['data'])
    }))
})
