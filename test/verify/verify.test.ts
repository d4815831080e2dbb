// `verify` agrees with a replay of every kind of file, and names every change of a state.
import { AUTO_UNITS, PLAIN_UNITS, type UnitOptions } from '../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, after, test } from 'node:test'
import { openFile } from '../../src/parquet/files.ts'
import { replayFiles } from '../../consumers/files/replay.ts'
import { writeSample } from '../../src/generate/write.ts'
import { expectedSql } from '../../src/verify/expected-sql.ts'
import { verifyState } from '../../src/verify/run.ts'
import { queryRows, withDatabase } from '../../src/duckdb.ts'
import { FIELD } from '../../src/subscriber/aggregate.ts'
import { commitPartition } from '../../state/commit.ts'
import type { Partition } from '../../state/partition.ts'
import { withView } from '../../state/read.ts'
import { openState, type StateOptions } from '../../state/writer.ts'
import { writeVariant } from '../parquet/variants.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/parquet')
const OPTIONS: StateOptions = {
  partitions: 1,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
}
const ROWS = 20_000
const SUBSCRIBERS = 5000

/** Of most fixtures all days are up to 12. */
const MONTH_FIRST: UnitOptions = { ...AUTO_UNITS, timeFormat: 'month-first' }

let folder: string
let dirty: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verify-'))
  dirty = join(folder, 'dirty.parquet')
  const sample = { rows: ROWS, subscribers: SUBSCRIBERS, days: 30, seed: 7, dirt: 0.2 }
  await writeSample(sample, dirty)
})
after(() => {
  rmSync(folder, { recursive: true })
})

let states = 0
async function replay(
  files: string[],
  options: Partial<StateOptions> = {},
  units: UnitOptions = AUTO_UNITS,
): Promise<string> {
  const stateDirectory = join(folder, `state-${states++}`)
  const state = { ...OPTIONS, ...options }
  await replayFiles(
    {
      ...{ files, stateDirectory, state, units, commitIntervalMs: 50, keepRejected: 10 },
      ...{ speed: 'max', threads: 1 },
    },
    () => undefined,
  )
  return stateDirectory
}

async function withWriter(
  directory: string,
  work: (state: Awaited<ReturnType<typeof openState>>) => void,
  options: Partial<StateOptions> = {},
): Promise<void> {
  const state = await openState(directory, { ...OPTIONS, ...options }, 'test')
  try {
    work(state)
  } finally {
    await state.close()
  }
}

test('a replay of a file with every kind of dirt equals its recomputation', async () => {
  const seen = new Map<string, [done: number, total: number]>()
  const result = await verifyState(
    [dirty],
    await replay([dirty]),
    AUTO_UNITS,
    (stage, done, total) => {
      assert.ok(done >= (seen.get(stage)?.[0] ?? 0) && done <= total, `${stage}: ${done}`)
      seen.set(stage, [done, total])
    },
  )
  assert.deepEqual(result.differing, [])
  assert.equal(result.differences, 0)
  assert.equal(result.applications, 7)
  assert.ok(result.subscribers > SUBSCRIBERS / 2, `${result.subscribers} subscribers`)
  const all = [result.subscribers, result.subscribers]
  assert.deepEqual([...seen].slice(1), Object.entries({ state: all, compare: all }))
  assert.equal(seen.get('parquet')?.[1], ROWS)
})

test('the recomputation has no join, for which DuckDB reports no progress', () =>
  withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
    const paths = [join(FIXTURES, 'text.parquet'), dirty]
    const files = await Promise.all(paths.map((path) => openFile(connection, path)))
    assert.ok([...files[0].types.values()].includes('VARCHAR'))
    const sources = files.map((file) => ({ file, units: PLAIN_UNITS }))
    const plan = await queryRows(connection, `EXPLAIN ${expectedSql(sources, OPTIONS)}`)
    assert.match(String(plan[0]['explain_value']), /PARQUET/)
    assert.doesNotMatch(String(plan[0]['explain_value']), /JOIN/)
  }))

