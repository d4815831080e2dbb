// The aborted transactions among the batches of a response: their records are not read.
import type { FetchedPartition } from './fetch.ts'
import { isAbortMarker, nextRecord, openRecords, type RecordBatch } from './record-batch.ts'

/**
 * The aborted transactions of a response, followed as its batches are read: a transaction begins at
 * its first offset and ends at its producer's next abort marker (the algorithm of
 * `CompletedFetch.nextFetchedRecord` in Kafka's own consumer).
 */
export interface AbortedTransactions {
  /** In order of their first offset. */
  all: FetchedPartition['aborted']
  /** How many of them have begun. */
  begun: number
  /** Producers with a transaction that has begun and not ended. */
  open: Set<number>
}

/** The aborted transactions of a response, before its first batch. */
export const createAbortedTransactions = (
  all: FetchedPartition['aborted'],
): AbortedTransactions => ({
  all,
  begun: 0,
  open: new Set(),
})

/** True for a batch of an aborted transaction; batches are asked for in the order of the log. */
export function isAborted(transactions: AbortedTransactions, batch: RecordBatch): boolean {
  beginUpTo(transactions, batch)
  return batch.transactional && transactions.open.has(batch.producerId)
}

function beginUpTo(transactions: AbortedTransactions, { lastOffset }: RecordBatch): void {
  const { all, open } = transactions
  while (transactions.begun < all.length && all[transactions.begun].firstOffset <= lastOffset) {
    open.add(all[transactions.begun++].producerId)
  }
}

/** Follows the marker in a control batch. */
export function endTransaction(
  transactions: AbortedTransactions,
  bytes: Buffer,
  batch: RecordBatch,
): void {
  // A response may begin at the marker: the transaction that it ends has no batch here.
  beginUpTo(transactions, batch)
  const marker = openRecords(bytes, batch)
  if (typeof marker === 'string' || nextRecord(marker) !== 1) return
  if (isAbortMarker(marker)) transactions.open.delete(batch.producerId)
}
