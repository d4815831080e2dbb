// The commit: one LMDB transaction with everything that changed, at a cost set by what changed.
//
// Rewriting the page of every changed subscriber would rewrite nearly the whole store each second
// (subscribers are hit at random, a page holds dozens). So a commit
//   1. picks segments to rewrite, in turn, as many subscribers as changed since the last commit;
//   2. writes the base image of these segments, all of their rows;
//   3. writes the changed rows of all other segments into the journal;
//   4. drops journal entries that every segment has overtaken;
//   5. writes hours, positions, refused rows and counters.
// The journal thus never outgrows the base image by much, no commit is larger than about twice
// what changed, and a small or busy partition, where step 1 takes all segments, has no journal.
import { performance } from 'node:perf_hooks'
import { PulseError, messageOf } from '../src/errors.ts'
import { hourKey, journalKey, refusedKey, segmentKey } from './keys.ts'
import type { Partition, Sweep } from './partition.ts'
import { SEGMENT_BITS, SEGMENT_SLOTS, writePieces } from './pages.ts'

/** At least this share of the base image is rewritten, so that the journal has few entries. */
const LEAST_SHARE = 1 / 256
const LEAST_SLOTS = 4 * SEGMENT_SLOTS

/** Seconds a commit took, and of these to write and flush what the transaction collected. */
export interface CommitTimes {
  commitSeconds: number
  flushSeconds: number
}

/**
 * Commits a partition; on return it is durable. Any error leaves the store as it was and the
 * memory unusable: the process must end and start again from the store.
 *
 * @param keepRefused most refused rows to keep
 * @throws PulseError `store-failed`
 */
export function commitPartition(partition: Partition, keepRefused: number): CommitTimes {
  const start = performance.now()
  let written = start
  try {
    partition.store.environment.transactionSync(() => {
      write(partition, keepRefused)
      written = performance.now()
    })
  } catch (error) {
    throw new PulseError(
      'store-failed',
      `${partition.store.directory}: the commit failed (${messageOf(error)}); ` +
        'see that the volume has space and works, then start again: nothing committed is lost',
      error,
    )
  }
  const end = performance.now()
  return { commitSeconds: (end - start) / 1000, flushSeconds: (end - written) / 1000 }
}

function write(partition: Partition, keepRefused: number): void {
  const { table, counters } = partition
  counters.commit++
  counters.subscribers = table.count
  writeAggregates(partition)
  writeHours(partition)
  writePositions(partition)
  writeRefused(partition, keepRefused)
  void partition.store.meta.put('counters', counters)
}

function writeAggregates(partition: Partition): void {
  const { table, sweep, counters } = partition
  growSweep(sweep, Math.ceil(table.count / SEGMENT_SLOTS))
  const dirtySegments = findDirtySegments(partition)
  const chosen = chooseSegments(partition, dirtySegments)
  for (let segment = 0; segment < chosen.length; segment++) {
    if (chosen[segment] === 1) writeSegment(partition, segment)
  }
  writeJournal(partition, dirtySegments, chosen)
  trimJournal(partition)
  table.dirty.fill(0, 0, counters.subscribers)
  table.dirtyCount = 0
}

function growSweep(sweep: Sweep, segments: number): void {
  if (segments <= sweep.pieces.length) return
  const room = Math.max(segments, sweep.pieces.length * 2)
  const grown = { staleSince: new Float64Array(room), pieces: new Uint16Array(room) }
  grown.staleSince.set(sweep.staleSince)
  grown.pieces.set(sweep.pieces)
  Object.assign(sweep, grown)
}

/** By segment: 1 where a slot changed. */
function findDirtySegments({ table }: Partition): Uint8Array {
  const segments = new Uint8Array(Math.ceil(table.count / SEGMENT_SLOTS))
  if (table.dirtyCount === 0) return segments
  for (let segment = 0; segment < segments.length; segment++) {
    const end = Math.min(table.count, (segment + 1) << SEGMENT_BITS)
    const first = table.dirty.indexOf(1, segment << SEGMENT_BITS)
    if (first < 0) break
    // Skips ahead over segments in which nothing changed.
    if (first >= end) segment = (first >>> SEGMENT_BITS) - 1
    else segments[segment] = 1
  }
  return segments
}

