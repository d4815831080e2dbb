// Errors of system calls are sentences with subject, found, expected and what to do.
import assert from 'node:assert/strict'
import { mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { errnoOf, errnoSentence } from '../src/errno.ts'
import { inputError, outputError, troubleOf } from '../src/errors.ts'
import { withDirectory } from './state-directory.ts'

const SENTENCE = /^.+; expected .+; .+$/

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return assert.fail('the call succeeds')
}

/** Calls that fail in each way that a test can bring about, by error code. */
const failures = (directory: string): Record<string, () => unknown> => {
  const at = (name: string): string => join(directory, name)
  writeFileSync(at('file'), '')
  mkdirSync(at('folder'))
  symlinkSync(at('loop'), at('loop'))
  return {
    ENOENT: () => readFileSync(at('missing')),
    EISDIR: () => readFileSync(at('folder')),
    ENOTDIR: () => readFileSync(at('file/below')),
    EEXIST: () => mkdirSync(at('file')),
    ELOOP: () => readFileSync(at('loop')),
    ENAMETOOLONG: () => openSync(at('x'.repeat(300)), 'w'),
    ENOSPC: () => writeFileSync('/dev/full', 'x'),
  }
}

describe('an error of a system call', () => {
  test('is reported as subject, found, expected and what to do', () =>
    withDirectory((directory) => {
      for (const [code, call] of Object.entries(failures(directory))) {
        const error = thrownBy(call)
        assert.equal(errnoOf(error), code)
        const trouble = troubleOf(error)
        assert.equal(trouble?.code, 'system')
        assert.match(trouble.message, SENTENCE)
        assert.ok(trouble.message.includes(`(${code})`), trouble.message)
        // Reads and writes name no path.
        const named = ['ENOSPC', 'EISDIR'].includes(code) ? 'system call' : directory
        assert.ok(trouble.message.includes(named), trouble.message)
      }
    }))

  test('is named by its number where Node.js has no name for it', () => {
    const error = Object.assign(new Error('UNKNOWN: unknown error, write'), {
      ...{ code: 'UNKNOWN', errno: -constants.errno.EDQUOT, syscall: 'write' },
    })
    assert.equal(errnoOf(error), 'EDQUOT')
    assert.match(errnoSentence('state', error) ?? '', /disk quota \(EDQUOT\)/)
  })

  test('names the option whose file cannot be read or written', () =>
    withDirectory((directory) => {
      const error = thrownBy(() => readFileSync(join(directory, 'missing')))
      const read = inputError('--schema missing', error)
      assert.equal(read.code, 'input-missing')
      assert.match(
        read.message,
        /^--schema missing does not exist \(ENOENT\); expected a readable file; check the path/,
      )
      const full = outputError(
        'the report',
        thrownBy(() => writeFileSync('/dev/full', 'x')),
      )
      assert.equal(full.code, 'output')
      assert.match(full.message, /^the report is on a full volume \(ENOSPC\); expected free space;/)
    }))

  test('is recognised in the texts of DuckDB and the numbers of LMDB', () => {
    const duckdb = new Error('IO Error: Could not write file "x": No space left on device')
    assert.equal(errnoOf(duckdb), 'ENOSPC')
    const files = new Error('IO Error: Cannot open file "x": Too many open files')
    assert.match(errnoSentence('x', files) ?? '', /too many open files \(EMFILE\); .*ulimit -n/)
    const lmdb = troubleOf(Object.assign(new Error('a failed write'), { code: 5 }))
    assert.equal(lmdb?.code, 'store-failed')
    assert.match(lmdb.message, /^the state directory is on a volume that fails .*\(EIO\); expected/)
    const map = troubleOf(Object.assign(new Error('MDB_MAP_FULL: full'), { code: -30792 }))
    assert.match(map?.message ?? '', /^the state cannot be used \(MDB_MAP_FULL: full\); check its/)
  })

  test('with an unknown code keeps its message', () => {
    const error = Object.assign(new Error('EXDEV: odd'), { code: 'EXDEV', syscall: 'rename' })
    assert.match(troubleOf(error)?.message ?? '', /\(EXDEV: odd\); expected .*; check the path/)
  })

  test('is not what an internal error is taken for', () => {
    assert.equal(troubleOf(new TypeError('x is undefined')), null)
    assert.equal(errnoSentence('x', new RangeError('No memory of it')), null)
    assert.equal(errnoOf('ENOENT'), null)
  })
})
