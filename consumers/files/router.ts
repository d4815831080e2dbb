// Sends the rows of a delivery to the partitions that their subscribers belong to.
import { REASONS, type RawRows } from '../../src/record/batch.ts'
import { isMsisdn } from '../../src/record/validation.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { partitionOf } from '../../src/record/partitioner.ts'
import { createPosition, type SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import type { Applier } from '../ingest/applier.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'

/** What one delivery did, over all partitions. */
export interface RouteResult {
  applied: number
  rejected: number
  /** Rows that were dealt with in an earlier run. */
  duplicate: number
  /** Rows that start at the cut-over or later. */
  excluded: number
}

export interface Router {
  /** Deals with rows `from` to `to` of a delivery. */
  route(delivery: Delivery, from: number, to: number): RouteResult
  /** The first of rows `from` on that no earlier run has dealt with, or the number of rows. */
  knownUntil(delivery: Delivery, from: number): number
}

interface Scratch {
  selected: Uint32Array[]
  counts: Uint32Array
  /** By source: the position behind its last row of a delivery. */
  reached: Float64Array
}

const createScratch = (capacity: number, partitions: number, sources: number): Scratch => ({
  selected: Array.from({ length: partitions }, () => new Uint32Array(capacity)),
  counts: new Uint32Array(partitions),
  reached: new Float64Array(sources),
})

/**
 * A router into some partitions, for deliveries of up to `capacity` rows. Rows that start at the
 * cut-over or later are left to the topic.
 */
export function createRouter(
  partitions: readonly Partition[],
  sources: readonly SourceInfo[],
  applier: Applier,
  order: 'file' | 'time',
  capacity: number,
  cutoverMs: number | null,
): Router {
  const scratch = createScratch(capacity, partitions.length, sources.length)
  const positions = partitions.map((partition) =>
    sources.map((source) => positionOf(partition, source, order)),
  )
  // As this run finds them: what it deals with itself comes but once.
  const known = sources.map((_, place) => Math.min(...positions.map((of) => of[place].next)))
  const router: Router = {
    route(delivery, from, to) {
      const result = { applied: 0, rejected: 0, duplicate: 0, excluded: 0 }
      select(delivery, from, to, result)
      partitions.forEach((partition, p) => {
        if (scratch.counts[p] > 0) deal(partition, p, delivery, result)
      })
      movePositions(delivery, from, to)
      return result
    },
    knownUntil({ rows, source, ordinal }, from) {
      let at = from
      while (at < rows.count && ordinal(at) < known[source(at)]) at++
      return at
    },
  }

  /** Sorts rows into partitions; counts those that are left out. */
  function select(delivery: Delivery, from: number, to: number, result: RouteResult): void {
    const { rows, source, ordinal } = delivery
    const { selected, counts } = scratch
    const [subscribers, , starts, startParts] = rows.columns.map((column) => column.values)
    counts.fill(0)
    for (let i = from; i < to; i++) {
      const msisdn = subscribers[i]
      const p = isMsisdn(msisdn) ? partitionOf(msisdn, partitions.length) : 0
      const position = positions[p][source(i)]
      if (ordinal(i) < position.next) result.duplicate++
      else if (cutoverMs !== null && eventTimeOf(starts[i], startParts[i]) >= cutoverMs) {
        position.excluded++
        result.excluded++
      } else selected[p][counts[p]++] = i
    }
  }

  function deal(partition: Partition, p: number, delivery: Delivery, result: RouteResult): void {
    const { selected, counts } = scratch
    const applied = applier.apply(partition, delivery.rows, selected[p], counts[p])
    result.applied += applied
    result.rejected += counts[p] - applied
    for (let n = 0; n < counts[p]; n++) {
      const i = selected[p][n]
      const position = positions[p][delivery.source(i)]
      const outcome = applier.outcome[i]
      if (outcome === 0) position.applied++
      else {
        position.rejected++
        partition.rejected.push(rejectedRow(delivery, i, outcome, sources))
      }
    }
  }

  /** Within a source rows come in its order: the last one says how far it was read. */
  function movePositions({ source, ordinal }: Delivery, from: number, to: number): void {
    const { reached } = scratch
    reached.fill(0)
    for (let i = from; i < to; i++) reached[source(i)] = ordinal(i) + 1
    for (let place = 0; place < reached.length; place++) {
      if (reached[place] === 0) continue
      partitions.forEach((partition, p) => {
        const position = positions[p][place]
        if (reached[place] <= position.next) return
        position.next = reached[place]
        partition.moved.add(sources[place].id)
      })
    }
  }

  return router
}

function positionOf(
  { positions }: Partition,
  source: SourceInfo,
  order: 'file' | 'time',
): SourcePosition {
  const known = positions.get(source.id)
  if (known !== undefined) return known
  const { name, rows, durationUnit, evidence } = source
  const start = createPosition({ name, kind: 'file', rows, durationUnit, evidence, order })
  positions.set(source.id, start)
  return start
}

const rejectedRow = (
  { rows, rowNumber, source }: { rows: RawRows } & Delivery,
  i: number,
  outcome: number,
  sources: readonly SourceInfo[],
): Partition['rejected'][number] => ({
  source: sources[source(i)].id,
  row: rowNumber(i),
  reason: REASONS[outcome - 1],
  raw: rows.raw(i),
})
