// Folds a batch into the aggregates: one look-up and about twenty additions per record.
import type { Batch } from '../record/batch.ts'
import { AMOUNTS } from '../record/columns.ts'
import { FIELD, WIDTH } from './aggregate.ts'
import { CHUNK_BITS, CHUNK_MASK, findOrAddSlots, type Table } from './table.ts'

const { records, sessions, amounts: firstAmount, firstStartMs, lastEndMs } = FIELD
const AMOUNT_COUNT = AMOUNTS.length

/**
 * Folds a batch into a table and marks the changed slots as dirty.
 *
 * @param slots memory for at least `batch.count` slots; overwritten
 */
export function fold(table: Table, batch: Batch, slots: Uint32Array): void {
  // All look-ups first: their cache misses overlap, which halves the cost of both loops.
  findOrAddSlots(table, batch.subscriber, batch.count, slots)
  const { chunks, dirty } = table
  const { session, startMs, endMs, count, amounts } = batch
  let fresh = 0
  for (let i = 0; i < count; i++) {
    const slot = slots[i]
    const rows = chunks[slot >>> CHUNK_BITS]
    const at = (slot & CHUNK_MASK) * WIDTH
    rows[at + records]++
    rows[at + sessions] += session[i]
    addAmounts(rows, at + firstAmount, amounts, i)
    addTimes(rows, at, startMs[i], endMs[i])
    if (dirty[slot] === 0) {
      dirty[slot] = 1
      fresh++
    }
  }
  table.dirtyCount += fresh
}

/** Adds the amounts of record `i` to the numbers of `rows` from `at` on, in the order of AMOUNTS. */
export function addAmounts(
  rows: Float64Array,
  at: number,
  amounts: readonly Float64Array[],
  i: number,
): void {
  for (let a = 0; a < AMOUNT_COUNT; a++) rows[at + a] += amounts[a][i]
}

function addTimes(rows: Float64Array, at: number, start: number, end: number): void {
  const first = rows[at + firstStartMs]
  if (start > 0 && (first === 0 || start < first)) rows[at + firstStartMs] = start
  if (end > rows[at + lastEndMs]) rows[at + lastEndMs] = end
}
