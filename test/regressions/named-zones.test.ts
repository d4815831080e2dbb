// A time as text with a zone is an instant; --time-zone applies only to times without a zone.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { FIELD } from '../../src/subscriber/aggregate.ts'
import { replay } from '../consumers/files/replaying.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { pulse } from '../e2e/command.ts'
import { readBack, withDirectory } from '../state-directory.ts'

test('a time with a zone is read in that zone', async () => {
  await withDirectory(async (directory) => {
    const sample = await sampleIn(directory, { rows: 3, subscribers: 3, dirt: 0 })
    const file = join(directory, 'zones.parquet')
    await withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
      const times = `['2026-07-01T12:00:05Z', '2026-07-01 14:00:05.000+02:00', '2026-07-01 14:00:05']`
      await connection.run(`COPY (SELECT * REPLACE (
        (${times})[(row_number() OVER ())::INT] AS "Start", 0 AS "Start ms",
        33600000000 + row_number() OVER () AS "MSISDN/Number")
        FROM read_parquet(${literal(sample)}) LIMIT 3) TO ${literal(file)} (FORMAT parquet)`)
    })
    const state = join(directory, 'state')
    const changes = { state: { timeZone: 'Europe/Berlin' }, units: { durationUnit: 'ms' } } as const
    await replay([file], state, changes)
    const { subscribers } = await readBack(state)
    const firsts = subscribers.map(([, numbers]) => numbers[FIELD.firstStartMs - 1])
    const noon = Date.UTC(2026, 6, 1, 12, 0, 5)
    assert.deepEqual(firsts, [noon, noon, noon])
    const unit = ['--duration-unit', 'ms']
    const verified = await pulse(['verify', file, '--state', state, ...unit])
    assert.equal(verified.code, 0, verified.stderr + verified.stdout)
  })
})

test('--time-zone accepts every name of a zone, and no offset', async () => {
  await withDirectory(async (directory) => {
    const file = await sampleIn(directory, { rows: 50, subscribers: 5, dirt: 0 })
    const starts: Record<string, number> = {}
    for (const zone of ['UTC', 'Asia/Kolkata', 'Asia/Calcutta', 'Europe/Kyiv', 'Etc/GMT+5']) {
      const state = join(directory, zone.replaceAll('/', '-'))
      const replayed = await pulse(['replay', file, '--state', state, '--time-zone', zone])
      assert.equal(replayed.code, 0, replayed.stderr)
      const verified = await pulse(['verify', file, '--state', state])
      assert.equal(verified.code, 0, verified.stderr + verified.stdout)
      const { subscribers } = await readBack(state)
      starts[zone] = subscribers[0][1][FIELD.firstStartMs - 1]
    }
    assert.equal(starts['Asia/Kolkata'], starts['Asia/Calcutta'])
    assert.equal(starts['UTC'] - starts['Asia/Kolkata'], 5.5 * 3_600_000)
    assert.equal(starts['Etc/GMT+5'] - starts['UTC'], 5 * 3_600_000)
    for (const zone of ['+05:00', 'Nowhere/Land', 'GMT+5']) {
      const { code, stderr } = await pulse(['replay', file, '--time-zone', zone])
      assert.equal(code, 2)
      assert.match(stderr, /an IANA time zone/)
    }
  })
})
