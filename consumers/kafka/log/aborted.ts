// Which batches of a fetched log belong to transactions that were aborted.
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { RecordBatch } from '../../../src/kafka/record-batch.ts'

export interface OpenTransactions {
  /** True for a batch of a transaction that was aborted. */
  isAborted(batch: RecordBatch): boolean
  /** A producer's abort marker was read. */
  end(producerId: number): void
}

/**
 * Follows the aborted transactions of an answer as its batches go by: one begins at its first offset
 * and ends at its producer's next abort marker (as Kafka's own consumer does it, CompletedFetch).
 */
export function createOpenTransactions(aborted: FetchedPartition['aborted']): OpenTransactions {
  const open = new Set<number>()
  let begun = 0
  return {
    isAborted({ lastOffset, producerId, transactional }) {
      while (begun < aborted.length && aborted[begun].firstOffset <= lastOffset) {
        open.add(aborted[begun++].producerId)
      }
      return transactional && open.has(producerId)
    },
    end: (producerId) => open.delete(producerId),
  }
}
