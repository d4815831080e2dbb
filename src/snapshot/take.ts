// Takes a snapshot of a view of the state: first the scan, then the computation.
import { APPLICATIONS } from '../record/columns.ts'
import { mapText } from '../record/mapped-columns.ts'
import { commaColumns, unitsOf, type StoredUnits } from '../record/source-units.ts'
import { downlinkField, FIELD, SUM_FIELDS, uplinkField } from '../subscriber/aggregate.ts'
import type { Sums } from '../subscriber/aggregate.ts'
import { HOUR_MS, hourPlace, UNKNOWN_HOUR } from '../subscriber/hours.ts'
import type { Crew } from './kmeans/descents.ts'
import { columnsNotIn } from './not-in-data.ts'
import { scanSubscribers } from './merge.ts'
import type { Scan } from './scan.ts'
import type { Hour, Position, Snapshot, SnapshotOptions, StateSummary } from './schema.ts'
import type { Roster } from './roster.ts'
import { computeSnapshot } from './snapshot.ts'
import type { AsOf } from './subscriber-schema.ts'

/** The part of a view of the state that a snapshot is computed from. */
export interface SnapshotInput {
  counters: Pick<StateSummary, 'rejected' | 'coerced' | 'missing'> & { commit: number }
  hours: ReadonlyMap<number, Float64Array>
  positions: readonly {
    source: string
    partition: number
    position: StoredUnits & {
      name: string
      rows: number
      kind: 'file' | 'topic'
      next: number
      order: 'file' | 'time' | 'offset'
      evidence: string
    }
  }[]
  scan(visit: (rows: Float64Array, count: number) => void): void
}

/** Milliseconds spent in each phase. */
export type PhaseTimes = Record<'scan' | 'scale' | 'kmeans' | 'elbow' | 'top', number>

/** Everything that a snapshot is computed from; the view is no longer needed. */
export interface ScannedState {
  scan: Scan
  summary: StateSummary
  milliseconds: number
}

/** Passes over a view; `now` is in milliseconds. */
export function scanState(
  view: SnapshotInput,
  { top }: SnapshotOptions,
  now: () => number,
): ScannedState {
  const start = now()
  const scan = scanSubscribers((visit) => view.scan(visit), top)
  return { scan, summary: summaryOf(view), milliseconds: now() - start }
}

/** A snapshot, its roster, and the milliseconds that each phase took. */
export interface TimedSnapshot {
  snapshot: Snapshot
  roster: Roster
  times: PhaseTimes
}

/** Computes the snapshot of a scan, which must not be used again; `now` is in milliseconds. */
export function snapshotOfScan(
  { scan, summary, milliseconds }: ScannedState,
  options: SnapshotOptions,
  now: () => number,
  crew: Crew | null = null,
): TimedSnapshot {
  const times: PhaseTimes = { scan: milliseconds, scale: 0, kmeans: 0, elbow: 0, top: 0 }
  let phase: keyof PhaseTimes = 'scan'
  let since = now()
  const enter = (next: keyof PhaseTimes): void => {
    times[phase] += now() - since
    since = now()
    phase = next
  }
  const { snapshot, roster } = computeSnapshot(scan, summary, options, enter, crew)
  enter('scan')
  return { snapshot, roster, times }
}

/** Scans and computes in one step, for a caller that keeps the view open meanwhile. */
export const takeSnapshot = (
  view: SnapshotInput,
  options: SnapshotOptions,
  now: () => number,
): TimedSnapshot => snapshotOfScan(scanState(view, options, now), options, now)

function summaryOf({ counters, hours, positions }: SnapshotInput): StateSummary {
  return {
    number: counters.commit,
    hours: [...hours].sort(([a], [b]) => a - b).map(([hour, sums]) => hourOf(hour, sums)),
    positions: positionsOf({ positions }),
    rejected: counters.rejected,
    coerced: counters.coerced,
    missing: counters.missing,
  }
}

/** How far each source is read. */
export const positionsOf = ({ positions }: Pick<SnapshotInput, 'positions'>): Position[] =>
  positions.map(({ source, partition, position }) => {
    const { name, kind, next, rows, order } = position
    const { durationUnit, timeFormat, volumeUnit, mapped, ...units } = unitsOf(position)
    const formats = { durationUnit, timeFormat, commaColumns: commaColumns(units), volumeUnit }
    const [map, { evidence }] = [mapText(mapped), position]
    return { source, name, kind, partition, next, rows, order, ...formats, map, evidence }
  })

/** The moment of a view, compared with no snapshot. */
export type Moment = Omit<AsOf, 'segmentsNumber' | 'snapshotNumber'>

/** The moment that a view opened at `timeMs` is as of. */
export const momentOf = (
  view: Pick<SnapshotInput, 'positions'> & {
    counters: Pick<SnapshotInput['counters'], 'commit' | 'missing'> & { applied: number }
  },
  timeMs: number,
): Moment => ({
  commit: view.counters.commit,
  timeMs,
  positions: positionsOf(view),
  notInData: columnsNotIn(view.counters.applied, view.counters.missing),
})

function hourOf(hour: number, sums: Float64Array): Hour {
  const at = (field: number): number => sums[hourPlace(field)]
  return {
    startMs: hour === UNKNOWN_HOUR ? null : hour * HOUR_MS,
    ...(Object.fromEntries(SUM_FIELDS.map((field) => [field, at(FIELD[field])])) as Sums),
    applications: APPLICATIONS.map((_, application) => ({
      downlinkBytes: at(downlinkField(application)),
      uplinkBytes: at(uplinkField(application)),
    })),
  }
}
