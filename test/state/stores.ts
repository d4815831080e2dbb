// Partitions for tests: filled by folds, read back, and compared number by number.
import assert from 'node:assert/strict'
import { createBatch, type Batch } from '../../src/record/batch.ts'
import type { Random } from '../../src/random.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { fold } from '../../src/subscriber/fold.ts'
import { foldHours } from '../../src/subscriber/hours.ts'
import { CHUNK_BITS, CHUNK_MASK, type Table } from '../../src/subscriber/table.ts'
import type { Partition } from '../../state/partition.ts'
import { loadPartition } from '../../state/partition.ts'
import { createPosition } from '../../state/partition-metadata.ts'
import { openPartition } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'

/** The options of a state of one partition. */
export const OPTIONS: StateOptions = {
  partitions: 1,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
}

const START_MS = Date.UTC(2019, 3, 4)
const HOURS_MS = 50 * 3_600_000

/** Records of the given subscribers with amounts of every size, some without times. */
export function batchOf(subscribers: Float64Array, random: Random): Batch {
  const batch = createBatch(subscribers.length)
  batch.count = subscribers.length
  batch.subscriber.set(subscribers)
  for (let i = 0; i < subscribers.length; i++) {
    batch.session[i] = random() < 0.9 ? 1 : 0
    const start = START_MS + Math.floor(random() * HOURS_MS)
    batch.startMs[i] = random() < 0.1 ? 0 : start
    batch.endMs[i] = random() < 0.1 ? 0 : start + Math.floor(random() * HOURS_MS)
    for (const amounts of batch.amounts) amounts[i] = Math.floor(2 ** (random() * 40)) - 1
  }
  return batch
}

/** A source of rows for tests that have none. */
const SOURCE = 'ffffffffffffffffffffffffffffffff'

/** Folds a batch as the router does; rows that no source counts yet are of a file. */
export function apply(partition: Partition, batch: Batch): void {
  const { table, hours, counters, positions, moved } = partition
  fold(table, batch, new Uint32Array(batch.count))
  foldHours(hours, batch)
  counters.applied += batch.count
  const units = { durationUnit: 'ms', evidence: 'as a test states' } as const
  const file = { name: 'test', kind: 'file', rows: 0, order: 'file', ...units } as const
  const applied = [...positions.values()].reduce((sum, position) => sum + position.applied, 0)
  if (applied >= counters.applied) return
  const position = positions.get(SOURCE) ?? createPosition(file)
  position.applied += counters.applied - applied
  positions.set(SOURCE, position)
  moved.add(SOURCE)
}

/** `count` subscribers of `[first, first + below)`, seeded. */
export const someSubscribers = (
  first: number,
  below: number,
  count: number,
  random: Random,
): Float64Array => Float64Array.from({ length: count }, () => first + Math.floor(random() * below))

/** A row of a table as a plain list. */
export const rowOf = ({ chunks }: Table, slot: number): number[] => {
  const at = (slot & CHUNK_MASK) * WIDTH
  return [...chunks[slot >>> CHUNK_BITS].subarray(at, at + WIDTH)]
}

/** Asserts that two tables hold the same subscribers in the same slots. */
export function assertSameTable(found: Table, expected: Table): void {
  assert.equal(found.count, expected.count)
  const used = expected.count * WIDTH
  expected.chunks.forEach((chunk, c) => {
    const part = Math.min(chunk.length, used - c * (WIDTH << CHUNK_BITS))
    for (let i = 0; i < part; i++) {
      if (Object.is(found.chunks[c][i], chunk[i])) continue
      const slot = (c << CHUNK_BITS) + Math.floor(i / WIDTH)
      assert.deepEqual(rowOf(found, slot), rowOf(expected, slot), `slot ${slot}`)
    }
  })
}

/** A partition as of its last commit, read by another environment of the same files. */
export async function reload(directory: string): Promise<Partition> {
  const store = openPartition(directory, 0, 'read')
  const partition = loadPartition(store)
  await store.environment.close()
  return partition
}

/** The sum of the records of `count` rows. */
export const recordsOf = (rows: Float64Array, count: number): number => {
  let records = 0
  for (let i = 0; i < count; i++) records += rows[i * WIDTH + FIELD.records]
  return records
}
