// Applies rows to a partition: validate, fold, count. Every source does this with its rows.
import { createBatch, REASONS, type Batch, type RawRows } from '../../src/record/batch.ts'
import { validate, createValidationCounts, createValidator } from '../../src/record/validation.ts'
import type { ValidationCounts, ValidationOptions } from '../../src/record/validation.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { fold } from '../../src/subscriber/fold.ts'
import { foldHours } from '../../src/subscriber/hours.ts'
import type { Partition } from '../../state/partition.ts'

/** Applies rows; its buffers are reused by each call. */
export interface Applier {
  /**
   * Applies the first `count` rows of `selected`; `outcome` receives the outcome of each.
   *
   * @returns how many were applied; the others were rejected
   */
  apply(partition: Partition, rows: RawRows, selected: Uint32Array, count: number): number
  /** By row: 0 for applied, otherwise 1 + the index in `REASONS`. */
  outcome: Uint8Array
  /** Rejected rows, coerced and missing values, in all partitions since the start. */
  counts: ValidationCounts
}

/** Where valid records go: into the partition in this thread, or to another thread. */
export interface Destination {
  /** Memory for `count` records. */
  batchFor(count: number): Batch
  /** Takes the records of a partition, once they are in the batch. */
  take(partition: Partition, batch: Batch): void
}

/** Folds up to `capacity` records per call into the partition; the batch is reused. */
export function foldHere(capacity: number): Destination {
  const batch = createBatch(capacity)
  const slots = new Uint32Array(capacity)
  return {
    batchFor: () => batch,
    take({ table, hours }) {
      fold(table, batch, slots)
      foldHours(hours, batch)
    },
  }
}

/**
 * Creates an applier of up to `capacity` rows per call.
 *
 * @param onBatch receives each batch after it was taken; the batch is reused
 */
export function createApplier(
  options: ValidationOptions,
  capacity: number,
  onBatch: (batch: Batch) => void,
  destination: Destination = foldHere(capacity),
): Applier {
  const validator = createValidator(capacity)
  const run = createValidationCounts()
  return {
    outcome: validator.outcome,
    counts: run,
    apply(partition, rows, selected, count) {
      const found = createValidationCounts()
      const batch = destination.batchFor(count)
      validate(rows, selected, count, options, validator, batch, found)
      destination.take(partition, batch)
      onBatch(batch)
      partition.counters.applied += batch.count
      addCounts(partition, found, run)
      return batch.count
    },
  }
}

/** Adds the counts of one call to those of the partition and of the run. */
function addCounts({ counters }: Partition, found: ValidationCounts, run: ValidationCounts): void {
  REASONS.forEach((reason, at) => {
    counters.rejected[reason] += found.rejected[at]
    run.rejected[at] += found.rejected[at]
  })
  USED_COLUMNS.forEach((column, at) => {
    counters.coerced[column] += found.coerced[at]
    counters.missing[column] += found.missing[at]
    run.coerced[at] += found.coerced[at]
    run.missing[at] += found.missing[at]
  })
}
