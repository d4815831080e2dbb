// Reads the aggregates of a checkpoint into a table.
import { PulseError } from '../../src/errors.ts'
import type { Fetcher } from '../../src/kafka/fetch.ts'
import type { RecordCursor } from '../../src/kafka/record-batch.ts'
import { WIDTH } from '../../src/subscriber/aggregate.ts'
import { CHUNK_BITS, CHUNK_MASK, findOrAddSlots, type Table } from '../../src/subscriber/table.ts'
import { readEngagement } from './engagement.ts'
import { readOnce, type LogPlace } from './log.ts'
import type { Marker } from './marker.ts'

/** The markers of a transaction are written within milliseconds, one partition after another. */
const ENDS_WITHIN_MS = 10_000

/**
 * Reads rows from a place up to the end that a marker names; each one is new to the table, or replaces
 * the one of its MSISDN, and is marked as changed. Returns the bytes read.
 *
 * The marker may be visible before the rows: the end of one transaction is written to each topic.
 *
 * @throws Error when the transaction of the rows has no end yet
 */
export async function readRows(
  fetcher: Fetcher,
  place: LogPlace,
  { engagementEnd, number }: Pick<Marker, 'engagementEnd' | 'number'>,
  table: Table,
): Promise<number> {
  const taker = rowTaker(table)
  const take = (cursor: RecordCursor): boolean => {
    if (cursor.offset >= engagementEnd) return false
    taker.take(cursor)
    return true
  }
  let bytes = 0
  for (const until = Date.now() + ENDS_WITHIN_MS; place.offset < engagementEnd;) {
    const read = await readOnce(fetcher, place, take)
    bytes += read.bytes
    if (!read.atEnd) continue
    if (read.stableOffset >= engagementEnd) break
    if (Date.now() < until) continue
    throw new Error(
      `partition ${place.partition} of "${place.topic.name}" can be read up to offset ` +
        `${read.stableOffset}, expected ${engagementEnd}: the transaction of checkpoint ${number} has no end`,
    )
  }
  taker.flush()
  return bytes
}

const ROWS = 1024

/** Takes records as rows of a table: the last one of an MSISDN counts. */
function rowTaker(table: Table): { take(cursor: RecordCursor): void; flush(): void } {
  const rows = new Float64Array(ROWS * WIDTH)
  const msisdns = new Float64Array(ROWS)
  const slots = new Uint32Array(ROWS)
  let count = 0
  const flush = (): void => {
    findOrAddSlots(table, msisdns, count, slots)
    for (let i = 0; i < count; i++) setRow(table, slots[i], rows, i * WIDTH)
    count = 0
  }
  return {
    flush,
    take(cursor) {
      const { bytes, keyFrom, keyTo, valueFrom, valueTo, offset } = cursor
      const msisdn = Number(bytes.toString('latin1', keyFrom, keyTo))
      const value = { bytes, at: valueFrom, to: valueTo }
      if (valueFrom < 0 || !readEngagement(value, rows, count * WIDTH)) {
        throw new PulseError(
          'kafka',
          `the record at offset ${offset} of a changelog is not an aggregate; expected the records ` +
            'that "run --changelog" writes',
        )
      }
      rows[count * WIDTH] = msisdns[count] = msisdn
      if (++count === ROWS) flush()
    },
  }
}

function setRow(table: Table, slot: number, rows: Float64Array, from: number): void {
  const to = (slot & CHUNK_MASK) * WIDTH
  table.chunks[slot >>> CHUNK_BITS].set(rows.subarray(from, from + WIDTH), to)
  if (table.dirty[slot] === 1) return
  table.dirty[slot] = 1
  table.dirtyCount++
}
