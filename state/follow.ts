// Follows a state that is open for reading while its writer grows it.
import { requireStamp } from './writer.ts'
import type { ReadableState } from './read.ts'
import { readStoredStamp } from './stamp.ts'
import { openPartition } from './store.ts'

/**
 * Opens the partitions that a state got since it was opened: its first partition names them when all
 * of them exist.
 *
 * @throws PulseError as opening the state does
 */
export function followGrowth(state: ReadableState): void {
  const [{ meta, checks }] = state.stores
  const stamp = readStoredStamp(meta.database, checks.path)
  if (stamp === null || stamp.partitions <= state.stores.length) return
  while (state.stores.length < stamp.partitions) {
    const store = openPartition(state.directory, state.stores.length, 'read')
    state.stores.push(store)
    requireStamp(state.directory, store)
  }
  state.stamp = stamp
}
