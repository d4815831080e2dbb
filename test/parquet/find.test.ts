// What belongs to the input: directories, links, names, and what is refused without being opened.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { PulseError } from '../../src/errors.ts'
import { findFiles } from '../../src/parquet/find/find.ts'
import { skippedLines } from '../../src/parquet/find/skipped.ts'
import { withDirectory } from '../state-directory.ts'

const SAMPLE = join(import.meta.dirname, '..', 'fixtures', 'parquet', 'pyarrow-snappy.parquet')

/** Copies the sample to paths within a directory, and makes their directories. */
function put(directory: string, ...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    cpSync(SAMPLE, join(directory, path))
  }
}

/** What a search finds, by paths relative to the directory. */
function found(directory: string, patterns = [directory]) {
  const { files, skipped } = findFiles(patterns)
  return {
    files: files.map(({ path }) => relative(directory, path)),
    skipped: Object.fromEntries(
      skipped.map(({ path, reason }) => [relative(directory, path), reason]),
    ),
  }
}

const refused = (directory: string, sentence: RegExp, patterns = [directory]): void => {
  assert.throws(
    () => findFiles(patterns),
    (error) => {
      assert.ok(error instanceof PulseError, String(error))
      assert.ok(!error.message.includes('\n'), 'one line')
      assert.match(error.message, sentence)
      return true
    },
  )
}

describe('a directory', () => {
  test('is read as Spark, Hive and Arrow read it; what is skipped is listed', () =>
    withDirectory((directory) => {
      put(directory, 'part-0.parquet', '_temporary/0/part-1.parquet', '._part-9.parquet')
      put(directory, '.hive-staging_1/part-2.parquet', 'day=5/part-3.parquet', '_metadata')
      put(directory, '_day=6/part-4.parquet', 'part-5.parquet._COPYING_')
      writeFileSync(join(directory, '_SUCCESS'), '')
      writeFileSync(join(directory, '.part-0.parquet.crc'), 'crc')
      assert.deepEqual(found(directory), {
        files: ['_day=6/part-4.parquet', 'day=5/part-3.parquet', 'part-0.parquet'],
        skipped: {
          '._part-9.parquet': 'hidden-name',
          '.hive-staging_1': 'hidden-name',
          '.part-0.parquet.crc': 'hidden-name',
          _SUCCESS: 'hidden-name',
          _metadata: 'hidden-name',
          _temporary: 'hidden-name',
          'part-5.parquet._COPYING_': 'unfinished-copy',
        },
      })
    }))

  test('gives Parquet files by their content, under any name', () =>
    withDirectory((directory) => {
      put(directory, '000000_0', 'b.PARQUET', 'c.parq', 'd.data')
      writeFileSync(join(directory, 'notes.txt'), 'PAR is not all')
      writeFileSync(join(directory, 'empty'), '')
      assert.deepEqual(found(directory), {
        files: ['000000_0', 'b.PARQUET', 'c.parq', 'd.data'],
        skipped: { 'notes.txt': 'other-format', empty: 'other-format' },
      })
    }))

  test('gives what is called Parquet and is not: it is refused when it is opened', () =>
    withDirectory((directory) => {
      put(directory, 'a.parquet')
      writeFileSync(join(directory, 'b.parquet'), '')
      assert.deepEqual(found(directory).files, ['a.parquet', 'b.parquet'])
    }))

  test('gives CSV by its name, and is refused when it holds both formats', () =>
    withDirectory((directory) => {
      for (const name of ['a.csv', 'b.CSV.gz', 'c.tsv']) writeFileSync(join(directory, name), 'x')
      assert.deepEqual(found(directory).files, ['a.csv', 'b.CSV.gz', 'c.tsv'])
      put(directory, 'd.parquet')
      refused(directory, /holds Parquet and CSV files \(d\.parquet, a\.csv\).*\*\.csv/)
      assert.deepEqual(found(directory, [join(directory, '*.parquet')]).files, ['d.parquet'])
    }))

  test('without a file is refused with what it holds instead', () =>
    withDirectory((directory) => {
      put(directory, '_a.parquet')
      refused(directory, /holds no Parquet or CSV file \(skipped: _a\.parquet\)/)
    }))
})

