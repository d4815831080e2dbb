// How fast rows are dealt with, and how long the rest will take; the clock is an argument.
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { allCounters } from './source-counters.ts'
import type { PipelineView } from '../view.ts'

export interface Throughput {
  rowsPerSecond: number
  /** Until all rows are dealt with; null when that cannot be told. */
  etaSeconds: number | null
}

/** Long enough to smooth over commits, short enough to show that something stopped. */
const WINDOW_MS = 10_000

/** Keeps the rows of the last seconds. */
export interface ThroughputMeter {
  note(nowMs: number, progress: IngestProgress): void
  read(nowMs: number): Throughput
}

/** A meter that knows nothing yet. */
export function createThroughputMeter(): ThroughputMeter {
  let points: { atMs: number; rows: number }[] = []
  let left = 0
  return {
    note(nowMs, progress) {
      points = points.filter((point) => nowMs - point.atMs < WINDOW_MS)
      points.push({ atMs: nowMs, rows: allCounters(progress).rows })
      left = progress.done ? 0 : Math.max(0, progress.totalRows - progress.counters.rows)
    },
    read(nowMs) {
      const recent = points.filter((point) => nowMs - point.atMs < WINDOW_MS)
      if (recent.length < 2) {
        return { rowsPerSecond: 0, etaSeconds: left === 0 && points.length > 0 ? 0 : null }
      }
      const first = recent[0]
      const last = recent.at(-1)!
      const seconds = Math.max(last.atMs - first.atMs, 1) / 1000
      const rowsPerSecond = (last.rows - first.rows) / seconds
      if (left === 0) return { rowsPerSecond, etaSeconds: 0 }
      return { rowsPerSecond, etaSeconds: rowsPerSecond > 0 ? left / rowsPerSecond : null }
    },
  }
}

/** Notes every progress message of `view` as it comes; returns how to stop that. */
export function meterView(
  view: PipelineView,
  meter: ThroughputMeter,
  now: () => number,
): () => void {
  return view.subscribe((event) => {
    const progress = view.progress()
    if (event === 'progress' && progress !== null) meter.note(now(), progress)
  })
}
