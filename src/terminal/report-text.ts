// A snapshot as tables for a terminal.
import {
  applicationTexts,
  knownMetrics,
  metricText,
  notInDataWords,
} from '../snapshot/not-in-data.ts'
import { totalsWords } from '../report/words.ts'
import {
  DISTRIBUTION_METRICS,
  labelOf,
  METRICS,
  type Feature,
  type Metric,
} from '../snapshot/metrics.ts'
import type { Snapshot, TopEntry } from '../snapshot/schema.ts'
import { shareText, valueText } from '../snapshot/units.ts'
import { tableText } from './table.ts'

/** Totals, segments and the subscribers with the most traffic: a summary of one screen. */
export const summaryText = (snapshot: Snapshot): string =>
  [
    totalsText(snapshot),
    segmentsText(snapshot),
    topText(snapshot.top.trafficBytes, 'trafficBytes'),
  ].join('\n\n')

/** A whole snapshot as tables. */
export function reportText(snapshot: Snapshot): string {
  return [
    totalsText(snapshot),
    distributionText(snapshot),
    ...knownMetrics(snapshot, METRICS).map((metric) => topText(snapshot.top[metric], metric)),
    applicationsText(snapshot),
    segmentsText(snapshot),
    elbowText(snapshot),
    qualityText(snapshot),
  ].join('\n\n')
}

/** The name of a feature as the heading of a column or row on a terminal. */
export const headingOf = (feature: Feature): string => labelOf(feature).toLowerCase()

function totalsText(snapshot: Snapshot): string {
  const { subscribers, splitSubscribers, records } = snapshot
  return tableText([
    ['totals', ''],
    ['subscribers', subscribers.toLocaleString('en-US')],
    ...(splitSubscribers === 0
      ? []
      : [['of these in several partitions', splitSubscribers.toLocaleString('en-US')]]),
    ['records', records.toLocaleString('en-US')],
    ...METRICS.map((metric) => [headingOf(metric), metricText(snapshot, metric, snapshot[metric])]),
  ])
}

function distributionText(snapshot: Snapshot): string {
  const { distribution } = snapshot
  const metrics = knownMetrics(snapshot, DISTRIBUTION_METRICS)
  const rows = metrics.map((metric) => {
    const { min, mean, max, quantiles } = distribution[metric]
    const { p10, p50, p90, p99 } = quantiles
    return [min, p10, p50, mean, p90, p99, max].map((value) => valueText(metric, value))
  })
  return tableText([
    ['per subscriber', 'minimum', '10 %', 'median', 'mean', '90 %', '99 %', 'maximum'],
    ...metrics.map((metric, i) => [headingOf(metric), ...rows[i]]),
  ])
}

/** The top list of a metric. */
export function topText(list: readonly TopEntry[], metric: Metric): string {
  const rows = list.map(({ msisdn, value }, i) => [
    String(i + 1),
    String(msisdn),
    valueText(metric, value),
  ])
  return tableText([['rank', 'MSISDN', headingOf(metric)], ...rows])
}

function applicationsText(snapshot: Snapshot): string {
  const { applications, topApplications } = snapshot
  const rows = applications.map((each) => [
    each.name,
    ...applicationTexts(snapshot, each),
    each.trafficBytes > 0 ? String(each.top.at(0)?.msisdn ?? '') : '',
  ])
  const heading = [
    'application',
    'download',
    'upload',
    'total',
    'share',
    'subscribers',
    'largest user',
  ]
  const most = `Most used: ${topApplications.join(', ')}`
  return [tableText([heading, ...rows]), most, totalsWords(snapshot)].join('\n')
}

/** The segments with their means, and the method. */
export function segmentsText({ segments: found }: Pick<Snapshot, 'segments'>) {
  const { features, scaling, k, inertia, segments, text } = found
  const heading = ['segment', 'subscribers', 'share', ...features.map(headingOf)]
  const rows = segments.map(({ name, subscribers, share, centroid }) => [
    name,
    subscribers.toLocaleString('en-US'),
    shareText(share),
    ...features.map((feature) => valueText(feature, centroid[feature])),
  ])
  const method = `k-means of ${features.join(', ')} (${scaling}), k = ${k}, inertia ${inertia.toPrecision(6)}`
  return `${tableText([heading, ...rows])}\n${method}\n${text}`
}

/** The elbow: inertia by k, with the knee marked. */
export function elbowText({ elbow }: Snapshot): string {
  const rows = elbow.k.map((k, i) => [
    String(k),
    elbow.inertia[i].toPrecision(6),
    k === elbow.knee ? '← knee' : '',
  ])
  return `${tableText([['k', 'inertia', ''], ...rows])}\n${elbow.text}`
}

function qualityText({ rejected, coerced, missing, notInData }: Snapshot): string {
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
    : [tableText([['data quality', 'count'], ...rows]), ...notInDataWords(notInData)].join('\n')
}
