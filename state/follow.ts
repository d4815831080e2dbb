// Follows a state that is open for reading while its writer grows it.
import { requireStamp } from './writer.ts'
import type { Stamp } from './partition-metadata.ts'
import type { ReadableState } from './read.ts'
import { readStoredStamp } from './stamp.ts'
import { beginRead, openPartition, type PartitionStore } from './store.ts'

/**
 * Opens the partitions that a state got since it was opened: its first partition names them when all
 * of them exist.
 *
 * @throws PulseError as opening the state does
 */
export function followGrowth(state: ReadableState): void {
  const stamp = stampNow(state.stores[0])
  if (stamp === null || stamp.partitions <= state.stores.length) return
  while (state.stores.length < stamp.partitions) {
    const store = openPartition(state.directory, state.stores.length, 'read')
    state.stores.push(store)
    requireStamp(state.directory, store)
  }
  state.stamp = stamp
}

/** The stamp as of now: a read without a transaction may see an older one. */
function stampNow(store: PartitionStore): Stamp | null {
  const { transaction, finish } = beginRead(store)
  try {
    return readStoredStamp(store.meta.database, store.checks.path, transaction)
  } finally {
    finish()
  }
}
