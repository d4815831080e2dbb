// A snapshot as tables for a terminal.
import { totalsWords } from '../report/words.ts'
import {
  DISTRIBUTION_METRICS,
  METRICS,
  type Metric,
  type Snapshot,
  type TopEntry,
} from '../snapshot/schema.ts'
import { bytesText, durationText, shareText } from '../snapshot/units.ts'
import { tableText } from './table.ts'

/** Totals, segments and the busiest subscribers: what fits on a screen. */
export const summaryText = (snapshot: Snapshot): string =>
  [
    totalsText(snapshot),
    segmentsText(snapshot),
    topText(snapshot.top.trafficBytes, 'trafficBytes'),
  ].join('\n\n')

/** Everything a snapshot says, as tables. */
export function reportText(snapshot: Snapshot): string {
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

/** Segments with what sets them apart, and the method. */
export function segmentsText({
  segments: { features, scaling, k, inertia, segments, text },
}: Snapshot) {
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

/** The elbow: inertia by k, and the knee. */
export function elbowText({ elbow }: Snapshot): string {
  const rows = elbow.k.map((k, i) => [
    String(k),
    elbow.inertia[i].toPrecision(6),
    k === elbow.knee ? '← knee' : '',
  ])
  return `${tableText([['k', 'inertia', ''], ...rows])}\n${elbow.text}`
}

function qualityText({ rejected, coerced, missing }: Snapshot): string {
  const some = (what: string, counts: Record<string, number>): [string, number][] =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [`${what}: ${name}`, count])
  const rows = [
    ...some('rejected', rejected),
    ...some('coerced', coerced),
    ...some('missing', missing),
  ]
  return rows.length === 0
    ? 'Data quality: nothing was rejected, coerced or missing.'
    : tableText([['data quality', 'count'], ...rows])
}
