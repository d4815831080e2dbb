// The aggregates of a checkpoint: those that changed since the one before it.
import { addRecord, clearBatch, openBatch, type OpenBatch } from '../../src/kafka/batch-writer.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { changedBlocks } from '../../state/changes.ts'
import type { ReadTransaction } from '../../state/environment.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { PublisherContext, Published } from './claim.ts'
import { MAX_ENGAGEMENT_BYTES, writeEngagement } from './engagement.ts'
import { BATCH_BYTES, send } from './send.ts'

/** Sends the rows that changed; returns their number and where the topic has them. */
export async function sendRows(
  context: PublisherContext,
  published: Published,
  transaction: ReadTransaction,
  slots: number,
  nowMs: number,
): Promise<{ count: number; bytes: number; end: number }> {
  const { engagement } = context.topics
  const store = published.store as PartitionStore
  const sent = { count: 0, bytes: 0, end: 0 }
  if (published.records.length < slots) growRecords(published, slots)
  const { records } = published
  let [filling, sending]: OpenBatch[] = [openBatch(), openBatch()]
  let under: Promise<void> = Promise.resolve()
  const value = new Uint8Array(MAX_ENGAGEMENT_BYTES)
  const flush = async (): Promise<void> => {
    await under
    ;[filling, sending] = [sending, filling]
    const batch = sending
    sent.count += batch.records
    under = send(context, published, engagement, batch).then(({ bytes, end }) => {
      sent.bytes += bytes
      sent.end = end
      clearBatch(batch)
    })
    under.catch(() => undefined)
  }
  for (const { rows, first, count } of changedBlocks(store, transaction, slots, published.since)) {
    for (let i = 0; i < count; i++) {
      const at = i * WIDTH
      const slot = first + i
      if (rows[at + FIELD.records] === 0 || records[slot] === rows[at + FIELD.records]) continue
      records[slot] = rows[at + FIELD.records]
      if (slot >= published.subscribers) published.msisdns += BigInt(rows[at])
      const key = Buffer.from(String(rows[at]), 'latin1')
      addRecord(filling, key, value.subarray(0, writeEngagement(rows, at, value, 0)), nowMs)
    }
    if (filling.to >= BATCH_BYTES - MOST_OF_BLOCK) await flush()
  }
  published.subscribers = slots
  if (filling.records > 0) await flush()
  await under
  return sent
}

/** A block has 1,024 rows of about 100 bytes. */
const MOST_OF_BLOCK = 300_000

function growRecords(published: Published, slots: number): void {
  const grown = new Float64Array(Math.max(slots, 2 * published.records.length)).fill(-1)
  grown.set(published.records)
  published.records = grown
}
