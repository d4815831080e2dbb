// Applies deliveries of files: all rows at once, or portions of them as their event time comes due.
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import { createReplayClock, type ReplayClock } from '../../src/record/event-time.ts'
import type { Partition } from '../../state/partition.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import { ingestAll, type IngestSteps } from '../ingest/loop.ts'
import {
  checkWatched,
  isSealing,
  noteCommit,
  sealRead,
  type ContentWatch,
} from './content-watch.ts'
import { firstUnread, routeRows, type Router } from './router.ts'
import { beginDelivery, commitElsewhere, endDelivery, type Folding } from './threads/folding.ts'

/** While no row is due, a stop or a pause takes effect within this time. */
const LONGEST_WAIT_MS = 200

/** A running ingest of files. */
export interface FileIngest {
  partitions: readonly Partition[]
  sources: readonly SourceInfo[]
  router: Router
  watch: ContentWatch
  stats: IngestStats
  /** The threads that hold the partitions; null where this one does. */
  folding: Folding | null
  /** Decides which rows are due; null to read as fast as possible. */
  clock: ReplayClock | null
  /** Aborted to end the ingest after the pending rows. */
  stop: AbortSignal
  /** Set to apply no rows until it is reset. */
  paused: boolean
  /** Event time of the last row applied (UTC ms), in order of time only. */
  eventTimeMs: number | null
  /**
   * Bytes of the files by share of rows; rounded when it is reported, so that no error builds up.
   */
  consumedBytes: number
}

/** What an ingest of files is made from. */
export type FileIngestParts = Pick<
  FileIngest,
  'partitions' | 'sources' | 'router' | 'stats' | 'stop' | 'watch' | 'folding'
>

/** An ingest at `speed` times real time. */
export const createFileIngest = (parts: FileIngestParts, speed: number | 'max'): FileIngest => ({
  ...parts,
  clock: speed === 'max' ? null : createReplayClock(speed),
  paused: false,
  eventTimeMs: null,
  consumedBytes: 0,
})

/** Applies all deliveries, or stops; on return all that was applied is durable. */
export const ingestFiles = (
  ingest: FileIngest,
  deliveries: AsyncIterable<Delivery | null>,
): Promise<void> =>
  ingestAll(portionsOf(ingest, deliveries), {
    ...stepsOf(ingest),
    isDue: () => !isSealing(ingest.watch) && ingest.stats.isDue(ingest.partitions),
  })

/** In this thread, or with the threads that hold the partitions. */
function stepsOf(ingest: FileIngest): Pick<IngestSteps<Portion>, 'apply' | 'commit'> {
  const { folding, stats, partitions } = ingest
  if (folding === null) {
    const apply = (portion: Portion): void => applyPortion(ingest, portion)
    const commit = (): void => {
      beforeCommit(ingest)
      stats.commit(partitions)
      noteCommit(ingest.watch)
    }
    return { apply, commit }
  }
  return {
    async apply(portion) {
      await beginDelivery(folding)
      applyPortion(ingest, portion)
      endDelivery(folding)
    },
    async commit() {
      beforeCommit(ingest)
      stats.noteCommits(await commitElsewhere(folding, partitions))
      noteCommit(ingest.watch)
    },
  }
}

/** No commit follows when a file has changed since it was opened. @throws PulseError `input-invalid` */
function beforeCommit({ watch }: FileIngest): void {
  checkWatched(watch)
  sealRead(watch)
}

/** Rows `from` to `to` of a delivery. */
interface Portion {
  delivery: Delivery
  from: number
  to: number
}

async function* portionsOf(
  ingest: FileIngest,
  deliveries: AsyncIterable<Delivery | null>,
): AsyncGenerator<Portion | null> {
  for await (const delivery of deliveries) {
    if (delivery === null) yield null
    else if (ingest.paused || ingest.clock !== null) yield* duePortions(ingest, delivery)
    else yield { delivery, from: 0, to: delivery.rows.count }
    if (ingest.stop.aborted) return
  }
}

async function* duePortions(
  ingest: FileIngest,
  delivery: Delivery,
): AsyncGenerator<Portion | null> {
  const { clock, router, stop, stats } = ingest
  const { rows, eventTimeMs } = delivery
  for (let from = 0; from < rows.count && !stop.aborted;) {
    if (ingest.paused) {
      await stats.clock.sleep(LONGEST_WAIT_MS)
      clock?.delay(LONGEST_WAIT_MS)
      yield null
      continue
    }
    // Rows that an earlier run has read are due at once.
    const to = dueUntil(ingest, delivery, firstUnread(router, delivery, from))
    yield to > from ? { delivery, from, to } : null
    from = to
    if (from < rows.count && clock !== null && eventTimeMs !== null) {
      const waitMs = clock.waitFor(eventTimeMs[from], stats.clock.now())
      await stats.clock.sleep(Math.min(waitMs, LONGEST_WAIT_MS))
    }
  }
}

function dueUntil(
  { clock, stats }: FileIngest,
  { rows, eventTimeMs }: Delivery,
  from: number,
): number {
  if (clock === null || eventTimeMs === null) return rows.count
  return clock.dueUntil(eventTimeMs, from, rows.count, stats.clock.now())
}

function applyPortion(ingest: FileIngest, { delivery, from, to }: Portion): void {
  const { router, sources, stats } = ingest
  const { counters } = stats
  const start = stats.clock.now()
  const { applied, rejected, duplicate, excluded } = routeRows(router, delivery, from, to)
  counters.rows += to - from
  counters.applied += applied
  counters.duplicate += duplicate
  counters.excluded += excluded
  const source = sources[delivery.source(from)]
  ingest.consumedBytes += ((to - from) / Math.max(1, source.rows)) * source.bytes
  counters.consumedBytes = Math.round(ingest.consumedBytes)
  if (applied + rejected > 0) stats.observeBatch(applied, start)
  const event = delivery.eventTimeMs?.[to - 1] ?? NaN
  if (!Number.isNaN(event)) ingest.eventTimeMs = event
}