describe('a link', () => {
  test('is followed to a directory and a file, and counts once by any path', () =>
    withDirectory((directory) => {
      const [input, store] = [join(directory, 'input'), join(directory, 'store')]
      put(input, 'a.parquet')
      put(store, 'b.parquet')
      symlinkSync(store, join(input, '2026-01'))
      symlinkSync(store, join(input, '2026-02'))
      symlinkSync(join(store, 'b.parquet'), join(input, 'again.parquet'))
      linkSync(join(input, 'a.parquet'), join(input, 'hard.parquet'))
      assert.deepEqual(found(input), {
        files: ['2026-01/b.parquet', 'a.parquet'],
        skipped: {
          '2026-02': 'same-file',
          'again.parquet': 'same-file',
          'hard.parquet': 'same-file',
        },
      })
      assert.deepEqual(found(input, [join(input, '**', '*.parquet')]).files, [
        '2026-01/b.parquet',
        'a.parquet',
      ])
      const twice = [join(input, 'a.parquet'), input, join(input, '*.parquet')]
      assert.deepEqual(found(input, twice).files, ['a.parquet', '2026-01/b.parquet'])
    }))

  test('that leads back ends the search there', () =>
    withDirectory((directory) => {
      put(directory, 'in/a.parquet')
      symlinkSync('..', join(directory, 'in', 'up'))
      assert.deepEqual(found(directory), {
        files: ['in/a.parquet'],
        skipped: { 'in/up': 'same-file' },
      })
    }))

  test('without a target is an error, unless its name is hidden', () =>
    withDirectory((directory) => {
      put(directory, 'a.parquet')
      symlinkSync('/absent/x', join(directory, '.old'))
      assert.deepEqual(found(directory).files, ['a.parquet'])
      symlinkSync('absent', join(directory, 'b.parquet'))
      refused(directory, /b\.parquet: its target is missing \(link to absent\)/)
      refused(directory, /its target is missing/, [join(directory, 'b.parquet')])
      refused(directory, /its target is missing/, [join(directory, '*.parquet')])
    }))

  test('to itself is an error', () =>
    withDirectory((directory) => {
      symlinkSync('self', join(directory, 'self'))
      refused(directory, /self: it is a link that leads to itself/)
    }))
})

describe('what cannot be read is refused', () => {
  /** Runs `work` without the rights of root, which can read every file. */
  function asNobody(work: () => void): void {
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      work()
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  }

  for (const name of ['closed', 'closed.parquet', 'closed.csv']) {
    const isDirectory = name === 'closed'
    test(isDirectory ? 'a sub-directory' : `the file ${name}`, () =>
      withDirectory((directory) => {
        const path = join(directory, name)
        chmodSync(directory, 0o755)
        if (isDirectory) mkdirSync(path)
        else writeFileSync(path, 'x')
        chmodSync(path, 0)
        try {
          asNobody(() => {
            if (name !== 'closed.parquet')
              refused(directory, /closed.*: it cannot be read \(EACCES\)/)
            else assert.deepEqual(found(directory).files, [name], 'refused when it is opened')
          })
        } finally {
          chmodSync(path, 0o700)
        }
      }),
    )
  }

  test('a named pipe, without waiting for its writer', () =>
    withDirectory((directory) => {
      put(directory, 'a.parquet')
      execFileSync('mkfifo', [join(directory, 'b.parquet')])
      refused(directory, /b\.parquet: it is a named pipe; expected .*write the rows to a file/)
      refused(directory, /it is a named pipe/, [join(directory, 'b.parquet')])
    }))

  test('a socket', () =>
    withDirectory(async (directory) => {
      const server = createServer()
      const path = join(directory, 's')
      await new Promise<void>((resolve) => server.listen(path, resolve))
      refused(directory, /s: it is a socket/)
      await new Promise((resolve) => server.close(resolve))
    }))

  test('a device', () => refused('/dev', /\/dev\/zero: it is a device/, ['/dev/zero']))
})

describe('a table', () => {
  const kinds: [string, string, RegExp][] = [
    ['Delta Lake', '_delta_log/00000000000000000000.json', /Delta Lake.*delta_scan\('\S+table'\)/],
    ['Iceberg', 'metadata/v1.metadata.json', /Iceberg.*iceberg_scan\('\S+table'\)/],
    ['Hudi', '.hoodie/hoodie.properties', /Hudi.*format\("hudi"\)/],
  ]
  for (const [name, file, sentence] of kinds) {
    test(`of ${name} is refused with the way to export it, whole or in parts`, () =>
      withDirectory((directory) => {
        const table = join(directory, 'table')
        put(table, 'data/day=1/part-0.parquet', file)
        const parts = ['data', 'data/day=1', 'data/day=1/part-0.parquet', 'data/*/*.parquet']
        for (const part of ['', ...parts]) refused(directory, sentence, [join(table, part)])
        refused(directory, sentence)
      }))
  }
})

test('a pattern leaves out what a directory would leave out', () =>
  withDirectory((directory) => {
    put(directory, 'a.parquet', '_b.parquet', '_tmp/c.parquet', 'd/e.parquet')
    assert.deepEqual(found(directory, [join(directory, '*')]).files, ['a.parquet', 'd/e.parquet'])
    assert.deepEqual(found(directory, [join(directory, '**/*.parquet')]).files, [
      'a.parquet',
      'd/e.parquet',
    ])
    assert.deepEqual(found(directory, [join(directory, '_*.parquet')]).files, ['_b.parquet'])
    assert.deepEqual(found(directory, [join(directory, '_b.parquet')]).files, ['_b.parquet'])
  }))

test('skipped paths are listed by reason, with the first names', () => {
  const skipped = Array.from({ length: 10 }, (_, n) => ({
    path: `/d/.${n}.crc`,
    reason: 'hidden-name' as const,
  }))
  assert.deepEqual(skippedLines([...skipped, { path: '/d/x', reason: 'other-format' }]), [
    'not read, name begins with . or _ (10): /d/.0.crc, /d/.1.crc, /d/.2.crc, /d/.3.crc, ' +
      '/d/.4.crc, /d/.5.crc, /d/.6.crc, /d/.7.crc and 2 more',
    'not read, neither Parquet nor CSV (1): /d/x',
  ])
})