for (const change of [
  { timeZone: 'Europe/Paris' },
  { missingMsisdn: 'zero' as const },
  { partitions: 3 },
]) {
  test(`a state made with ${JSON.stringify(change)} equals its recomputation`, async () => {
    const result = await verifyState([dirty], await replay([dirty], change))
    assert.deepEqual(result.differing, [])
  })
}

for (const name of readdirSync(FIXTURES).filter((name) => name.endsWith('.parquet'))) {
  test(`the fixture ${name} equals its recomputation, in two zones`, async () => {
    const files = [join(FIXTURES, name)]
    for (const change of [{}, { timeZone: 'Europe/Paris', missingMsisdn: 'zero' as const }]) {
      const result = await verifyState(files, await replay(files, change, MONTH_FIRST), MONTH_FIRST)
      assert.deepEqual(result.differing, [])
    }
  })
}

test('all fixtures together, one of them twice, equal their recomputation', async () => {
  const copy = join(folder, 'copy.parquet')
  copyFileSync(join(FIXTURES, 'text.parquet'), copy)
  const files = [join(FIXTURES, '*.parquet'), copy]
  const directory = await replay(files, {}, MONTH_FIRST)
  assert.deepEqual((await verifyState(files, directory, MONTH_FIRST)).differing, [])
})

test('a difference of one byte of one subscriber is named', async () => {
  const directory = await replay([dirty])
  let msisdn = 0
  await withWriter(directory, ({ partitions: [partition] }) => {
    const [rows] = partition.table.chunks
    msisdn = rows[FIELD.msisdn]
    rows[FIELD.uplinkBytes]++
    partition.table.dirty[0] = 1
    partition.table.dirtyCount++
    commitPartition(partition, 0)
  })
  const { differing, differences } = await verifyState([dirty], directory)
  assert.equal(differences, 1)
  assert.equal(differing[0].what, `subscriber ${msisdn}: uplinkBytes`)
  assert.equal(Number(differing[0].found), Number(differing[0].expected) + 1)
})

/** Gives the first subscriber of a partition another MSISDN; returns the former one. */
function renumber(partition: Partition, msisdn: number): number {
  const [rows] = partition.table.chunks
  const former = rows[FIELD.msisdn]
  rows[FIELD.msisdn] = msisdn
  partition.table.dirty[0] = 1
  partition.table.dirtyCount++
  commitPartition(partition, 0)
  return former
}

for (const other of [7, 999_999_999_999_999]) {
  test(`a subscriber under the MSISDN ${other} is one missing and one extra`, async () => {
    const directory = await replay([dirty])
    let msisdn = 0
    await withWriter(directory, ({ partitions: [partition] }) => {
      msisdn = renumber(partition, other)
    })
    const { differing } = await verifyState([dirty], directory)
    assert.deepEqual(
      differing.map(({ what }) => what),
      [`subscriber ${other}`, `subscriber ${msisdn}`].sort(
        (a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1]),
      ),
    )
  })
}

test('the rows of a subscriber in two partitions are compared as their sum', async () => {
  const directory = await replay([dirty], { partitions: 2 })
  let [twice, gone] = [0, 0]
  const work = ({ partitions: [first, second] }: { partitions: Partition[] }): void => {
    twice = first.table.chunks[0][FIELD.msisdn]
    gone = renumber(second, twice)
  }
  await withWriter(directory, work, { partitions: 2 })
  const { differing } = await verifyState([dirty], directory)
  const missing = differing.find(({ found }) => found === 'none')
  assert.equal(missing?.what, `subscriber ${gone}`)
  const more = differing.find(({ what }) => what === `subscriber ${twice}: records`)
  const surplus = Number(more?.found) - Number(more?.expected)
  assert.equal(`${surplus} records`, missing.expected)
  assert.ok(differing.every(({ expected }) => expected !== 'none'))
})

