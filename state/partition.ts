// A partition in the writer's memory: aggregates, hours, counters, positions, rejected rows.
import { PulseError } from '../src/errors.ts'
import { sumRecords } from '../src/subscriber/aggregate.ts'
import { createHourTable, type HourTable } from '../src/subscriber/hours.ts'
import { appendRows, createTable, reserve, type Table } from '../src/subscriber/table.ts'
import { inconsistenciesOf, readSourceCounts, sumHours } from './consistency.ts'
import { presentCounters, presentPosition } from './former-format.ts'
import type { ReadTransaction } from './environment.ts'
import { commitOfKey, hourOfKey } from './keys.ts'
import { createCounters, createPosition } from './partition-metadata.ts'
import type { Counters, RejectedRow, SourcePosition } from './partition-metadata.ts'
import { BLOCK_SLOTS } from './pages.ts'
import { requireRecords, scanPartition } from './scan.ts'
import { beginRead, type PartitionStore } from './store.ts'

/** Which blocks of the base image are stale, and which commits the journal still holds. */
export interface Sweep {
  /** By block: the first commit with rows that the base image lacks; 0 for none. */
  staleSince: Float64Array
  /** By block: number of pages of the base image. */
  pages: Uint16Array
  /** The block at which the next commit begins its sweep. */
  next: number
  /** Commits in the journal, ascending, with their number of pages. */
  journal: { commit: number; pages: number }[]
}

/** A partition with everything that its next commit writes. */
export interface Partition {
  store: PartitionStore
  table: Table
  hours: HourTable
  counters: Counters
  positions: Map<string, SourcePosition>
  /** Sources whose position changed since the last commit. */
  moved: Set<string>
  /** Rows rejected since the last commit. */
  rejected: RejectedRow[]
  /** True when rejected rows also go to the outbox, for the dead-letter topic. */
  outbox: boolean
  /** Stored rejected rows that were applied since the last commit. */
  reprocessed: { key: Buffer; bytes: number }[]
  /** Keys of the outbox that the dead-letter topic acknowledged since the last commit. */
  delivered: Buffer[]
  sweep: Sweep
}

/**
 * Loads a partition into memory as of its last commit.
 *
 * @throws PulseError `state-corrupt` when its numbers are inconsistent
 */
export function loadPartition(store: PartitionStore): Partition {
  const { transaction, finish } = beginRead(store)
  try {
    const counters = readCounters(store, transaction)
    const partition: Partition = {
      store,
      table: createTable(),
      hours: readHours(store, transaction),
      counters,
      positions: readPositions(store, transaction),
      moved: new Set(),
      rejected: [],
      outbox: false,
      delivered: [],
      reprocessed: [],
      sweep: createSweep(Math.ceil(counters.subscribers / BLOCK_SLOTS)),
    }
    const records = loadTable(partition, transaction)
    requireConsistent(partition, transaction, records)
    for (const key of store.journal.getKeys({ transaction })) countPage(partition.sweep, key)
    partition.sweep.next = stalestBlock(partition.sweep)
    return partition
  } finally {
    finish()
  }
}

/** A partition without aggregates, for a thread that only knows how far its sources are read. */
export const metadataOf = (
  store: PartitionStore,
  { counters, positions }: Pick<Partition, 'counters' | 'positions'>,
): Partition => ({
  ...{ store, counters, positions },
  ...{ table: createTable(), hours: createHourTable(), moved: new Set(), sweep: createSweep(0) },
  ...{ rejected: [], outbox: false, delivered: [], reprocessed: [] },
})

/** Loads all aggregates; returns the sum of their records. */
function loadTable(
  { store, table, counters, sweep }: Partition,
  transaction: ReadTransaction,
): number {
  reserve(table, counters.subscribers)
  let records = 0
  let block = 0
  scanPartition(store, transaction, counters.subscribers, (rows, count, state) => {
    appendRows(table, rows, count)
    records += sumRecords(rows, count)
    sweep.pages[block] = state.pages
    sweep.staleSince[block++] = state.staleSince
  })
  requireRecords(store, records, counters.applied)
  return records
}

function requireConsistent(
  { store, counters, hours, positions }: Partition,
  transaction: ReadTransaction,
  records: number,
): void {
  const [violation, ...more] = inconsistenciesOf({
    partition: store.partition,
    counters,
    records,
    hourRecords: sumHours(hours),
    rejectedStored: store.rejected.getKeysCount({ transaction }),
    positions: [...positions],
    hasSourceCounts: readSourceCounts(store, transaction),
  }) as (string | undefined)[]
  if (violation === undefined) return
  throw new PulseError(
    'state-corrupt',
    `${store.directory} is inconsistent: ${[violation, ...more].join('; ')}; restore the state ` +
      'directory from a backup, or replay its sources into a new directory',
  )
}

function createSweep(blocks: number): Sweep {
  return {
    staleSince: new Float64Array(blocks),
    pages: new Uint16Array(blocks),
    next: 0,
    journal: [],
  }
}

/** The stalest block: short runs that all began at block 0 would never rewrite the last blocks. */
function stalestBlock({ staleSince }: Sweep): number {
  let stalest = 0
  for (let block = 0; block < staleSince.length; block++) {
    const since = staleSince[block]
    if (since > 0 && (staleSince[stalest] === 0 || since < staleSince[stalest])) stalest = block
  }
  return stalest
}

function countPage({ journal }: Sweep, key: Buffer): void {
  const commit = commitOfKey(key)
  const last = journal.at(-1)
  if (last?.commit === commit) last.pages++
  else journal.push({ commit, pages: 1 })
}

/** The counters as of a read transaction; zeros before the first commit. */
export function readCounters(store: PartitionStore, transaction: ReadTransaction): Counters {
  const zero = createCounters()
  const stored: unknown = store.meta.get('counters', { transaction })
  if (stored === undefined) return zero
  const counters = presentCounters(stored)
  // A former version may have had fewer reasons, columns and counters.
  const { rejected, coerced, missing } = zero
  return {
    ...zero,
    ...counters,
    rejected: { ...rejected, ...counters.rejected },
    coerced: { ...coerced, ...counters.coerced },
    missing: { ...missing, ...counters.missing },
  }
}

/** The totals by hour as of a read transaction. */
export function readHours(store: PartitionStore, transaction: ReadTransaction): HourTable {
  const hours = createHourTable()
  for (const { key, value } of store.hours.getRange({ transaction })) {
    // A copy: LMDB's memory is not aligned for float64, and valid only within the transaction.
    const row = new Float64Array(new Uint8Array(value).buffer)
    hours.rows.set(hourOfKey(key), row)
  }
  return hours
}

/** The positions by source as of a read transaction. */
export function readPositions(
  store: PartitionStore,
  transaction: ReadTransaction,
): Map<string, SourcePosition> {
  const positions = new Map<string, SourcePosition>()
  for (const { key, value } of store.positions.getRange({ transaction })) {
    const position = presentPosition(value)
    // Adds the fields that a former format lacks.
    positions.set(key, { ...createPosition(position), ...position })
  }
  return positions
}

/** True when a partition has rows, or positions that were committed with rows. */
export function hasCommit(store: PartitionStore): boolean {
  if (store.stamp === null) return false
  const { transaction, finish } = beginRead(store)
  try {
    return readCounters(store, transaction).commit > 0
  } finally {
    finish()
  }
}
