// The facts of a checkpoint that changed since the one before it, and its marker.
import { addRecord, clearBatch, openBatch } from '../../src/kafka/batch-writer.ts'
import type { Facts } from '../../state/facts.ts'
import type { PublisherContext, Published } from './claim.ts'
import { MARKER_KEY, type Marker } from './marker.ts'
import { BATCH_BYTES, send } from './send.ts'

/** Sends the facts that changed, and the marker as the last record; returns their bytes. */
export async function sendFacts(
  context: PublisherContext,
  published: Published,
  before: Facts,
  facts: Facts,
  marker: Marker,
): Promise<number> {
  const { state } = context.topics
  const batch = openBatch()
  let bytes = 0
  const add = async (key: string, text: string | null): Promise<void> => {
    const value = text === null ? null : Buffer.from(text)
    if (batch.records > 0 && batch.to + key.length + (value?.length ?? 0) > BATCH_BYTES) {
      bytes += (await send(context, published, state, batch)).bytes
      clearBatch(batch)
    }
    addRecord(batch, Buffer.from(key), value, marker.atMs)
  }
  for (const [key, text] of facts) if (before.get(key) !== text) await add(key, text)
  for (const key of before.keys()) if (!facts.has(key)) await add(key, null)
  await add(MARKER_KEY, JSON.stringify(marker))
  return bytes + (await send(context, published, state, batch)).bytes
}