test('a partition that has not applied a file to its end is named', async () => {
  const directory = await replay([dirty], { partitions: 2 })
  const work = ({ partitions: [, second] }: { partitions: Partition[] }): void => {
    for (const [source, position] of second.positions) {
      position.next = 10
      second.moved.add(source)
    }
    commitPartition(second, 0)
  }
  await withWriter(directory, work, { partitions: 2 })
  await assert.rejects(verifyState([dirty], directory), {
    code: 'verify-differs',
    message: /dirty\.parquet: the state has applied the first 10 of its 20000 rows/,
  })
})

test('totals beyond 2^53 are compared exactly', async () => {
  const largest = `${2 ** 53 - 1}::BIGINT`
  const file = await writeVariant(join(folder, 'large.parquet'), {
    'MSISDN/Number': '33600000000 + row',
    'Gaming DL (Bytes)': largest,
    'Gaming UL (Bytes)': `${largest} - row`,
  })
  assert.deepEqual((await verifyState([file], await replay([file]))).differing, [])
})

test('a row of means is a footer only without MSISDN, Start and End', async () => {
  const unless = (row: number, name: string) => `CASE WHEN row <> ${row} THEN "${name}" END`
  const file = await writeVariant(join(folder, 'footers.parquet'), {
    'MSISDN/Number': 'CASE WHEN row > 4 THEN "MSISDN/Number" END',
    'Gaming DL (Bytes)': '"Gaming DL (Bytes)" + 0.5',
    'Gaming UL (Bytes)': 'row',
    Start: `CASE WHEN row <> 0 AND row <> 1 THEN '4/21/2019 12:00' END`,
    End: `CASE WHEN row <> 0 AND row <> 2 THEN '4/21/2019 12:30' END`,
    'Start ms': unless(0, 'Start ms'),
  })
  const units = { ...AUTO_UNITS, durationUnit: 'ms' } as const
  const directory = await replay([file], {}, units)
  assert.deepEqual((await verifyState([file], directory, units)).differing, [])
  await withView(directory, ({ counters }) => {
    assert.deepEqual([counters.rejected['footer'], counters.rejected['missing-msisdn']], [1, 4])
  })
})

test('application totals and counts of rows are compared, ten differences are named', async () => {
  const directory = await replay([dirty])
  await withWriter(directory, ({ partitions: [partition] }) => {
    for (let slot = 0; slot < 20; slot++) {
      partition.table.chunks[0][slot * 22 + FIELD.applications]++
      partition.table.dirty[slot] = 1
    }
    partition.table.dirtyCount += 20
    partition.counters.rejected['invalid-number']++
    commitPartition(partition, 0)
  })
  const { differing, differences } = await verifyState([dirty], directory)
  assert.equal(differences, 22)
  assert.equal(differing.length, 10)
  assert.equal(differing[0].what, 'rows rejected invalid-number')
  assert.equal(differing[1].what, 'total Social Media downlinkBytes')
})

test('a file that the state has not applied is refused by name', async () => {
  const clean = join(FIXTURES, 'integers.parquet')
  await assert.rejects(verifyState([clean, dirty], await replay([dirty])), {
    code: 'verify-differs',
    message: /integers\.parquet: the state has applied none of its \d+ rows.*replay the file/,
  })
})

test('a source of the state that is not among the files is named', async () => {
  const clean = join(FIXTURES, 'integers.parquet')
  await assert.rejects(verifyState([clean], await replay([clean, dirty])), {
    code: 'input-missing',
    message:
      /the state holds 20000 rows of dirty\.parquet .*which was not given; .*: name every one/,
  })
})

test('a missing file and a directory without a state are refused', async () => {
  const directory = await replay([dirty])
  await assert.rejects(verifyState([join(folder, 'absent.parquet')], directory), {
    code: 'input-missing',
  })
  await assert.rejects(verifyState([dirty], join(folder, 'nothing')), { code: 'state-missing' })
})
