// The canonical hash of a state: it covers the content, not how the content is stored.
import { createHash } from 'node:crypto'
import type { Reason } from '../src/record/batch.ts'
import { addRow, WIDTH } from '../src/subscriber/aggregate.ts'
import type { StateView } from './read.ts'

/**
 * SHA-256, in hex, over all aggregates by ascending MSISDN (WIDTH float64 each, little-endian), all
 * hours by ascending hour number, and the counts of rows applied, rejected, coerced and missing. The
 * same rows give the same hash, however they are split over files, batches, partitions and restarts.
 */
export function hashState(view: StateView): string {
  const rows = new Float64Array(view.counters.subscribers * WIDTH)
  let filled = 0
  view.scan((block, count) => {
    rows.set(block.subarray(0, count * WIDTH), filled)
    filled += count * WIDTH
  })
  const order = Array.from({ length: filled / WIDTH }, (_, i) => i * WIDTH)
  order.sort((a, b) => rows[a] - rows[b])
  const hash = createHash('sha256')
  for (let place = 0; place < order.length;) {
    const at = order[place]
    // Rows of one subscriber in several partitions count as their sum.
    for (place++; place < order.length && rows[order[place]] === rows[at]; place++) {
      addRow(rows, at, rows, order[place])
    }
    hash.update(bytesOf(rows.subarray(at, at + WIDTH)))
  }
  for (const [hour, sums] of [...view.hours].sort(([a], [b]) => a - b)) {
    hash.update(bytesOf(Float64Array.of(hour, ...sums)))
  }
  const { applied, rejected, coerced, missing } = view.counters
  hash.update(JSON.stringify([applied, rejected, coerced, missing].map(sorted)))
  return hash.digest('hex')
}

const bytesOf = (values: Float64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** Reasons that came later: where none of their rows is, the hash is that of former versions. */
const LATER: ReadonlySet<string> = new Set<Reason>(['imprecise-msisdn'])

const sorted = (value: number | Record<string, number>): unknown =>
  typeof value === 'number'
    ? value
    : Object.entries(value)
        .filter(([name, count]) => count > 0 || !LATER.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
