// The writer's memory of a partition: aggregates, hours, counters, positions, what is refused.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { createHourTable, type HourTable } from '../src/subscriber/hours.ts'
import { appendRows, createTable, reserve, type Table } from '../src/subscriber/table.ts'
import { commitOfKey, hourOfKey } from './keys.ts'
import { createCounters, createPosition } from './partition-metadata.ts'
import type { Counters, RefusedRow, SourcePosition } from './partition-metadata.ts'
import { SEGMENT_SLOTS } from './pages.ts'
import { requireRecords, scanPartition } from './scan.ts'
import { beginRead, type PartitionStore, type ReadTransaction } from './store.ts'

/** Which parts of the base image are behind, and which commits the journal still holds. */
export interface Sweep {
  /** By segment: first commit whose rows its base image lacks, 0 for none. */
  staleSince: Float64Array
  /** By segment: pieces of its base image. */
  pieces: Uint16Array
  /** The segment at which the next sweep begins. */
  next: number
  /** Commits in the journal, ascending, with the number of their pieces. */
  journal: { commit: number; pieces: number }[]
}

export interface Partition {
  store: PartitionStore
  table: Table
  hours: HourTable
  counters: Counters
  positions: Map<string, SourcePosition>
  /** Sources whose position changed since the last commit. */
  moved: Set<string>
  /** Refused since the last commit. */
  refused: RefusedRow[]
  /** Refused rows also go to the outbox, for the dead-letter topic. */
  outbox: boolean
  /** Refused rows that are refused no more since the last commit. */
  mended: { key: Buffer; bytes: number }[]
  /** Keys of the outbox that were delivered since the last commit. */
  delivered: Buffer[]
  sweep: Sweep
}

/** Reads a partition into memory as its last commit left it. */
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
      refused: [],
      outbox: false,
      delivered: [],
      mended: [],
      sweep: createSweep(Math.ceil(counters.subscribers / SEGMENT_SLOTS)),
    }
    loadTable(partition, transaction)
    for (const key of store.journal.getKeys({ transaction })) countPiece(partition.sweep, key)
    partition.sweep.next = longestStale(partition.sweep)
    return partition
  } finally {
    finish()
  }
}

function loadTable({ store, table, counters, sweep }: Partition, transaction: ReadTransaction) {
  reserve(table, counters.subscribers)
  let records = 0
  let segment = 0
  scanPartition(store, transaction, counters.subscribers, (rows, count, state) => {
    appendRows(table, rows, count)
    records += sumRecords(rows, count)
    sweep.pieces[segment] = state.pieces
    sweep.staleSince[segment++] = state.staleSince
  })
  requireRecords(store, records, counters.applied)
}

/** A function of its own: a sum kept in a closure is boxed at every addition. */
function sumRecords(rows: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += rows[i * WIDTH + FIELD.records]
  return sum
}

function createSweep(segments: number): Sweep {
  return {
    staleSince: new Float64Array(segments),
    pieces: new Uint16Array(segments),
    next: 0,
    journal: [],
  }
}

/** Where a sweep goes on: short runs that all began at segment 0 would never reach the last ones. */
function longestStale({ staleSince }: Sweep): number {
  let longest = 0
  for (let segment = 0; segment < staleSince.length; segment++) {
    const since = staleSince[segment]
    if (since > 0 && (staleSince[longest] === 0 || since < staleSince[longest])) longest = segment
  }
  return longest
}

function countPiece({ journal }: Sweep, key: Buffer): void {
  const commit = commitOfKey(key)
  const last = journal.at(-1)
  if (last?.commit === commit) last.pieces++
  else journal.push({ commit, pieces: 1 })
}

export function readCounters(store: PartitionStore, transaction: ReadTransaction): Counters {
  const zero = createCounters()
  const counters = store.meta.get('counters', { transaction }) as Counters | undefined
  if (counters === undefined) return zero
  // An older version may have known fewer reasons, columns and counters.
  const { refused, coerced, missing } = zero
  return {
    ...zero,
    ...counters,
    refused: { ...refused, ...counters.refused },
    coerced: { ...coerced, ...counters.coerced },
    missing: { ...missing, ...counters.missing },
  }
}

export function readHours(store: PartitionStore, transaction: ReadTransaction): HourTable {
  const hours = createHourTable()
  for (const { key, value } of store.hours.getRange({ transaction })) {
    // A copy: LMDB's memory is neither aligned for float64 nor ours to keep.
    const row = new Float64Array(new Uint8Array(value).buffer)
    hours.rows.set(hourOfKey(key), row)
  }
  return hours
}

export function readPositions(
  store: PartitionStore,
  transaction: ReadTransaction,
): Map<string, SourcePosition> {
  const positions = new Map<string, SourcePosition>()
  for (const { key, value } of store.positions.getRange({ transaction })) {
    const known = value as SourcePosition
    positions.set(key, { ...createPosition(known), ...known })
  }
  return positions
}
