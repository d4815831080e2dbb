// On which side of a cut-over a message is: a row of the topic, or one of the history.
import { headerOf, SOURCE_HEADER } from '../../../src/kafka/headers.ts'
import { PLACE } from '../../../src/record/columns.ts'
import { eventTimeOf } from '../../../src/record/event-time.ts'
import type { Partition } from '../../../state/partition.ts'
import type { MessageRows } from './message-rows.ts'
import type { LogPartition } from './partition.ts'

/**
 * True for a row of the topic, false for one of the history. If its Start is unknown, a header that
 * names a file of the history decides; without such a header Kafka's timestamp does.
 */
export function isLive(
  { columns, bytes, valueTo, timestampMs }: MessageRows,
  { state }: LogPartition,
  i: number,
  cutoverMs: number,
): boolean {
  const start = eventTimeOf(columns[PLACE.start].values[i], columns[PLACE.startMs].values[i])
  if (!Number.isNaN(start)) return start >= cutoverMs
  const file = headerOf(bytes[i], valueTo[i], SOURCE_HEADER)
  if (file !== null && isOfHistory(state, file)) return false
  return timestampMs[i] >= cutoverMs
}

/** A producer names a file by the hash of its content, a former one by its fingerprint. */
function isOfHistory({ positions }: Partition, file: string): boolean {
  for (const [id, { content }] of positions) {
    if (id.startsWith(file) || content?.startsWith(file) === true) return true
  }
  return false
}
