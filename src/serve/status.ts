// What the server says of the pipeline itself: the short form for streams, the long for people.
import type { IngestCounters, LifeState, SourceNote } from '../../consumers/progress.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import type { Pace } from './pace.ts'
import type { PipelineView, SnapshotRuns, SnapshotTimings } from './view.ts'

/** Sent about once a second to every live client. */
export interface ProgressMessage extends Pace {
  state: LifeState
  version: string
  uptimeSeconds: number
  /** Of the last snapshot, null before the first. */
  snapshotNumber: number | null
  snapshotAtMs: number | null
  /** Null before ingest has said anything. */
  counters: IngestCounters | null
  totalRows: number
  /** Share of the rows dealt with, 0 to 1; null without rows. */
  progress: number | null
  subscribers: number
  dirtySubscribers: number
  lastDurableMs: number | null
  eventTimeMs: number | null
  done: boolean
}

/** The answer of `/api/v1/status`. */
export interface Status extends ProgressMessage {
  startedAtMs: number
  restoreSeconds: number | null
  store: { fileBytes: number; usedBytes: number; volumeFreeBytes: number } | null
  sources: SourceNote[]
  positions: Snapshot['positions']
  runs: SnapshotRuns
  timings: SnapshotTimings | null
  options: Record<string, unknown>
}

/** The life state as of now. */
export function stateOf(view: PipelineView): LifeState {
  return view.progress()?.state ?? 'starting'
}

/** Why the pipeline cannot answer for itself, or null when it can. */
export function unreadiness(view: PipelineView): string | null {
  const state = stateOf(view)
  return state === 'running' || state === 'draining' ? null : `The pipeline is ${state}.`
}

/** The short form, as of `nowMs`. */
export function progressMessage(view: PipelineView, pace: Pace, nowMs: number): ProgressMessage {
  const progress = view.progress()
  const published = view.published()
  const totalRows = progress?.totalRows ?? 0
  return {
    state: stateOf(view),
    version: view.version,
    uptimeSeconds: (nowMs - view.startedAtMs) / 1000,
    snapshotNumber: published?.snapshot.number ?? null,
    snapshotAtMs: published?.atMs ?? null,
    rowsPerSecond: pace.rowsPerSecond,
    etaSeconds: pace.etaSeconds,
    counters: progress?.counters ?? null,
    totalRows,
    progress: totalRows > 0 ? (progress?.counters.rows ?? 0) / totalRows : null,
    subscribers: progress?.subscribers ?? 0,
    dirtySubscribers: progress?.dirtySubscribers ?? 0,
    lastDurableMs: progress?.lastDurableMs ?? null,
    eventTimeMs: progress?.eventTimeMs ?? null,
    done: progress?.done ?? false,
  }
}

/** The long form, as of `nowMs`. */
export function status(view: PipelineView, pace: Pace, nowMs: number): Status {
  const progress = view.progress()
  const published = view.published()
  return {
    ...progressMessage(view, pace, nowMs),
    startedAtMs: view.startedAtMs,
    restoreSeconds: progress?.restoreSeconds ?? null,
    store: progress?.store ?? null,
    sources: progress?.sources ?? [],
    positions: published?.snapshot.positions ?? [],
    runs: view.runs(),
    timings: published?.timings ?? null,
    options: view.options(),
  }
}
