// Reads a state directory, also while it is being written: one consistent view per partition.
import { PulseError } from '../src/errors.ts'
import { addByName } from '../src/record/add-by-name.ts'
import { HOUR_WIDTH } from '../src/subscriber/hours.ts'
import { rowOfKey, sourceOfKey } from './keys.ts'
import { createCounters } from './partition-metadata.ts'
import type { StoredRow } from './rejected-rows.ts'
import type { Counters, RejectedRow, SourcePosition, Stamp } from './partition-metadata.ts'
import { readCounters, readHours, readPositions } from './partition.ts'
import { scanWhole, type PartitionView } from './scan.ts'
import {
  beginRead,
  hasPartition,
  openPartition,
  partitionDirectory,
  readHeld,
  type PartitionStore,
} from './store.ts'
import { hasState, missingPartition, requireStamp } from './writer.ts'

/** A state directory that is open for reading. */
export interface ReadableState {
  directory: string
  stamp: Stamp
  stores: PartitionStore[]
  close(): Promise<void>
}

/** One view of all held partitions, consistent within each; call `finish` at the end. */
export interface StateView {
  /** Sums over partitions; `commit` is the sum of their commits. */
  counters: Counters
  /** Totals by hour number, -1 for records without a readable Start. */
  readonly hours: Map<number, Float64Array>
  positions: { source: string; partition: number; position: SourcePosition }[]
  /** In ascending order, which is that of the scan. */
  partitions: readonly PartitionView[]
  /** Visits all aggregates, WIDTH numbers each, in slot order; the array is reused. */
  scan(visit: (rows: Float64Array, count: number) => void): void
  finish(): void
}

/**
 * Opens a state directory for reading.
 *
 * @throws PulseError `state-missing`, `state-version`, `state-corrupt`
 */
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
  // A reader cannot open a database that the writer has not created yet. The stamp does not show it:
  // it may have been written after the databases were looked up.
  const incomplete = Object.values<unknown>({ ...first }).includes(undefined)
  const found = requireStamp(directory, first)
  const stamp = incomplete ? null : found
  if (stamp === null) {
    const text = `${directory} holds no commit yet; wait until its writer has started, then repeat`
    throw new PulseError('state-missing', text)
  }
  for (let partition = 1; partition < stamp.partitions; partition++) {
    if (!hasPartition(directory, partition)) {
      throw missingPartition(partitionDirectory(directory, partition))
    }
    stores.push(openPartition(directory, partition, 'read'))
  }
  return stamp
}

/**
 * Begins a view of all partitions that are held.
 *
 * @param hours when the totals by hour are read: a look-up never asks for them
 */
export function viewState(
  { stores }: ReadableState,
  hours: 'now' | 'when asked for' = 'now',
): StateView {
  const views = stores.flatMap(beginHeld)
  const counters = createCounters()
  const positions: StateView['positions'] = []
  const partitions = views.map(({ store, transaction }) => {
    const counted = addPartition(store, transaction, counters, positions)
    return { store, transaction, counters: counted }
  })
  let summed = hours === 'now' ? sumHours(partitions) : null
  return {
    counters,
    get hours() {
      return (summed ??= sumHours(partitions))
    },
    positions,
    partitions,
    scan: (visit) => {
      for (const partition of partitions) scanWhole(partition, visit)
    },
    finish: () => {
      for (const { finish } of views) finish()
    },
  }
}

function sumHours(partitions: readonly PartitionView[]): Map<number, Float64Array> {
  const hours = new Map<number, Float64Array>()
  for (const { store, transaction } of partitions) {
    for (const [hour, row] of readHours(store, transaction).rows) {
      const sum = hours.get(hour) ?? new Float64Array(HOUR_WIDTH)
      for (let i = 0; i < HOUR_WIDTH; i++) sum[i] += row[i]
      hours.set(hour, sum)
    }
  }
  return hours
}

/** Begins a view of a partition; none of one that another member of the group reads now. */
function beginHeld(store: PartitionStore) {
  const view = { store, ...beginRead(store) }
  if (readHeld(store, view.transaction)) return [view]
  view.finish()
  return []
}

/** Opens a state directory, runs `work` on one view of it, and closes both. */
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

/** Adds a partition's numbers to the sums; returns its counters. */
function addPartition(
  store: PartitionStore,
  transaction: PartitionView['transaction'],
  sums: Counters,
  positions: StateView['positions'],
): Counters {
  const counters = readCounters(store, transaction)
  sums.commit += counters.commit
  sums.subscribers += counters.subscribers
  sums.applied += counters.applied
  sums.rejectedKept += counters.rejectedKept
  sums.rejectedKeptBytes += counters.rejectedKeptBytes
  sums.rejected = addByName(sums.rejected, counters.rejected)
  sums.coerced = addByName(sums.coerced, counters.coerced)
  sums.missing = addByName(sums.missing, counters.missing)
  for (const [source, position] of readPositions(store, transaction)) {
    positions.push({ source, partition: store.partition, position })
  }
  return counters
}

/** At most `limit` stored rejected rows, of one reason or of all, in order of source and row. */
export function readRejected(
  state: ReadableState,
  limit: number,
  only: RejectedRow['reason'] | null = null,
): RejectedRow[] {
  const rows: RejectedRow[] = []
  for (const store of state.stores) {
    const { transaction, finish } = beginRead(store)
    try {
      let kept = 0
      for (const { key, value } of store.rejected.getRange({ transaction })) {
        const [reason, raw, detail] = value as StoredRow
        if (only !== null && reason !== only) continue
        if (++kept > limit) break
        const row = { source: sourceOfKey(key), row: rowOfKey(key), reason, raw }
        rows.push(detail === undefined ? row : { ...row, detail })
      }
    } finally {
      finish()
    }
  }
  rows.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : a.row - b.row))
  return rows.slice(0, limit)
}
