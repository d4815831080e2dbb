// NaN durations voted for milliseconds.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decideUnits } from '../../src/parquet/decide.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { openFile } from '../../src/parquet/files.ts'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { withDirectory } from '../state-directory.ts'

const SECONDS = join(import.meta.dirname, '../fixtures/parquet/duration-seconds.parquet')

test('durations that are NaN do not vote on their unit', async () => {
  await withDirectory((directory) =>
    withDatabase({ threads: 1, memoryMiB: 256 }, async (connection) => {
      const path = join(directory, 'nan.parquet')
      await connection.run(
        `COPY (SELECT * REPLACE (CASE WHEN row_number() OVER () % 4 > 0 THEN 'NaN'::DOUBLE
          ELSE try_cast("Dur. (ms)" AS DOUBLE) END AS "Dur. (ms)") FROM ${literal(SECONDS)})
         TO ${literal(path)}`,
      )
      const file = await openFile(connection, path)
      const [units] = await decideUnits(connection, [file], [], {
        ...AUTO_UNITS,
        timeFormat: 'month-first',
      })
      assert.equal(units.durationUnit, 's')
    }),
  )
})
