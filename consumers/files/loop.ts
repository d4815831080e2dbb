// The loop that turns deliveries of files into durable aggregates: route, and commit when due.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Partition } from '../../state/partition.ts'
import { createReplayClock, type ReplayClock } from '../../src/record/replay-clock.ts'
import type { Router } from './router.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import type { CommitOptions, IngestStats } from '../ingest/ingest-stats.ts'

export interface IngestOptions extends CommitOptions {
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
}

/** So that a stop or a pause is heard within this while rows are not due. */
const LONGEST_WAIT_MS = 200

/** What a running ingest shows and obeys. */
export interface Ingest {
  eventTimeMs: number | null
  paused: boolean
  /** Set: finish the rows in hand, commit, return. */
  stopping: boolean
  run(deliveries: AsyncIterable<Delivery>): Promise<void>
}

/** An ingest into partitions through a router. */
export function createIngest(
  partitions: readonly Partition[],
  sources: readonly SourceInfo[],
  router: Router,
  stats: IngestStats,
  speed: number | 'max',
): Ingest {
  const clock = speed === 'max' ? null : createReplayClock(speed)
  /** Rounded where it is told, lest thousands of batches add up their rounding. */
  let dealtBytes = 0
  const ingest: Ingest = {
    eventTimeMs: null,
    paused: false,
    stopping: false,
    async run(deliveries) {
      for await (const delivery of deliveries) {
        if (ingest.paused || clock !== null) await dealPaced(delivery)
        else deal(delivery, 0, delivery.rows.count)
        if (ingest.stopping) break
      }
      stats.commit(partitions)
    },
  }

  /** Deals with a delivery's rows as they come due, and goes on committing meanwhile. */
  async function dealPaced(delivery: Delivery): Promise<void> {
    const { count } = delivery.rows
    for (let from = 0; from < count && !ingest.stopping;) {
      if (ingest.paused) {
        await sleep(LONGEST_WAIT_MS)
        clock?.delay(LONGEST_WAIT_MS)
        commitWhenDue()
        continue
      }
      // Rows of an earlier run are not waited for again.
      const to = dueUntil(clock, delivery, router.knownUntil(delivery, from))
      if (to > from) deal(delivery, from, to)
      from = to
      commitWhenDue()
      if (from < count && clock !== null && delivery.eventTimeMs !== null) {
        const wait = clock.waitFor(delivery.eventTimeMs[from], performance.now())
        await sleep(Math.min(wait, LONGEST_WAIT_MS))
      }
    }
  }

  function deal(delivery: Delivery, from: number, to: number): void {
    const start = performance.now()
    const { applied, rejected, duplicate, excluded } = router.route(delivery, from, to)
    const { counters } = stats
    counters.rows += to - from
    counters.applied += applied
    counters.duplicate += duplicate
    counters.excluded += excluded
    const source = sources[delivery.source(from)]
    dealtBytes += ((to - from) / Math.max(1, source.rows)) * source.bytes
    counters.consumedBytes = Math.round(dealtBytes)
    if (applied + rejected > 0) stats.observeBatch(applied, start)
    const event = delivery.eventTimeMs?.[to - 1] ?? NaN
    if (event === event) ingest.eventTimeMs = event
    commitWhenDue()
  }

  function commitWhenDue(): void {
    if (stats.isDue(partitions)) stats.commit(partitions)
  }

  return ingest
}

function dueUntil(
  clock: ReplayClock | null,
  { rows, eventTimeMs }: Delivery,
  from: number,
): number {
  if (clock === null || eventTimeMs === null) return rows.count
  return clock.dueUntil(eventTimeMs, from, rows.count, performance.now())
}
