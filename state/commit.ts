// The commit: one LMDB transaction with everything that changed. Its cost depends on the number of
// changed rows, not on the size of the store.
//
// Rewriting the page of every changed subscriber would rewrite nearly the whole store each second:
// subscribers change at random, and a page holds dozens of them. So a commit
//   1. chooses the blocks to rewrite, in turn, with as many slots as changed since the last commit;
//   2. writes the base image of these blocks, with all of their rows;
//   3. writes the changed rows of all other blocks to the journal;
//   4. removes journal entries that are older than every block's base image;
//   5. writes hours, positions, rejected rows and counters.
// So the journal stays within about the size of the base image, and a commit writes at most about
// twice what changed. In a small or busy partition step 1 chooses all blocks: it has no journal.
import { performance } from 'node:perf_hooks'
import { hourKey, journalKey, blockKey } from './keys.ts'
import type { Partition, Sweep } from './partition.ts'
import { BLOCK_BITS, BLOCK_SLOTS, writePages } from './pages.ts'
import { writeRejected } from './rejected-rows.ts'
import { writeDurably } from './transaction.ts'

/** Each commit rewrites at least this share of the base image, which bounds the journal's entries. */
const LEAST_SHARE = 1 / 256
/** Each commit may rewrite this many slots: a small partition has no journal. */
const LEAST_SLOTS = 4 * BLOCK_SLOTS

/** Duration of a commit, and the part of it that writes and flushes the transaction's pages. */
export interface CommitTimes {
  commitSeconds: number
  flushSeconds: number
}

/**
 * Commits a partition; on return the commit is durable. An error leaves the store unchanged, but
 * the partition in memory is unusable: the process must end and restore from the store.
 *
 * @param keepRejected maximum number of rejected rows to keep
 * @throws PulseError `store-failed` for any error of the store, `state-locked` without the lock
 */
export function commitPartition(partition: Partition, keepRejected: number): CommitTimes {
  return commitWriting(partition, () => writeChanges(partition, keepRejected))
}

/** The same with what `write` writes, `writeChanges` included, in one transaction. */
export function commitWriting(partition: Partition, write: () => void): CommitTimes {
  const start = performance.now()
  let written = start
  writeDurably(partition.store, () => {
    write()
    written = performance.now()
  })
  clearDirty(partition)
  const end = performance.now()
  return { commitSeconds: (end - start) / 1000, flushSeconds: (end - written) / 1000 }
}

/** Writes everything that changed, within a transaction; `clearDirty` follows it. */
export function writeChanges(partition: Partition, keepRejected: number): void {
  const { table, counters } = partition
  counters.commit++
  counters.subscribers = table.count
  writeAggregates(partition)
  writeHours(partition)
  writePositions(partition)
  writeRejected(partition, keepRejected)
  void partition.store.meta.put('counters', counters)
}

function writeAggregates(partition: Partition): void {
  const { table, sweep } = partition
  growSweep(sweep, Math.ceil(table.count / BLOCK_SLOTS))
  const dirtyBlocks = findDirtyBlocks(partition)
  const chosen = chooseBlocks(partition, dirtyBlocks)
  for (let block = 0; block < chosen.length; block++) {
    if (chosen[block] === 1) writeBlock(partition, block)
  }
  writeJournal(partition, dirtyBlocks, chosen)
  trimJournal(partition)
}

/** After the transaction: a commit that failed leaves subscribers that are not durable. */
export function clearDirty({ table, counters }: Partition): void {
  table.dirty.fill(0, 0, counters.subscribers)
  table.dirtyCount = 0
}

function growSweep(sweep: Sweep, blocks: number): void {
  if (blocks <= sweep.pages.length) return
  const room = Math.max(blocks, sweep.pages.length * 2)
  const grown = { staleSince: new Float64Array(room), pages: new Uint16Array(room) }
  grown.staleSince.set(sweep.staleSince)
  grown.pages.set(sweep.pages)
  Object.assign(sweep, grown)
}

