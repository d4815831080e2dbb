// The state of which bits are flipped, and what a process finds in each damaged file.
import assert from 'node:assert/strict'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { createPosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import { openState } from '../../state/writer.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from './stores.ts'

const FILE = 'df1899b35cd4dfb5dcb162ef9a913953'

/** A damaged file, and what a reader and a writer found: the same numbers, others, or the refusal. */
export interface Flip {
  page: number
  byte: number
  bit: number
  /** The file ends at this place; no bit is flipped. */
  cut: boolean
  reader: string
  writer: string
}

/** A few commits: a base image, a journal, a source, rejected rows, and pages that are free. */
export async function makeDamaged(directory: string): Promise<void> {
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
