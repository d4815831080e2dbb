// Computes a snapshot of all subscribers at one moment from one scan of the state.
import { FIELD } from '../subscriber/aggregate.ts'
import { applicationsOf, mostUsed } from './applications.ts'
import { distributionOf } from './distribution.ts'
import type { Crew } from './kmeans/descents.ts'
import { totalOf } from './exact.ts'
import { featureColumn } from './features.ts'
import { DISTRIBUTION_METRICS, featureRow, METRICS, type Metric } from './metrics.ts'
import { columnsNotIn, hasMetric } from './not-in-data.ts'
import { rosterOf, type Roster } from './roster.ts'
import type { Scan } from './scan.ts'
import type { Phase, Snapshot, SnapshotOptions, StateSummary } from './schema.ts'
import { segmentation } from './segmentation.ts'
import { entriesOf } from './top.ts'

type Totals = Pick<Snapshot, Metric>

/**
 * Computes the snapshot of a complete scan, which must not be used again, and its roster. The same
 * subscribers, state and options give the same snapshot to the bit, in whatever order the rows were
 * added. `onPhase` is called as each phase begins. Without subscribers all lists and curves are empty
 * and all numbers are 0.
 */
export function computeSnapshot(
  scan: Scan,
  state: StateSummary,
  options: SnapshotOptions,
  onPhase: (phase: Phase) => void = () => undefined,
  crew: Crew | null = null,
): { snapshot: Snapshot; roster: Roster } {
  onPhase('scale')
  const roster = rosterOf(scan)
  onPhase('top')
  const total = (metric: Metric): number =>
    totalOf(scan.sums, ...featureRow(metric).fields.map((field) => FIELD[field]))
  const records = totalOf(scan.sums, FIELD.records)
  const notInData = columnsNotIn(records, state.missing)
  const applications = applicationsOf(scan, notInData, options.top)
  const snapshot = {
    number: state.number,
    subscribers: scan.subscribers,
    splitSubscribers: scan.order?.split ?? 0,
    records,
    ...(Object.fromEntries(METRICS.map((metric) => [metric, total(metric)])) as Totals),
    distribution: Object.fromEntries(
      DISTRIBUTION_METRICS.map((metric) => [
        metric,
        distributionOf(featureColumn(roster, metric), total(metric)),
      ]),
    ) as Snapshot['distribution'],
    top: Object.fromEntries(
      METRICS.map((metric, at) => [
        metric,
        hasMetric({ notInData }, metric) ? entriesOf(scan.tops[at], options.top) : [],
      ]),
    ) as Snapshot['top'],
    applications,
    topApplications: mostUsed(applications, options.excludeApplications),
    ...segmentation(roster, notInData, options, onPhase, crew),
    hours: state.hours,
    positions: state.positions,
    rejected: state.rejected,
    coerced: state.coerced,
    missing: state.missing,
    notInData,
  }
  return { snapshot, roster }
}
