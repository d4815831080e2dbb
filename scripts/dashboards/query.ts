// PromQL as the dashboards use it: every selector names job and instance, every metric exists.
import { PREFIX, type MetricName } from '../../src/serve/metrics/catalogue.ts'

type CounterName = Extract<MetricName, `${string}_total`>
type HistogramName = Exclude<MetricName, CounterName>
/** Metrics that others than the catalogue bring along. */
export type Foreign = `process_${string}` | `nodejs_${string}` | 'up' | 'ALERTS'

const CHOSEN = 'job=~"$job",instance=~"$instance"'

const fullName = (name: MetricName | Foreign): string =>
  /^(process_|nodejs_|up$|ALERTS$)/.test(name) ? name : PREFIX + name

/** The series of a metric, of the processes chosen; `labels` narrow them further. */
export const of = (name: MetricName | Foreign, labels = ''): string =>
  `${fullName(name)}{${CHOSEN}${labels === '' ? '' : `,${labels}`}}`

/** Growth of a counter a second. */
export const rate = (name: CounterName | Foreign, labels = ''): string =>
  `rate(${of(name, labels)}[$__rate_interval])`

/** Growth of a counter over the time shown: for single numbers, not for curves. */
export const growth = (name: CounterName, labels = ''): string =>
  `sum(increase(${of(name, labels)}[$__range]))`

/** Sum over all labels but some. */
export const sumBy = (labels: string, expression: string): string =>
  `sum by (${labels}) (${expression})`

/** The largest of the processes chosen, by labels. */
export const maxBy = (labels: string, expression: string): string =>
  `max by (${labels}) (${expression})`

/** A quantile of a histogram, of what it saw lately. */
export const quantile = (share: number, name: HistogramName, by = ''): string =>
  `histogram_quantile(${share}, sum by (${['le', by].filter(Boolean).join(', ')}) (` +
  `rate(${PREFIX}${name}_bucket{${CHOSEN}}[$__rate_interval])))`

/** Mean of what a histogram saw lately, by labels. */
export const meanOf = (name: HistogramName, by: string): string => {
  const of_ = (part: string): string =>
    `sum by (${by}) (rate(${PREFIX}${name}_${part}{${CHOSEN}}[$__rate_interval]))`
  return `${of_('sum')} / (${of_('count')} > 0)`
}

/** Observations of a histogram a second, by labels. */
export const observations = (name: HistogramName, by: string): string =>
  `sum by (${by}) (rate(${PREFIX}${name}_count{${CHOSEN}}[$__rate_interval]))`

/** Observations by bucket, for a heat map. */
export const buckets = (name: HistogramName): string =>
  `sum by (le) (increase(${PREFIX}${name}_bucket{${CHOSEN}}[$__rate_interval]))`

/** 0 where a process answers that has nothing to say: not where none answers. */
export const orZero = (expression: string): string =>
  `${expression} or 0 * max(${of('build_info')})`

/** Seconds since a moment that has been. */
export const since = (name: MetricName): string => `time() - min(${of(name)} > 0)`

/** Share of rejected rows among those read; 0 while none are. */
export const rejectedShare = (): string =>
  orZero(
    `sum(${rate('records_total', 'outcome="rejected"')}) / (sum(${rate('records_total')}) > 0)`,
  )

/** The state of each process as the number that `STATES` names. */
export const stateNumber = (by: string): string =>
  ['restoring', 'running', 'draining', 'failed']
    .map((state, index) => `${index + 1} * max by (${by}) (${of('state', `state="${state}"`)})`)
    .join(' + ')
