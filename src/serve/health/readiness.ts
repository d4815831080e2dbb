// Whether the pipeline is ready, and if not, why; the clock is an argument.
import type {
  ConsumerProgress,
  IngestProgress,
  LifeState,
  PartitionProgress,
} from '../../../consumers/ingest/progress.ts'
import { assignedPartitions, orderedOffsets, topicsText } from './offsets.ts'
import type { PipelineView } from '../view.ts'

/** Time without progress after which it is stale: longer than a rebalance or a broker restart. */
export const STALE_MS = 60_000

/** Ingest reports several times per second, and is silent while it commits: seconds on a slow volume. */
export const SILENT_MS = 20_000

/** Detects in the messages of a pipeline what makes no progress. Times are ms since 1970. */
export interface Readiness {
  /** Takes a message of ingest. */
  note(nowMs: number, progress: IngestProgress): void
  /** Why the pipeline is not ready, in a sentence; null when it is. */
  reason(nowMs: number): string | null
}

/** The applied offset of a partition, and since when it has not moved although it has lag. */
interface Stall {
  appliedOffset: number
  sinceMs: number
}

/** The state of the process; `starting` before the first message. */
export function stateOf(view: PipelineView): LifeState {
  return view.progress()?.state ?? 'starting'
}

/** The readiness of `view`, which must be given every message. */
export function createReadiness(view: PipelineView): Readiness {
  let stalls = new Map<string, Stall>()
  let reportedMs = 0
  return {
    note(nowMs, { consumer, silentMs }) {
      reportedMs = nowMs - silentMs
      stalls = consumer === null ? new Map<string, Stall>() : stallsOf(consumer, stalls, nowMs)
    },
    reason(nowMs) {
      const state = stateOf(view)
      if (state !== 'running' && state !== 'draining') return `The pipeline is ${state}.`
      const { consumer = null, done = true } = view.progress() ?? {}
      const silentMs = done ? 0 : nowMs - reportedMs
      if (silentMs > SILENT_MS) {
        return `Ingest has not reported for ${Math.round(silentMs / 1000)} seconds.`
      }
      const reason =
        consumer === null
          ? null
          : (consumerReason(consumer) ?? staleReason(consumer, stalls, nowMs))
      return reason ?? (view.awaitsSnapshot() ? 'The first snapshot is being taken.' : null)
    },
  }
}

/** Passes every message of `view` to `readiness`; returns a function that unsubscribes. */
export function watchReadiness(
  view: PipelineView,
  readiness: Readiness,
  now: () => number,
): () => void {
  const note = (): void => {
    const progress = view.progress()
    if (progress !== null) readiness.note(now(), progress)
  }
  note()
  return view.subscribe((event) => {
    if (event === 'progress') note()
  })
}

function stallsOf(
  consumer: ConsumerProgress,
  before: ReadonlyMap<string, Stall>,
  nowMs: number,
): Map<string, Stall> {
  return new Map(
    assignedPartitions(consumer).map((partition) => {
      const { applied, end } = orderedOffsets(partition)
      const last = before.get(keyOf(partition))
      const waits = last?.appliedOffset === applied && end !== null && end > applied
      return [keyOf(partition), { appliedOffset: applied, sinceMs: waits ? last.sinceMs : nowMs }]
    }),
  )
}

/** A partition of a topic. */
const keyOf = ({ topic, partition }: PartitionProgress): string => `${topic}/${partition}`

/** The reason that the consumer itself reports. */
function consumerReason(consumer: ConsumerProgress): string | null {
  const { group, member, assigned, partitions, paused } = consumer
  const gap = partitions.find((partition) => partition.gap)
  if (gap !== undefined) return sentence(`stopped at a gap: ${gap.stopped ?? 'unknown'}`)
  const denied = partitions.find((partition) => partition.denied)
  if (denied !== undefined) return sentence(denied.stopped ?? 'a partition may not be read')
  if (paused !== null) return sentence(paused)
  if (!member) return `Not a member of the consumer group ${group}.`
  const taken = new Set(partitions.map(({ partition }) => partition))
  const missing = assigned.filter((partition) => !taken.has(partition))
  if (missing.length === 0) return null
  return `Restoring ${missing.length} of ${assigned.length} assigned partitions of ${topicsText(consumer)}.`
}

function staleReason(
  { partitions }: ConsumerProgress,
  stalls: ReadonlyMap<string, Stall>,
  nowMs: number,
): string | null {
  for (const each of partitions) {
    const { topic, partition, stopped } = each
    const since = stalls.get(keyOf(each))?.sinceMs ?? nowMs
    if (nowMs - since <= STALE_MS) continue
    const seconds = Math.round((nowMs - since) / 1000)
    const why = stopped === null ? '' : ` (${stopped})`
    return `Partition ${partition} of ${topic} has lag, but applied no record for ${seconds} seconds${why}.`
  }
  return null
}

const sentence = (text: string): string => `${text[0].toUpperCase()}${text.slice(1)}.`
