// Memory that ingest threads share: the valid records of one delivery.
import type { Batch } from '../../../src/record/batch.ts'
import { AMOUNTS } from '../../../src/record/columns.ts'

/** Subscriber, start, end, then a column for each of AMOUNTS. */
const COLUMNS = 3 + AMOUNTS.length

/** Columns of `capacity` records each, over one shared buffer. */
export interface Slab {
  capacity: number
  buffer: SharedArrayBuffer
  columns: Float64Array[]
  session: Uint8Array
}

/** A slab over a buffer, or over a new one. */
export function slabOf(
  capacity: number,
  buffer = new SharedArrayBuffer(capacity * (COLUMNS * Float64Array.BYTES_PER_ELEMENT + 1)),
): Slab {
  const bytes = capacity * Float64Array.BYTES_PER_ELEMENT
  const columns = Array.from({ length: COLUMNS }, (_, at) => {
    return new Float64Array(buffer, at * bytes, capacity)
  })
  return { capacity, buffer, columns, session: new Uint8Array(buffer, COLUMNS * bytes, capacity) }
}

/** The records `from` up to `from + count` of a slab as a batch. */
export function batchIn({ columns, session }: Slab, from: number, count: number): Batch {
  const to = from + count
  const [subscriber, startMs, endMs, ...amounts] = columns.map((one) => one.subarray(from, to))
  const own = { session: session.subarray(from, to), startMs, endMs, amounts }
  return { count, capacity: count, subscriber, ...own }
}
