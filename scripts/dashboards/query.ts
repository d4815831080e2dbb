// PromQL of the dashboards: every selector names job and instance, every metric exists.
import { PREFIX, type MetricName } from '../../src/serve/metrics/catalogue.ts'

type CounterName = Extract<MetricName, `${string}_total`>
type HistogramName = Exclude<MetricName, CounterName>
/** Metrics from outside of the catalogue. */
export type Foreign = `process_${string}` | `nodejs_${string}` | 'up' | 'ALERTS'

const CHOSEN = 'job=~"$job",instance=~"$instance"'

const fullName = (name: MetricName | Foreign): string =>
  /^(process_|nodejs_|up$|ALERTS$)/.test(name) ? name : PREFIX + name

/** The series of a metric of the selected processes; `labels` are further matchers. */
export const of = (name: MetricName | Foreign, labels = ''): string =>
  `${fullName(name)}{${CHOSEN}${labels === '' ? '' : `,${labels}`}}`

/** Increase of a counter per second. */
export const rate = (name: CounterName | Foreign, labels = ''): string =>
  `rate(${of(name, labels)}[$__rate_interval])`

/** Increase of a counter over the time range, for single numbers. */
export const growth = (name: CounterName, labels = ''): string =>
  `sum(increase(${of(name, labels)}[$__range]))`

/** Sum by labels. */
export const sumBy = (labels: string, expression: string): string =>
  `sum by (${labels}) (${expression})`

/** Maximum over the selected processes, by labels. */
export const maxBy = (labels: string, expression: string): string =>
  `max by (${labels}) (${expression})`

/** A quantile of the recent observations of a histogram. */
export const quantile = (share: number, name: HistogramName, by = ''): string =>
  `histogram_quantile(${share}, sum by (${['le', by].filter(Boolean).join(', ')}) (` +
  `rate(${PREFIX}${name}_bucket{${CHOSEN}}[$__rate_interval])))`

/** Mean of the recent observations of a histogram, by labels. */
export const meanOf = (name: HistogramName, by: string): string => {
  const of_ = (part: string): string =>
    `sum by (${by}) (rate(${PREFIX}${name}_${part}{${CHOSEN}}[$__rate_interval]))`
  return `${of_('sum')} / (${of_('count')} > 0)`
}

/** Observations of a histogram per second, by labels. */
export const observations = (name: HistogramName, by: string): string =>
  `sum by (${by}) (rate(${PREFIX}${name}_count{${CHOSEN}}[$__rate_interval]))`

/** Observations by bucket, for a heat map. */
export const buckets = (name: HistogramName): string =>
  `sum by (le) (increase(${PREFIX}${name}_bucket{${CHOSEN}}[$__rate_interval]))`

/** The expression, or 0 without series while some process answers. */
export const orZero = (expression: string): string =>
  `${expression} or 0 * max(${of('build_info')})`

/** Seconds since a timestamp; without series before it is set. */
export const since = (name: MetricName): string => `time() - min(${of(name)} > 0)`

/** Share of rejected rows in the rows read; 0 while none are read. */
export const rejectedShare = (): string =>
  orZero(
    `sum(${rate('records_total', 'outcome="rejected"')}) / (sum(${rate('records_total')}) > 0)`,
  )

/** The Grafana unit of a metric by its name. */
export const grafanaUnit = (name: string): string =>
  name.endsWith('_seconds') ? 's' : name.endsWith('_bytes') ? 'decbytes' : 'none'

/** The state of each process as its number in `STATES`. */
export const stateNumber = (by: string): string =>
  ['restoring', 'running', 'draining', 'failed']
    .map((state, index) => `${index + 1} * max by (${by}) (${of('state', `state="${state}"`)})`)
    .join(' + ')