/** By block: 1 when a slot changed since the last commit. */
function findDirtyBlocks({ table }: Partition): Uint8Array {
  const blocks = new Uint8Array(Math.ceil(table.count / BLOCK_SLOTS))
  if (table.dirtyCount === 0) return blocks
  for (let block = 0; block < blocks.length; block++) {
    const end = Math.min(table.count, (block + 1) << BLOCK_BITS)
    const first = table.dirty.indexOf(1, block << BLOCK_BITS)
    if (first < 0) break
    // Skips the blocks in which nothing changed.
    if (first >= end) block = (first >>> BLOCK_BITS) - 1
    else blocks[block] = 1
  }
  return blocks
}

/** Step 1: dirty or stale blocks, in turn, until they have as many slots as changed. */
function chooseBlocks({ table, sweep }: Partition, dirty: Uint8Array): Uint8Array {
  const chosen = new Uint8Array(dirty.length)
  const budget = Math.max(table.dirtyCount, table.count * LEAST_SHARE, LEAST_SLOTS)
  let slotCount = 0
  for (let step = 0; step < dirty.length && slotCount < budget; step++) {
    if (sweep.next >= dirty.length) sweep.next = 0
    const block = sweep.next++
    if (dirty[block] === 0 && sweep.staleSince[block] === 0) continue
    chosen[block] = 1
    slotCount += BLOCK_SLOTS
  }
  return chosen
}

const slots = new Uint32Array(BLOCK_SLOTS)

/** Step 2. Removes the pages that the block no longer needs. */
function writeBlock({ store, table, sweep, counters }: Partition, block: number): void {
  const first = block << BLOCK_BITS
  const count = Math.min(BLOCK_SLOTS, table.count - first)
  for (let i = 0; i < count; i++) slots[i] = first + i
  const before = sweep.pages[block]
  const pages = writePages(table, slots, count, counters.commit, (page, bytes) => {
    store.subscribers.putInPlace(blockKey(block, page), bytes)
  })
  for (let page = pages; page < before; page++) {
    void store.subscribers.remove(blockKey(block, page))
  }
  sweep.pages[block] = pages
  sweep.staleSince[block] = 0
}

/** Step 3: one journal entry per commit. */
function writeJournal(partition: Partition, dirtyBlocks: Uint8Array, chosen: Uint8Array): void {
  const { store, table, sweep, counters } = partition
  const changed = new Uint32Array(table.dirtyCount)
  let count = 0
  for (let block = 0; block < dirtyBlocks.length; block++) {
    if (dirtyBlocks[block] === 0 || chosen[block] === 1) continue
    const end = Math.min(table.count, (block + 1) << BLOCK_BITS)
    for (let slot = block << BLOCK_BITS; slot < end; slot++) {
      if (table.dirty[slot] === 1) changed[count++] = slot
    }
    if (sweep.staleSince[block] === 0) sweep.staleSince[block] = counters.commit
  }
  if (count === 0) return
  const pages = writePages(table, changed, count, 0, (page, bytes) => {
    store.journal.putInPlace(journalKey(counters.commit, page), bytes)
  })
  sweep.journal.push({ commit: counters.commit, pages })
}

/** Step 4. An entry is needed until every block it touched has been rewritten. */
function trimJournal({ store, sweep }: Partition): void {
  let oldest = Infinity
  for (const since of sweep.staleSince) if (since !== 0 && since < oldest) oldest = since
  while (sweep.journal.length > 0 && sweep.journal[0].commit < oldest) {
    const { commit, pages } = sweep.journal.shift() as { commit: number; pages: number }
    for (let page = 0; page < pages; page++) void store.journal.remove(journalKey(commit, page))
  }
}

function writeHours({ store, hours }: Partition): void {
  for (const hour of [...hours.dirty].sort((a, b) => a - b)) {
    const row = hours.rows.get(hour) as Float64Array
    void store.hours.put(hourKey(hour), Buffer.from(row.buffer, row.byteOffset, row.byteLength))
  }
  hours.dirty.clear()
}

function writePositions({ store, positions, moved }: Partition): void {
  for (const source of moved) void store.positions.put(source, positions.get(source))
  moved.clear()
}