/** Step 1: segments that are dirty or stale, in turn, until as many slots as changed are taken. */
function chooseSegments({ table, sweep }: Partition, dirty: Uint8Array): Uint8Array {
  const chosen = new Uint8Array(dirty.length)
  const budget = Math.max(table.dirtyCount, table.count * LEAST_SHARE, LEAST_SLOTS)
  let taken = 0
  for (let step = 0; step < dirty.length && taken < budget; step++) {
    if (sweep.next >= dirty.length) sweep.next = 0
    const segment = sweep.next++
    if (dirty[segment] === 0 && sweep.staleSince[segment] === 0) continue
    chosen[segment] = 1
    taken += SEGMENT_SLOTS
  }
  return chosen
}

const slots = new Uint32Array(SEGMENT_SLOTS)

/** Step 2. */
function writeSegment({ store, table, sweep, counters }: Partition, segment: number): void {
  const first = segment << SEGMENT_BITS
  const count = Math.min(SEGMENT_SLOTS, table.count - first)
  for (let i = 0; i < count; i++) slots[i] = first + i
  const before = sweep.pieces[segment]
  const pieces = writePieces(table, slots, count, counters.commit, (piece, bytes) => {
    void store.subscribers.put(segmentKey(segment, piece), bytes)
  })
  for (let piece = pieces; piece < before; piece++) {
    void store.subscribers.remove(segmentKey(segment, piece))
  }
  sweep.pieces[segment] = pieces
  sweep.staleSince[segment] = 0
}

/** Step 3. */
function writeJournal(partition: Partition, dirtySegments: Uint8Array, chosen: Uint8Array): void {
  const { store, table, sweep, counters } = partition
  const changed = new Uint32Array(table.dirtyCount)
  let count = 0
  for (let segment = 0; segment < dirtySegments.length; segment++) {
    if (dirtySegments[segment] === 0 || chosen[segment] === 1) continue
    const end = Math.min(table.count, (segment + 1) << SEGMENT_BITS)
    for (let slot = segment << SEGMENT_BITS; slot < end; slot++) {
      if (table.dirty[slot] === 1) changed[count++] = slot
    }
    if (sweep.staleSince[segment] === 0) sweep.staleSince[segment] = counters.commit
  }
  if (count === 0) return
  const pieces = writePieces(table, changed, count, 0, (piece, bytes) => {
    void store.journal.put(journalKey(counters.commit, piece), bytes)
  })
  sweep.journal.push({ commit: counters.commit, pieces })
}

/** Step 4. */
function trimJournal({ store, sweep }: Partition): void {
  let oldest = Infinity
  for (const since of sweep.staleSince) if (since !== 0 && since < oldest) oldest = since
  while (sweep.journal.length > 0 && sweep.journal[0].commit < oldest) {
    const { commit, pieces } = sweep.journal.shift() as { commit: number; pieces: number }
    for (let piece = 0; piece < pieces; piece++)
      void store.journal.remove(journalKey(commit, piece))
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

/** Refused rows kept are bounded in bytes as well: one of Kafka may have a megabyte. */
const MOST_KEPT_BYTES = 2 ** 28

function writeRefused(partition: Partition, keepRefused: number): void {
  const { store, refused, counters, delivered, outbox, mended } = partition
  for (const { key, bytes } of mended) {
    void store.refused.remove(key)
    counters.refusedKept--
    counters.refusedKeptBytes -= bytes
  }
  for (const { source, row, reason, raw } of refused) {
    const key = refusedKey(source, row)
    if (outbox) void store.outbox?.put(key, [reason, raw])
    if (counters.refusedKept >= keepRefused) continue
    if (counters.refusedKeptBytes + raw.length > MOST_KEPT_BYTES) continue
    void store.refused.put(key, [reason, raw])
    counters.refusedKept++
    counters.refusedKeptBytes += raw.length
  }
  for (const key of delivered) void store.outbox?.remove(key)
  refused.length = 0
  delivered.length = 0
  mended.length = 0
}
