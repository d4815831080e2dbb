// Takes a snapshot of a view of the state: scan, then compute; the clock is an argument.
import { HOUR_MS, UNKNOWN_HOUR } from '../subscriber/hours.ts'
import { addRows, createScan, type Scan } from './scan.ts'
import type { Hour, Position, Snapshot, SnapshotOptions, StateSummary } from './schema.ts'
import { computeSnapshot } from './snapshot.ts'
import type { AsOf } from './subscriber-schema.ts'

/** What a snapshot needs of a view of the state. */
export interface SnapshotInput {
  counters: Pick<StateSummary, 'rejected' | 'coerced' | 'missing'> & { commit: number }
  hours: ReadonlyMap<number, Float64Array>
  positions: readonly {
    source: string
    partition: number
    position: {
      name: string
      rows: number
      kind: 'file' | 'topic'
      next: number
      order: 'file' | 'time' | 'offset'
      durationUnit: 'ms' | 's'
    }
  }[]
  scan(visit: (rows: Float64Array, count: number) => void): void
}

/** Milliseconds spent in each phase. */
export type PhaseTimes = Record<'scan' | 'scale' | 'kmeans' | 'elbow' | 'top', number>

/** All that a snapshot is computed from: the view is needed no more. */
export interface ScannedState {
  scan: Scan
  summary: StateSummary
  milliseconds: number
}

/** One pass over a view; `now` is in milliseconds. */
export function scanState(
  view: SnapshotInput,
  { top }: SnapshotOptions,
  now: () => number,
): ScannedState {
  const start = now()
  const scan = createScan(top)
  view.scan((rows, count) => addRows(scan, rows, count))
  return { scan, summary: summarise(view), milliseconds: now() - start }
}

/** The snapshot, and how long its phases took by `now` (milliseconds). */
export function snapshotOfScan(
  { scan, summary, milliseconds }: ScannedState,
  options: SnapshotOptions,
  now: () => number,
): { snapshot: Snapshot; times: PhaseTimes } {
  const times: PhaseTimes = { scan: milliseconds, scale: 0, kmeans: 0, elbow: 0, top: 0 }
  let phase: keyof PhaseTimes = 'scan'
  let since = now()
  const enter = (next: keyof PhaseTimes): void => {
    times[phase] += now() - since
    since = now()
    phase = next
  }
  const snapshot = computeSnapshot(scan, summary, options, enter)
  enter('scan')
  return { snapshot, times }
}

/** Scans and computes while the view lasts. */
export const takeSnapshot = (
  view: SnapshotInput,
  options: SnapshotOptions,
  now: () => number,
): ReturnType<typeof snapshotOfScan> => snapshotOfScan(scanState(view, options, now), options, now)

function summarise({ counters, hours, positions }: SnapshotInput): StateSummary {
  return {
    number: counters.commit,
    hours: [...hours].sort(([a], [b]) => a - b).map(([hour, sums]) => hourOf(hour, sums)),
    positions: positionsOf({ positions }),
    rejected: counters.rejected,
    coerced: counters.coerced,
    missing: counters.missing,
  }
}

/** How far each source was read, as it is shown. */
export const positionsOf = ({ positions }: Pick<SnapshotInput, 'positions'>): Position[] =>
  positions.map(({ source, partition, position }) => ({
    source,
    name: position.name,
    kind: position.kind,
    partition,
    next: position.next,
    rows: position.rows,
    order: position.order,
    durationUnit: position.durationUnit,
  }))

/** The moment that a view is of, begun at `timeMs`. */
export const momentOf = (
  view: Pick<SnapshotInput, 'positions'> & { counters: { commit: number } },
  timeMs: number,
): Omit<AsOf, 'segmentsNumber'> => ({
  commit: view.counters.commit,
  timeMs,
  positions: positionsOf(view),
})

function hourOf(hour: number, sums: Float64Array): Hour {
  const [records, sessions, durationMs, downlinkBytes, uplinkBytes, ...bytes] = sums
  return {
    startMs: hour === UNKNOWN_HOUR ? null : hour * HOUR_MS,
    records,
    sessions,
    durationMs,
    downlinkBytes,
    uplinkBytes,
    applications: Array.from({ length: bytes.length / 2 }, (_, application) => ({
      downlinkBytes: bytes[2 * application],
      uplinkBytes: bytes[2 * application + 1],
    })),
  }
}
