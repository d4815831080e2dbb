// Names of files, directories and columns that DuckDB interpreted as patterns or columns.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findFiles } from '../../src/parquet/find/find.ts'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { replay, MONTH_FIRST } from '../consumers/files/replaying.ts'
import { readBack, withDirectory } from '../state-directory.ts'

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'parquet')
const SAMPLE = join(FIXTURES, 'pyarrow-snappy.parquet')
const OTHER = join(FIXTURES, 'duration-seconds.parquet')

const pathsIn = (patterns: string[]): string[] => findFiles(patterns).files.map(({ path }) => path)

/** The content of a state without its positions, which contain the names of sources. */
const numbersOf = async (directory: string) => ({ ...(await readBack(directory)), positions: [] })

/** Replays `files` and SAMPLE into two states, and asserts that they are equal. */
async function expectSame(directory: string, files: readonly string[]): Promise<void> {
  await replay(files, join(directory, 'found'), MONTH_FIRST)
  await replay([SAMPLE], join(directory, 'expected'), MONTH_FIRST)
  const expected = await numbersOf(join(directory, 'expected'))
  assert.deepEqual(await numbersOf(join(directory, 'found')), expected)
}

test('a file name with brackets means that file, not others that match it', async () => {
  await withDirectory(async (directory) => {
    cpSync(SAMPLE, join(directory, 'a[12].parquet'))
    cpSync(OTHER, join(directory, 'a1.parquet'))
    await expectSame(directory, [join(directory, 'a[12].parquet')])
  })
})

test('a directory called key=value adds no column and replaces none', async () => {
  await withDirectory(async (directory) => {
    mkdirSync(join(directory, 'Start=5'))
    cpSync(SAMPLE, join(directory, 'Start=5', 'a.parquet'))
    await expectSame(directory, [join(directory, 'Start=5', 'a.parquet')])
  })
})

test('a directory with a name that ends in .parquet means the files in it', async () => {
  await withDirectory((directory) => {
    const part = join(directory, 'day.parquet', 'part-0.parquet')
    mkdirSync(join(directory, 'day.parquet'))
    cpSync(SAMPLE, part)
    assert.deepEqual(pathsIn([directory]), [part])
    assert.deepEqual(pathsIn([join(directory, '*.parquet')]), [part])
  })
})

test('a further column of any name changes no number', async () => {
  await withDirectory(async (directory) => {
    const more = join(directory, 'more.parquet')
    await withDatabase({ threads: 1, memoryMiB: 256 }, (connection) =>
      connection.run(
        `COPY (SELECT 7 AS c0, 8 AS C6, 'x' AS raw, 9 AS row, 1 AS file, * FROM ${literal(SAMPLE)})
         TO ${literal(more)}`,
      ),
    )
    await expectSame(directory, [more])
  })
})
