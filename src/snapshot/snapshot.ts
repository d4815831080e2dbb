// A snapshot: everything said of all subscribers at one moment, from one scan of the state.
import { FIELD } from '../subscriber/aggregate.ts'
import { applicationsOf, mostUsed } from './applications.ts'
import { distributionOf } from './distribution.ts'
import { totalOf } from './exact.ts'
import { featureColumn } from './features.ts'
import type { Scan } from './scan.ts'
import {
  METRICS,
  type Phase,
  type Snapshot,
  type SnapshotOptions,
  type StateSummary,
} from './schema.ts'
import { segmentation } from './segmentation.ts'
import { entriesOf } from './top.ts'

/**
 * Computes the snapshot of a complete scan. The same subscribers, state and options give the same
 * snapshot to the bit, in whatever order the rows were added. `onPhase` hears of each phase as it
 * begins. Without subscribers all lists and curves are empty and all numbers 0.
 */
export function computeSnapshot(
  scan: Scan,
  state: StateSummary,
  options: SnapshotOptions,
  onPhase: (phase: Phase) => void = () => undefined,
): Snapshot {
  onPhase('top')
  const total = (...fields: number[]): number => totalOf(scan.sums, ...fields)
  const totals = {
    sessions: total(FIELD.sessions),
    durationMs: total(FIELD.durationMs),
    downlinkBytes: total(FIELD.downlinkBytes),
    uplinkBytes: total(FIELD.uplinkBytes),
    trafficBytes: total(FIELD.downlinkBytes, FIELD.uplinkBytes),
  }
  const spread = (metric: 'sessions' | 'durationMs' | 'trafficBytes') =>
    distributionOf(featureColumn(scan, metric), totals[metric])
  const applications = applicationsOf(scan, options.top)
  return {
    number: state.number,
    subscribers: scan.subscribers,
    records: total(FIELD.records),
    ...totals,
    distribution: {
      sessions: spread('sessions'),
      durationMs: spread('durationMs'),
      trafficBytes: spread('trafficBytes'),
    },
    top: Object.fromEntries(
      METRICS.map((metric, at) => [metric, entriesOf(scan.tops[at], options.top)]),
    ) as Snapshot['top'],
    applications,
    topApplications: mostUsed(applications, options.excludeApplications),
    ...segmentation(scan, options, onPhase),
    hours: state.hours,
    positions: state.positions,
    rejected: state.rejected,
    coerced: state.coerced,
    missing: state.missing,
  }
}
