// Whether the pipeline can answer for itself, and if not, why; the clock is an argument.
import type {
  ConsumerProgress,
  IngestProgress,
  LifeState,
} from '../../../consumers/ingest/progress.ts'
import { assignedPartitions, orderedOffsets } from './offsets.ts'
import type { PipelineView } from '../view.ts'

/** Longer than a rebalance, a restart of a broker or a slow commit take. */
export const STALE_MS = 60_000

/** Watches the messages of a pipeline for what stands still. */
export interface Readiness {
  note(nowMs: number, progress: IngestProgress): void
  /** Why the pipeline is not ready, in a sentence; null when it is. */
  reason(nowMs: number): string | null
}

/** Where a partition stood, and since when it has been standing there with something to read. */
interface Standing {
  appliedOffset: number
  sinceMs: number
}

/** The life state as of now. */
export function stateOf(view: PipelineView): LifeState {
  return view.progress()?.state ?? 'starting'
}

/** The readiness of `view`; it must be given every message. */
export function createReadiness(view: PipelineView): Readiness {
  let standing = new Map<number, Standing>()
  let heardMs = 0
  return {
    note(nowMs, { consumer }) {
      heardMs = nowMs
      standing =
        consumer === null ? new Map<number, Standing>() : standingOf(consumer, standing, nowMs)
    },
    reason(nowMs) {
      const state = stateOf(view)
      if (state !== 'running' && state !== 'draining') return `The pipeline is ${state}.`
      const consumer = view.progress()?.consumer ?? null
      if (consumer === null) return null
      return consumerReason(consumer) ?? staleReason(consumer, standing, heardMs, nowMs)
    },
  }
}

/** Notes every message of `view` as it comes; returns how to stop that. */
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

function standingOf(
  consumer: ConsumerProgress,
  before: ReadonlyMap<number, Standing>,
  nowMs: number,
): Map<number, Standing> {
  return new Map(
    assignedPartitions(consumer).map((partition) => {
      const { applied, end } = orderedOffsets(partition)
      const last = before.get(partition.partition)
      const waits = last?.appliedOffset === applied && end !== null && end > applied
      return [
        partition.partition,
        { appliedOffset: applied, sinceMs: waits ? last.sinceMs : nowMs },
      ]
    }),
  )
}

/** What the consumer itself says. */
function consumerReason(consumer: ConsumerProgress): string | null {
  const { topic, group, member, assigned, partitions, paused } = consumer
  const gap = partitions.find((partition) => partition.gap)
  if (gap !== undefined) return sentence(`stopped at a gap: ${gap.stopped ?? 'unknown'}`)
  if (paused !== null) return sentence(paused)
  if (!member) return `Not a member of the consumer group ${group}.`
  const taken = new Set(partitions.map(({ partition }) => partition))
  const missing = assigned.filter((partition) => !taken.has(partition))
  if (missing.length === 0) return null
  return `Restoring ${missing.length} of ${assigned.length} assigned partitions of ${topic}.`
}

function staleReason(
  { partitions }: ConsumerProgress,
  standing: ReadonlyMap<number, Standing>,
  heardMs: number,
  nowMs: number,
): string | null {
  if (nowMs - heardMs > STALE_MS) {
    return `Ingest has said nothing for ${Math.round((nowMs - heardMs) / 1000)} seconds.`
  }
  for (const { partition, stopped } of partitions) {
    const since = standing.get(partition)?.sinceMs ?? nowMs
    if (nowMs - since <= STALE_MS) continue
    const seconds = Math.round((nowMs - since) / 1000)
    const why = stopped === null ? '' : ` (${stopped})`
    return `Partition ${partition} has records to read, and applied none for ${seconds} seconds${why}.`
  }
  return null
}

const sentence = (text: string): string => `${text[0].toUpperCase()}${text.slice(1)}.`
