// The metrics of subscribers and applications in the last snapshot, without any MSISDN.
import { APPLICATION_TABLE } from '../../record/columns.ts'
import {
  METRIC_TABLE,
  type DistributionMetric,
  type Feature,
  type Unit,
} from '../../snapshot/metrics.ts'
import { FEATURE_COLUMNS, hasMetric, knownApplications } from '../../snapshot/not-in-data.ts'
import { QUANTILES } from '../../snapshot/metrics.ts'
import type { Snapshot } from '../../snapshot/schema.ts'
import { ABSENT, gauge, type Read, type Series } from './row.ts'

/** The ranks that are published, "01" to "10". */
const RANKS = 10

/** Prometheus' base unit of each unit: the end of a name, and the divisor of values. */
const BASE_UNITS = {
  count: ['', 1],
  ms: ['_seconds', 1000],
  bytes: ['_bytes', 1],
} as const satisfies Record<Unit, readonly [suffix: string, divisor: number]>

/** A metric with its base unit at the end: `durationMs` is `duration_seconds`. */
type BaseName<Key extends string, Kind extends string = ''> = Key extends `${infer Stem}Ms`
  ? `${Stem}${Kind}_seconds`
  : Key extends `${infer Stem}Bytes`
    ? `${Stem}${Kind}_bytes`
    : `${Key}${Kind}`

/** A distribution metric as Prometheus has it. */
export interface Exposed {
  key: DistributionMetric
  label: string
  /** The end of the names of its metrics. */
  name: BaseName<DistributionMetric>
  /** The same for means. */
  meanName: BaseName<DistributionMetric, '_mean'>
  /** A value in base units. */
  base: (value: number) => number
}

/** All metrics whose distribution is in the snapshot. */
export const EXPOSED: readonly Exposed[] = METRIC_TABLE.filter((row) => row.distribution).map(
  ({ key, label, unit }) => {
    const [suffix, divisor] = BASE_UNITS[unit]
    const stem = key.replace(/(Ms|Bytes)$/, '').replaceAll(/[A-Z]/g, (x) => `_${x.toLowerCase()}`)
    return {
      key,
      label,
      name: `${stem}${suffix}` as Exposed['name'],
      meanName: `${stem}_mean${suffix}` as Exposed['meanName'],
      base: (value) => value / divisor,
    }
  },
)

/** Two digits, so that text sorts like numbers. */
const rankOf = (index: number): string => String(index + 1).padStart(2, '0')

/** A value of each application that the data has, 0 before the first snapshot. */
const byApplication =
  (value: (application: Snapshot['applications'][number]) => number): Read =>
  ({ published, notInData }) =>
    knownApplications({ notInData }, APPLICATION_TABLE).map(({ name }): Series => {
      const application = published?.snapshot.applications.find((each) => each.name === name)
      return [name, application === undefined ? 0 : value(application)]
    })

/** The end of the help of a metric of a feature. */
export const absentHelp = (feature: Feature): string =>
  FEATURE_COLUMNS[feature] === undefined ? '' : ` ${ABSENT}`

const ranked = (
  list: readonly { value: number }[],
  base: (value: number) => number = (value) => value,
): Series[] => list.slice(0, RANKS).map(({ value }, at): Series => [rankOf(at), base(value)])

/** Metrics of subscribers and applications in the last snapshot. */
export const SUBSCRIBER_METRICS = [
  ...EXPOSED.map(({ key, label, name, base }) =>
    gauge(
      `subscriber_${name}`,
      `${label} of the subscriber at a percentile.${absentHelp(key)}`,
      ['percentile'],
      ({ published, notInData }) =>
        (hasMetric({ notInData }, key) ? QUANTILES : []).map((quantile): Series => [
          quantile.slice(1),
          base(published?.snapshot.distribution[key].quantiles[quantile] ?? 0),
        ]),
    ),
  ),
  gauge(
    'application_subscribers',
    `Subscribers with traffic in an application. ${ABSENT}`,
    ['application'],
    byApplication(({ subscribers }) => subscribers),
  ),
  gauge(
    'application_traffic_share_ratio',
    `Share of an application in the traffic of all applications. ${ABSENT}`,
    ['application'],
    byApplication(({ share }) => share),
  ),
  ...EXPOSED.map(({ key, label, name, base }) =>
    gauge(
      `top_subscriber_${name}`,
      `${label} of the subscriber at a rank.${absentHelp(key)}`,
      ['rank'],
      ({ published }) => ranked(published?.snapshot.top[key] ?? [], base),
    ),
  ),
  gauge(
    'application_top_subscriber_traffic_bytes',
    'Traffic of the subscriber at a rank in an application.',
    ['application', 'rank'],
    ({ published }) =>
      (published?.snapshot.applications ?? []).flatMap(({ name, top }) =>
        ranked(top).map((each): Series => [name, ...each]),
      ),
  ),
] as const
