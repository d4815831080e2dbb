// Reads a state directory, also while it is written: one consistent view of each partition.
import { PulseError } from '../src/errors.ts'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { HOUR_WIDTH } from '../src/subscriber/hours.ts'
import {
  updateCache,
  createCachedPartition,
  visitCached,
  type RowCache,
  type CachedPartition,
} from './row-cache.ts'
import { rowOfKey, sourceOfKey } from './keys.ts'
import { addCounts, createCounters } from './partition-metadata.ts'
import type { Counters, RejectedRow, SourcePosition, Stamp } from './partition-metadata.ts'
import { readCounters, readHours, readPositions } from './partition.ts'
import { scanPartition } from './scan.ts'
import { beginRead, isMade, openPartition, partitionDirectory, readHeld } from './store.ts'
import type { PartitionStore, ReadTransaction } from './store.ts'
import { hasState, lost, readStamp } from './writer.ts'

export interface ReadableState {
  directory: string
  stamp: Stamp
  stores: PartitionStore[]
  close(): Promise<void>
}

/** One view of all partitions. Each is consistent in itself; `finish` must be called. */
export interface StateView {
  /** Sums over partitions; `commit` is the sum of their commits. */
  counters: Counters
  /** Totals by hour number, -1 for records without a readable Start. */
  hours: Map<number, Float64Array>
  positions: { source: string; partition: number; position: SourcePosition }[]
  /**
   * Visits all aggregates, WIDTH numbers each, in slot order; the array is reused. With `cache`,
   * which are kept from view to view, only what changed since is read, for the memory of all rows.
   */
  scan(visit: (rows: Float64Array, count: number) => void, cache?: RowCache): void
  finish(): void
}

/** Opens a state directory to read. Throws PulseError `state-missing`, `-version` or `-corrupt`. */
export function openStateToRead(directory: string): ReadableState {
  if (!hasState(directory)) {
    throw new PulseError(
      'state-missing',
      `${directory} holds no state; expected a directory that "run", "replay" or "demo" wrote: ` +
        'give it with --state',
    )
  }
  const stores: PartitionStore[] = []
  const close = async (): Promise<void> => {
    for (const store of stores) await store.environment.close()
  }
  try {
    const stamp = openStores(directory, stores)
    return { directory, stamp, stores, close }
  } catch (error) {
    void close()
    throw error
  }
}

function openStores(directory: string, stores: PartitionStore[]): Stamp {
  const first = openPartition(directory, 0, 'read')
  stores.push(first)
  // Its writer may have come no further: a database that is not made yet cannot be opened to read.
  // The stamp does not tell: it may have been written since the others were looked for.
  const unmade = Object.values<unknown>({ ...first }).includes(undefined)
  const stamp = unmade ? null : readStamp(directory, first)
  if (stamp === null) throw new PulseError('state-missing', `${directory} holds no commit yet`)
  for (let partition = 1; partition < stamp.partitions; partition++) {
    if (!isMade(directory, partition)) throw lost(partitionDirectory(directory, partition))
    stores.push(openPartition(directory, partition, 'read'))
  }
  return stamp
}

/** Begins a view of everything. */
export function viewState({ stores }: ReadableState): StateView {
  const views = stores.map((store) => ({ store, ...beginRead(store) })).filter(holdsOrEnds)
  const counters = createCounters()
  const hours = new Map<number, Float64Array>()
  const positions: StateView['positions'] = []
  const held = views.map(({ store, transaction }) =>
    addPartition(store, transaction, counters, hours, positions),
  )
  return {
    counters,
    hours,
    positions,
    scan: (visit, cache) => {
      views.forEach(({ store, transaction }, i) => {
        if (cache === undefined) scanPartition(store, transaction, held[i].subscribers, visit)
        else visitCached(caughtUp(cache, store, transaction, held[i]), visit)
      })
    },
    finish: () => {
      for (const { finish } of views) finish()
    },
  }
}

function caughtUp(
  cache: RowCache,
  store: PartitionStore,
  transaction: ReadTransaction,
  counters: Counters,
): CachedPartition {
  const copy = cache.get(store.partition) ?? createCachedPartition()
  // One that could not be brought up is made anew.
  cache.delete(store.partition)
  updateCache(copy, store, transaction, counters)
  cache.set(store.partition, copy)
  return copy
}

/** Leaves out a partition that another member of the consumer group reads now. */
function holdsOrEnds(view: { store: PartitionStore } & ReturnType<typeof beginRead>): boolean {
  const held = readHeld(view.store, view.transaction)
  if (!held) view.finish()
  return held
}

/** Opens a state directory, works on one view of it, and closes both. */
export async function withView<T>(
  directory: string,
  work: (view: StateView, state: ReadableState) => T,
): Promise<T> {
  const state = openStateToRead(directory)
  try {
    const view = viewState(state)
    try {
      return work(view, state)
    } finally {
      view.finish()
    }
  } finally {
    await state.close()
  }
}

/** Adds one partition's numbers to the sums, and returns its counters. */
function addPartition(
  store: PartitionStore,
  transaction: ReadTransaction,
  sums: Counters,
  hours: Map<number, Float64Array>,
  positions: StateView['positions'],
): Counters {
  const counters = readCounters(store, transaction)
  sums.commit += counters.commit
  sums.subscribers += counters.subscribers
  sums.applied += counters.applied
  sums.rejectedKept += counters.rejectedKept
  sums.rejectedKeptBytes += counters.rejectedKeptBytes
  addCounts(sums.rejected, counters.rejected)
  addCounts(sums.coerced, counters.coerced)
  addCounts(sums.missing, counters.missing)
  for (const [hour, row] of readHours(store, transaction).rows) {
    const sum = hours.get(hour) ?? new Float64Array(HOUR_WIDTH)
    for (let i = 0; i < HOUR_WIDTH; i++) sum[i] += row[i]
    hours.set(hour, sum)
  }
  for (const [source, position] of readPositions(store, transaction)) {
    positions.push({ source, partition: store.partition, position })
  }
  return counters
}

/** Rejected rows that were kept, in order of source and row; at most `limit`. */
export function readRejected(state: ReadableState, limit: number): RejectedRow[] {
  const rows: RejectedRow[] = []
  for (const store of state.stores) {
    const { transaction, finish } = beginRead(store)
    try {
      for (const { key, value } of store.rejected.getRange({ transaction, limit })) {
        const [reason, raw] = value as [RejectedRow['reason'], string]
        rows.push({ source: sourceOfKey(key), row: rowOfKey(key), reason, raw })
      }
    } finally {
      finish()
    }
  }
  rows.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : a.row - b.row))
  return rows.slice(0, limit)
}

/** The row of one subscriber, or null. */
export function findRow(view: StateView, msisdn: number): Float64Array | null {
  let found: Float64Array | null = null
  view.scan((rows, count) => {
    for (let at = 0; at < count * WIDTH; at += WIDTH) {
      if (rows[at + FIELD.msisdn] === msisdn) found = rows.slice(at, at + WIDTH)
    }
  })
  return found
}
