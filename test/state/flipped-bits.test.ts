// One flipped bit in a data file changes no number in silence, and ends no process.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { createPosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import { readRejected, withView } from '../../state/read.ts'
import { openPartition, type PartitionStore } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import type { Flip } from './flipped-bits-reader.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from './stores.ts'

const READER = join(import.meta.dirname, 'flipped-bits-reader.ts')
const FLIPS = 100
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 100_000)
const FILE = 'df1899b35cd4dfb5dcb162ef9a913953'

/** A few commits: a base image, a journal, a source, rejected rows, and pages that are free. */
async function makeState(directory: string): Promise<void> {
  const state = await openState(directory, OPTIONS, 'test')
  const [partition] = state.partitions
  const random = seededRandom(3)
  for (const rows of [9000, 300, 300, 50]) {
    apply(partition, batchOf(someSubscribers(33600000000, 6000, rows, random), random))
    reject(partition, partition.counters.applied)
    commitPartition(partition, 10)
  }
  assert.ok(partition.sweep.journal.length > 0)
  await state.close()
}

function reject(partition: Partition, row: number): void {
  const { counters, positions, moved, rejected } = partition
  rejected.push({ source: FILE, row, reason: 'invalid-msisdn', raw: `["${row}"]` })
  counters.rejected['invalid-msisdn']++
  const units = { durationUnit: 'ms', evidence: 'as the test states' } as const
  const file = { name: 'a.parquet', kind: 'file', rows: 20_000, order: 'file', ...units } as const
  const count = counters.rejected['invalid-msisdn']
  positions.set(FILE, { ...createPosition(file), next: row, rejected: count })
  moved.add(FILE)
}

type Named = Pick<PartitionStore, 'subscribers' | 'positions' | 'hours' | 'rejected'>

const DAMAGED: [keyof Named, RegExp][] = [
  ['subscribers', /aggregates of block 0, page 0, differs from its checksum/],
  ['positions', /position of source "df1899b35cd4dfb5dcb162ef9a913953" differs from/],
  ['hours', /totals of hour -1 differs from its checksum/],
  ['rejected', /rejected row 9000 of source df1899b35cd4dfb5dcb162ef9a913953 differs from/],
]
for (const [name, sentence] of DAMAGED) {
  test(`an entry of ${name} with another value is named by the error`, () =>
    withDirectory(async (directory) => {
      await makeState(directory)
      const store = openPartition(directory, 0, 'write')
      const { database } = store[name]
      const [{ key, value }] = database.getRange({ limit: 1 })
      value[value.length >> 1] ^= 1
      await database.put(key, value)
      await store.environment.close()
      const read = withView(directory, (view, state) => {
        view.scan(() => undefined)
        readRejected(state, 10)
      })
      await assert.rejects(read, { code: 'store-failed', message: sentence })
    }))
}

test(`a flipped bit is refused with a sentence, or changes no number (seed ${SEED})`, () =>
  withDirectory(async (directory) => {
    await makeState(directory)
    const argv = [READER, directory, String(SEED), String(FLIPS)]
    const child = spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 2 ** 26 })
    const last = child.stderr.trimEnd().split('\n').slice(-3).join('\n')
    assert.deepEqual([child.signal, child.status], [null, 0], last)
    const flips = child.stdout.trimEnd().split('\n')
    assert.equal(flips.length, FLIPS)
    let refused = 0
    for (const line of flips) {
      const { reader, writer } = JSON.parse(line) as Flip
      for (const found of [reader, writer]) {
        if (found !== 'same')
          assert.match(found, /^\S+partition-0000.* the state|^\S+data\.mdb is/, line)
      }
      if (reader !== 'same') refused++
    }
    assert.ok(refused > FLIPS / 10, `${refused} of ${FLIPS} were refused`)
  }))
