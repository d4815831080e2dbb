// The loop that turns deliveries into durable aggregates: route, and commit once an interval.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { REASONS } from '../src/record/batch.ts'
import type { Batch } from '../src/record/batch.ts'
import type { CleanAccount } from '../src/record/clean.ts'
import { APPLICATIONS, USED_COLUMNS } from '../src/record/columns.ts'
import { commitPartition } from '../state/commit.ts'
import { zeros } from '../state/ledger.ts'
import type { Partition } from '../state/partition.ts'
import { createPace, type Pace } from './pace.ts'
import type { IngestCounters, IngestObservations } from './progress.ts'
import type { Router } from './route.ts'
import type { Delivery, SourceInfo } from './source.ts'

export interface IngestOptions {
  commitIntervalMs: number
  /** Most refused rows kept in each partition. */
  keepRefused: number
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
}

/** Refused rows wait in memory for the commit: more than this, and it comes early. */
const MOST_REFUSED_WAITING = 50_000
/** So that a stop or a pause is heard within this while rows are not due. */
const LONGEST_WAIT_MS = 200

/** What a running ingest shows and obeys. */
export interface Ingest {
  counters: IngestCounters
  /** Emptied by whoever reports them. */
  observations: IngestObservations
  lastDurableMs: number | null
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
  options: IngestOptions,
): Ingest {
  const pace = options.speed === 'max' ? null : createPace(options.speed)
  let lastCommit = performance.now()
  const ingest: Ingest = {
    counters: createIngestCounters(),
    observations: createObservations(),
    lastDurableMs: null,
    eventTimeMs: null,
    paused: false,
    stopping: false,
    async run(deliveries) {
      for await (const delivery of deliveries) {
        if (ingest.paused || pace !== null) await dealPaced(delivery)
        else deal(delivery, 0, delivery.rows.count)
        if (ingest.stopping) break
      }
      commit()
    },
  }
  router.onBatch = (batch) => {
    addTotals(ingest.counters, batch)
  }

  /** Deals with a delivery's rows as they come due, and goes on committing meanwhile. */
  async function dealPaced(delivery: Delivery): Promise<void> {
    const { count } = delivery.rows
    for (let from = 0; from < count && !ingest.stopping;) {
      if (ingest.paused) {
        await sleep(LONGEST_WAIT_MS)
        pace?.delay(LONGEST_WAIT_MS)
        commitWhenDue()
        continue
      }
      // Rows of an earlier run are not waited for again.
      const to = dueUntil(pace, delivery, router.knownUntil(delivery, from))
      if (to > from) deal(delivery, from, to)
      from = to
      commitWhenDue()
      if (from < count && pace !== null && delivery.eventTimeMs !== null) {
        const wait = pace.waitFor(delivery.eventTimeMs[from], performance.now())
        await sleep(Math.min(wait, LONGEST_WAIT_MS))
      }
    }
  }

  function deal(delivery: Delivery, from: number, to: number): void {
    const start = performance.now()
    const { applied, refused, duplicate } = router.route(delivery, from, to)
    const { counters, observations } = ingest
    counters.rows += to - from
    counters.applied += applied
    counters.duplicate += duplicate
    const source = sources[delivery.source(from)]
    counters.consumedBytes += Math.round(((to - from) / Math.max(1, source.rows)) * source.bytes)
    if (applied + refused > 0) {
      observations.batchFoldSeconds.push((performance.now() - start) / 1000)
      observations.batchRecords.push(applied)
    }
    const event = delivery.eventTimeMs?.[to - 1] ?? NaN
    if (event === event) ingest.eventTimeMs = event
    commitWhenDue()
  }

  function commitWhenDue(): void {
    const waiting = partitions.some(({ refused }) => refused.length > MOST_REFUSED_WAITING)
    if (waiting || performance.now() - lastCommit >= options.commitIntervalMs) commit()
  }

  function commit(): void {
    for (const partition of partitions) {
      if (partition.moved.size === 0) continue
      const { commitSeconds, flushSeconds } = commitPartition(partition, options.keepRefused)
      ingest.observations.commitSeconds.push(commitSeconds)
      ingest.observations.flushSeconds.push(flushSeconds)
      ingest.counters.commits++
      ingest.lastDurableMs = Date.now()
    }
    takeAccount(ingest.counters, router.account)
    lastCommit = performance.now()
  }

  return ingest
}

function dueUntil(pace: Pace | null, { rows, eventTimeMs }: Delivery, from: number): number {
  if (pace === null || eventTimeMs === null) return rows.count
  return pace.dueUntil(eventTimeMs, from, rows.count, performance.now())
}

/** Counters that all begin at 0. */
export function createIngestCounters(): IngestCounters {
  return {
    rows: 0,
    applied: 0,
    duplicate: 0,
    refused: zeros(REASONS),
    coerced: zeros(USED_COLUMNS),
    missing: zeros(USED_COLUMNS),
    applicationBytes: new Array<number>(2 * APPLICATIONS.length).fill(0),
    durationMs: 0,
    commits: 0,
    consumedBytes: 0,
  }
}

export const createObservations = (): IngestObservations => ({
  batchFoldSeconds: [],
  batchRecords: [],
  commitSeconds: [],
  flushSeconds: [],
})

/** Copies the run's account of cleaning into the counters that are reported. */
export function takeAccount(counters: IngestCounters, account: CleanAccount): void {
  REASONS.forEach((reason, at) => (counters.refused[reason] = account.refused[at]))
  USED_COLUMNS.forEach((column, at) => {
    counters.coerced[column] = account.coerced[at]
    counters.missing[column] = account.missing[at]
  })
}

function addTotals(counters: IngestCounters, { amounts, count }: Batch): void {
  counters.durationMs += sumOf(amounts[0], count)
  for (let a = 0; a < counters.applicationBytes.length; a++) {
    counters.applicationBytes[a] += sumOf(amounts[3 + a], count)
  }
}

function sumOf(values: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]
  return sum
}
