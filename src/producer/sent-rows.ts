// The rows of sources that a topic holds, found by reading it.
//
// Every record identifies its row (`xdr-source`, `xdr-row`). A producer that finds no committed
// progress of a source reads all records once and marks each row found in one bit; it then skips the
// marked rows. So it continues after the committed offset has expired, and what a former version sent.
import type { KafkaConnection } from '../kafka/client.ts'
import { createFetcher } from '../kafka/fetch.ts'
import { ROW_HEADER, SOURCE_HEADER } from '../kafka/headers.ts'
import type { RecordCursor } from '../kafka/record-batch.ts'
import type { Source } from './progress.ts'
import type { Topic } from './topic.ts'
import { describeLogs, readPartition } from './topic-records.ts'

/** What a topic holds of some sources. */
export interface SentRows {
  /** One bit per row, by index of the source. */
  marks: Uint8Array[]
  /** Marked rows, by index of the source. */
  rows: number[]
  /** Number of records read. */
  records: number
  /** First offset of each partition's log: what was before it is deleted. */
  starts: number[]
  /** False when some of the records to read may be deleted. */
  complete: boolean
}

/**
 * Reads a topic from start to end and marks the rows of some sources.
 *
 * @param sinceMs reads records from this time on only (UTC ms); 0 for all
 * @param onRead receives the number of records read so far and in total, at the start and every
 *   65,536 records
 * @throws PulseError `kafka` when a partition cannot be read
 */
export async function findSent(
  connection: KafkaConnection,
  topic: Topic,
  sources: readonly Source[],
  sinceMs: number,
  onRead: (records: number, ofRecords: number) => void,
): Promise<SentRows> {
  const places = new Map(
    sources.flatMap(({ id, formerId }, place) => [
      [id, place] as const,
      [formerId, place] as const,
    ]),
  )
  const marks = sources.map(({ rows }) => new Uint8Array(Math.ceil(rows / 8)))
  const { leaders, starts, from, to } = await describeLogs(connection, topic, sinceMs)
  const complete = starts.every((start, p) => start === 0 || from[p] > start)
  const sent: SentRows = { marks, rows: sources.map(() => 0), records: 0, starts, complete }
  const total = to.reduce((sum, end, p) => sum + end - from[p], 0)
  onRead(0, total)
  if (total === 0) return sent
  const fetcher = createFetcher(connection)
  try {
    for (let p = 0; p < topic.partitions; p++) {
      await readPartition(fetcher, leaders[p], topic, p, from[p], to[p], (cursor) => {
        markRow(cursor, places, sources, sent)
        if (sent.records % 65_536 === 0) onRead(sent.records, total)
      })
    }
  } finally {
    await fetcher.close()
  }
  return sent
}

/** Marks the row that a record identifies, if it belongs to one of these sources. */
function markRow(
  cursor: RecordCursor,
  places: ReadonlyMap<string, number>,
  sources: readonly Source[],
  sent: SentRows,
): void {
  sent.records++
  const headers = headersOf(cursor)
  const place = places.get(headers.get(SOURCE_HEADER) ?? '')
  const row = Number(headers.get(ROW_HEADER) ?? NaN)
  if (place === undefined || !(row >= 0 && row < sources[place].rows)) return
  const mark = 1 << (row & 7)
  if ((sent.marks[place][row >> 3] & mark) !== 0) return
  sent.marks[place][row >> 3] |= mark
  sent.rows[place]++
}

/** The headers of the record that the cursor read last. */
function headersOf({ bytes, valueTo, at: end }: RecordCursor): Map<string, string> {
  const headers = new Map<string, string>()
  const place = { at: valueTo }
  const text = (): string => {
    const size = varint(bytes, place, end)
    const from = place.at
    place.at = Math.min(end, from + Math.max(0, size))
    return bytes.toString('latin1', from, place.at)
  }
  for (let left = varint(bytes, place, end); left > 0 && place.at < end; left--) {
    headers.set(text(), text())
  }
  return headers
}

/** Reads a zigzag varint of up to 5 bytes. */
function varint(bytes: Uint8Array, place: { at: number }, end: number): number {
  let value = 0
  for (let shift = 0; shift < 35 && place.at < end; shift += 7) {
    const byte = bytes[place.at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
