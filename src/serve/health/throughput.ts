// Rows per second, and the time that the remaining rows take; the clock is an argument.
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { allCounters } from './source-counters.ts'
import type { PipelineView } from '../view.ts'

/** The rate of reading. */
export interface Throughput {
  rowsPerSecond: number
  /** Time until all rows are read; null when it is unknown. */
  etaSeconds: number | null
}

/** Long enough to smooth over commits, short enough to show a stop. */
const WINDOW_MS = 10_000

/** Measures the rate over the last 10 seconds. Times are milliseconds since 1970. */
export interface ThroughputMeter {
  /** Takes a message of ingest. */
  note(nowMs: number, progress: IngestProgress): void
  /** The rate as of now; 0 before the second message. */
  read(nowMs: number): Throughput
}

/** A meter before the first message. */
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

/** Passes every message of `view` to `meter`; returns a function that unsubscribes. */
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
