// Routes the rows of a delivery to the partitions that their subscribers belong to.
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import { REASONS } from '../../src/record/batch.ts'
import { PLACE } from '../../src/record/columns.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { partitionBy, type KeyPartitioner } from '../../src/record/topic-keys.ts'
import { isMsisdn } from '../../src/record/validation.ts'
import { createPosition, type SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import type { Applier } from '../ingest/applier.ts'
import { shiftedUnits } from './shift.ts'

const MALFORMED = 'malformed'

/** The outcomes of routed rows, over all partitions. */
export interface RouteResult {
  applied: number
  rejected: number
  /** Rows that an earlier run had applied or rejected. */
  duplicate: number
  /** Rows that start at the cut-over or later. */
  excluded: number
}

/** How a router reads its sources. */
export interface RouterOptions {
  order: 'file' | 'time'
  /** Most rows of a delivery. */
  capacity: number
  /** Rows that start at it (UTC ms) or later belong to the topic; null for no cut-over. */
  cutoverMs: number | null
  /** Which partition a subscriber belongs to. */
  partitioner: KeyPartitioner
}

/** Partitions, the positions of all sources in them, and scratch for one delivery. */
export interface Router {
  partitions: readonly Partition[]
  sources: readonly SourceInfo[]
  applier: Applier
  cutoverMs: number | null
  partitioner: KeyPartitioner
  /** By partition, by source. */
  positions: SourcePosition[][]
  /** By source: rows before it were read by an earlier run, in all partitions. */
  readBefore: number[]
  /** By partition: the rows to apply, and their number. */
  selected: Uint32Array[]
  counts: Uint32Array
  /** By source: the position after its last row of a delivery. */
  reached: Float64Array
}

/** A router; sources without a position in a partition get one at row 0. */
export function createRouter(
  partitions: readonly Partition[],
  sources: readonly SourceInfo[],
  applier: Applier,
  { order, capacity, cutoverMs, partitioner }: RouterOptions,
): Router {
  const positions = partitions.map((partition) =>
    sources.map((source) => positionOf(partition, source, order)),
  )
  return {
    partitions,
    sources,
    applier,
    cutoverMs,
    partitioner,
    positions,
    readBefore: sources.map((_, place) => Math.min(...positions.map((of) => of[place].next))),
    selected: partitions.map(() => new Uint32Array(capacity)),
    counts: new Uint32Array(partitions.length),
    reached: new Float64Array(sources.length),
  }
}

function positionOf(
  { positions }: Partition,
  source: SourceInfo,
  order: 'file' | 'time',
): SourcePosition {
  const known = positions.get(source.id)
  // Of a position at row 0 nothing depends on how its source was to be read.
  if (known !== undefined && (known.next > 0 || known.rows === 0)) return known
  const { name, rows, columns } = source
  const made = { name, kind: 'file' as const, rows, columns, order, ...shiftedUnits(source) }
  const start = { ...createPosition(made), stamp: source.stamp }
  positions.set(source.id, start)
  return start
}

/** Applies rows `from` to `to` of a delivery, each to its partition, and moves the positions. */
export function routeRows(
  router: Router,
  delivery: Delivery,
  from: number,
  to: number,
): RouteResult {
  const result = { applied: 0, rejected: 0, duplicate: 0, excluded: 0 }
  select(router, delivery, from, to, result)
  router.partitions.forEach((_, p) => {
    if (router.counts[p] > 0) applySelected(router, p, delivery, result)
  })
  movePositions(router, delivery, from, to)
  return result
}

/** Returns the first of rows `from` on that no earlier run has read, or the number of rows. */
export function firstUnread(
  { readBefore }: Router,
  { rows, source, ordinal }: Delivery,
  from: number,
): number {
  let at = from
  while (at < rows.count && ordinal(at) < readBefore[source(at)]) at++
  return at
}

/** Sorts rows into partitions; counts those that are not applied. */
function select(
  router: Router,
  delivery: Delivery,
  from: number,
  to: number,
  result: RouteResult,
): void {
  const { rows, source, ordinal, isMalformed } = delivery
  const { partitions, positions, selected, counts, cutoverMs, partitioner } = router
  const valuesOf = (place: number): Float64Array => rows.columns[place].values
  const subscribers = valuesOf(PLACE.msisdn)
  const [starts, startParts] = [valuesOf(PLACE.start), valuesOf(PLACE.startMs)]
  counts.fill(0)
  for (let i = from; i < to; i++) {
    const msisdn = subscribers[i]
    const malformed = isMalformed?.(i) === true
    const p =
      !malformed && isMsisdn(msisdn) ? partitionBy(partitioner, msisdn, partitions.length) : 0
    const position = positions[p][source(i)]
    if (ordinal(i) < position.next) result.duplicate++
    else if (malformed) rejectMalformed(router, delivery, i, result)
    else if (cutoverMs !== null && eventTimeOf(starts[i], startParts[i]) >= cutoverMs) {
      position.excluded++
      result.excluded++
    } else selected[p][counts[p]++] = i
  }
}

/** A line that is not a row; its text is in the place of the MSISDN. */
function rejectMalformed(
  { partitions, positions, applier, sources }: Router,
  { rows, source, rowNumber }: Delivery,
  i: number,
  result: RouteResult,
): void {
  const place = source(i)
  partitions[0].counters.rejected[MALFORMED]++
  applier.counts.rejected[REASONS.indexOf(MALFORMED)]++
  positions[0][place].rejected++
  partitions[0].rejected.push({
    ...{ source: sources[place].id, row: rowNumber(i), reason: MALFORMED, raw: rows.raw(i) },
  })
  result.rejected++
}

function applySelected(router: Router, p: number, delivery: Delivery, result: RouteResult): void {
  const { applier, sources, counts } = router
  const partition = router.partitions[p]
  const selected = router.selected[p]
  const positions = router.positions[p]
  const applied = applier.apply(partition, delivery.rows, selected, counts[p])
  result.applied += applied
  result.rejected += counts[p] - applied
  for (let n = 0; n < counts[p]; n++) {
    const i = selected[n]
    const position = positions[delivery.source(i)]
    const outcome = applier.outcome[i]
    if (outcome === 0) position.applied++
    else {
      position.rejected++
      partition.rejected.push({
        source: sources[delivery.source(i)].id,
        row: delivery.rowNumber(i),
        reason: REASONS[outcome - 1],
        raw: delivery.rows.raw(i),
      })
    }
  }
}

/** Within a source, rows come in its order: its last row is how far it was read. */
function movePositions(
  { partitions, sources, positions, reached }: Router,
  { source, ordinal }: Delivery,
  from: number,
  to: number,
): void {
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
