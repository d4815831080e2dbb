// A date or an interval of a file that DuckDB cannot convert: its row is read, and the run goes to its end.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { replay } from '../consumers/files/replaying.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { readBack, withDirectory } from '../state-directory.ts'

test('a date outside of any calendar is unknown, in files as in messages', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory, { rows: 200, subscribers: 200, dirt: 0 })
    for (const [name, last] of [
      ['dates', `DATE '5881580-07-10'`],
      ['texts', `'275760-09-13 00:00:00'`],
    ] as const) {
      const file = join(directory, `${name}.parquet`)
      await withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
        await connection.run(`COPY (SELECT * REPLACE (
          CASE WHEN row_number() OVER () = 7 THEN ${last} ELSE '2019-04-04' END AS "Start",
          33600000000 + row_number() OVER () AS "MSISDN/Number")
          FROM read_parquet(${literal(sample)})) TO ${literal(file)} (FORMAT parquet)`)
      })
      const state = join(directory, name)
      const changes = {
        state: { timeZone: 'America/St_Johns' },
        units: { durationUnit: 'ms' },
      } as const
      const { counters } = await replay([file], state, changes)
      const { subscribers } = await readBack(state)
      assert.equal(subscribers.length, 200, name)
      assert.equal(counters.coerced.Start, 1, name)
    }
  })
})
