// `report` and its part `segments`: what a state directory says, as tables or JSON.
import { performance } from 'node:perf_hooks'
import { withView, type StateView } from '../../state/read.ts'
import { PulseError } from '../errors.ts'
import { totalsWords } from '../report/words.ts'
import {
  DISTRIBUTION_METRICS,
  METRICS,
  type Metric,
  type Snapshot,
  type TopEntry,
} from '../snapshot/schema.ts'
import type { AsOf } from '../snapshot/subscriber-schema.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { bytesText, durationText, shareText } from '../snapshot/units.ts'
import {
  snapshotOptions,
  type FILE_OPTIONS,
  type REPORT_OPTIONS,
  type ValuesOf,
} from '../options.ts'
import { print, tableText } from '../terminal/table.ts'
import { shownView, withProgress, type ProgressDisplay } from '../terminal/progress.ts'

export type ReportValues = ValuesOf<typeof REPORT_OPTIONS>
export type FileValues = ReportValues & ValuesOf<typeof FILE_OPTIONS>

/** Whether the report is wanted as files; the options that need one of them are refused alone. */
export function wantsFiles({ html, export: directory, csv, mask }: FileValues): boolean {
  if (csv && directory === '') throw new PulseError('usage', '--csv needs --export DIR')
  if (mask && html === '') throw new PulseError('usage', '--mask needs --html FILE')
  return html !== '' || directory !== ''
}

/** The snapshot of a state directory as it is now. */
export function snapshotOf(
  view: StateView,
  values: ReportValues,
  display: ProgressDisplay,
): Snapshot {
  const shown = shownView(view, display, 'reading', 'finding segments')
  return takeSnapshot(shown, snapshotOptions(values), () => performance.now()).snapshot
}

const readSnapshot = (subject: string, values: ReportValues): Promise<Snapshot> =>
  withProgress(subject, (display) =>
    withView(values.state, (view) => snapshotOf(view, values, display)),
  )

export async function report(values: ReportValues): Promise<void> {
  const snapshot = await readSnapshot('report', values)
  print(values, snapshot, () => reportText(snapshot))
}

export async function segments(values: ReportValues): Promise<void> {
  const timeMs = Date.now()
  const snapshot = await readSnapshot('segments', values)
  const { number, positions, segments: found, elbow } = snapshot
  const asOf = { commit: number, timeMs, segmentsNumber: number, positions } satisfies AsOf
  print(values, { asOf, segments: found, elbow }, () =>
    [segmentsText(snapshot), elbowText(snapshot)].join('\n\n'),
  )
}

/** Totals, segments and the busiest subscribers: what fits on a screen. */
export const summaryText = (snapshot: Snapshot): string =>
  [
    totalsText(snapshot),
    segmentsText(snapshot),
    topText(snapshot.top.trafficBytes, 'trafficBytes'),
  ].join('\n\n')

function reportText(snapshot: Snapshot): string {
  return [
    totalsText(snapshot),
    distributionText(snapshot),
    ...METRICS.map((metric) => topText(snapshot.top[metric], metric)),
    applicationsText(snapshot),
    segmentsText(snapshot),
    elbowText(snapshot),
    qualityText(snapshot),
  ].join('\n\n')
}

/** A value of a metric in its unit. */
export const metricText = (metric: string, value: number): string => {
  if (metric === 'durationMs' || metric === 'meanSessionDurationMs') return durationText(value)
  return metric.endsWith('Bytes')
    ? bytesText(value)
    : Number(value.toFixed(1)).toLocaleString('en-US')
}

/** What a metric is called at the head of a column or row. */
export const METRIC_NAMES: Readonly<Record<string, string>> = {
  sessions: 'sessions',
  durationMs: 'duration',
  trafficBytes: 'total traffic',
  downlinkBytes: 'download',
  uplinkBytes: 'upload',
  meanSessionDurationMs: 'mean session',
} satisfies Record<Metric | 'meanSessionDurationMs', string>

function totalsText(snapshot: Snapshot): string {
  const { subscribers, records, sessions, durationMs, downlinkBytes, uplinkBytes } = snapshot
  return tableText([
    ['totals', ''],
    ['subscribers', subscribers.toLocaleString('en-US')],
    ['records', records.toLocaleString('en-US')],
    ['sessions', sessions.toLocaleString('en-US')],
    ['duration', durationText(durationMs)],
    ['download', bytesText(downlinkBytes)],
    ['upload', bytesText(uplinkBytes)],
  ])
}

function distributionText({ distribution }: Snapshot): string {
  const rows = DISTRIBUTION_METRICS.map((metric) => {
    const { min, mean, max, quantiles } = distribution[metric]
    const { p10, p50, p90, p99 } = quantiles
    return [min, p10, p50, mean, p90, p99, max].map((value) => metricText(metric, value))
  })
  return tableText([
    ['per subscriber', 'least', '10 %', 'median', 'mean', '90 %', '99 %', 'most'],
    ...DISTRIBUTION_METRICS.map((metric, i) => [METRIC_NAMES[metric], ...rows[i]]),
  ])
}

/** The top list of a metric. */
export function topText(list: readonly TopEntry[], metric: Metric): string {
  const rows = list.map(({ msisdn, value }, i) => [
    String(i + 1),
    String(msisdn),
    metricText(metric, value),
  ])
  return tableText([['rank', 'MSISDN', METRIC_NAMES[metric]], ...rows])
}

function applicationsText(snapshot: Snapshot): string {
  const { applications, topApplications } = snapshot
  const rows = applications.map(({ name, downlinkBytes, uplinkBytes, share, subscribers, top }) => [
    name,
    bytesText(downlinkBytes),
    bytesText(uplinkBytes),
    shareText(share),
    subscribers.toLocaleString('en-US'),
    String(top.at(0)?.msisdn ?? ''),
  ])
  const heading = ['application', 'download', 'upload', 'share', 'subscribers', 'largest user']
  const most = `Most used: ${topApplications.join(', ')}`
  return [tableText([heading, ...rows]), most, totalsWords(snapshot)].join('\n')
}

function segmentsText({ segments: { features, scaling, k, inertia, segments, text } }: Snapshot) {
  const heading = ['segment', 'subscribers', 'share', ...features.map((f) => METRIC_NAMES[f])]
  const rows = segments.map(({ name, subscribers, share, centroid }) => [
    name,
    subscribers.toLocaleString('en-US'),
    shareText(share),
    ...features.map((feature) => metricText(feature, centroid[feature])),
  ])
  const method = `k-means of ${features.join(', ')} (${scaling}), k = ${k}, inertia ${inertia.toPrecision(6)}`
  return `${tableText([heading, ...rows])}\n${method}\n${text}`
}

function elbowText({ elbow }: Snapshot): string {
  const rows = elbow.k.map((k, i) => [
    String(k),
    elbow.inertia[i].toPrecision(6),
    k === elbow.knee ? '← knee' : '',
  ])
  return `${tableText([['k', 'inertia', ''], ...rows])}\n${elbow.text}`
}

function qualityText({ refused, coerced, missing }: Snapshot): string {
  const some = (what: string, counts: Record<string, number>): [string, number][] =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [`${what}: ${name}`, count])
  const rows = [
    ...some('refused', refused),
    ...some('coerced', coerced),
    ...some('missing', missing),
  ]
  return rows.length === 0
    ? 'Data quality: nothing was refused, coerced or missing.'
    : tableText([['data quality', 'count'], ...rows])
}
