// Applies rows to a partition: clean, fold, count. What every source does with its rows.
import { createBatch, REASONS, type Batch, type RawRows } from '../../src/record/batch.ts'
import { clean, createCleanAccount, createCleaner } from '../../src/record/validation.ts'
import type { CleanAccount, CleanOptions } from '../../src/record/validation.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { fold } from '../../src/subscriber/fold.ts'
import { foldHours } from '../../src/subscriber/hours.ts'
import type { Partition } from '../../state/partition.ts'

export interface Applier {
  /**
   * Applies the first `count` rows of `selected`; `verdict` tells what became of each.
   *
   * @returns how many were applied; the rest is refused
   */
  apply(partition: Partition, rows: RawRows, selected: Uint32Array, count: number): number
  /** By row: 0 applied, otherwise 1 + the place in REASONS. */
  verdict: Uint8Array
  /** What was refused, coerced and missing in all partitions since the start. */
  account: CleanAccount
}

/**
 * An applier of up to `capacity` rows at a time.
 *
 * @param onBatch sees each batch after it was folded; the batch is reused
 */
export function createApplier(
  options: CleanOptions,
  capacity: number,
  onBatch: (batch: Batch) => void,
): Applier {
  const batch = createBatch(capacity)
  const cleaner = createCleaner(capacity)
  const slots = new Uint32Array(capacity)
  const run = createCleanAccount()
  return {
    verdict: cleaner.verdict,
    account: run,
    apply(partition, rows, selected, count) {
      const found = createCleanAccount()
      clean(rows, selected, count, options, cleaner, batch, found)
      fold(partition.table, batch, slots)
      foldHours(partition.hours, batch)
      onBatch(batch)
      partition.counters.applied += batch.count
      addAccount(partition, found, run)
      return batch.count
    },
  }
}

/** Adds what cleaning found to the partition's counters and to the run's account. */
function addAccount({ counters }: Partition, found: CleanAccount, run: CleanAccount): void {
  REASONS.forEach((reason, at) => {
    counters.refused[reason] += found.refused[at]
    run.refused[at] += found.refused[at]
  })
  USED_COLUMNS.forEach((column, at) => {
    counters.coerced[column] += found.coerced[at]
    counters.missing[column] += found.missing[at]
    run.coerced[at] += found.coerced[at]
    run.missing[at] += found.missing[at]
  })
}
