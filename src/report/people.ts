// The report on subscribers: how engagement is spread, and who stands at the top.
import { DISTRIBUTION_METRICS, METRICS, type Snapshot } from '../snapshot/schema.ts'
import { columnsDrawing } from './charts.ts'
import { figure, paragraph, section, table } from './markup.ts'
import { metricName, metricValue } from './metrics.ts'

/** An MSISDN as it may be shown. */
export type Msisdn = (msisdn: number) => string

/** Lighter on dark ground. */
const ACCENT = 'var(--accent)'

const countAxis = new Intl.NumberFormat('en-US', { notation: 'compact' })

/** Distribution of sessions, time and traffic over subscribers. */
export function distributionSection({ distribution }: Snapshot): string {
  const rows = DISTRIBUTION_METRICS.map((metric) => {
    const { min, mean, max, quantiles } = distribution[metric]
    const { p10, p50, p90, p99 } = quantiles
    const values = [min, p10, p50, mean, p90, p99, max]
    return [metricName(metric), ...values.map((value) => metricValue(metric, value))]
  })
  return section(
    'distribution',
    'How engagement is spread',
    paragraph(
      'Most subscribers use little and a few use very much, so each column covers twice or more ' +
        'the range of the one before it: the steps are 1, 2, 5, 10 and so on. Below a column stands ' +
        'where it begins.',
    ),
    ...DISTRIBUTION_METRICS.map((metric) => histogramFigure(metric, distribution[metric].log)),
    table({
      caption: 'Per subscriber',
      heading: ['Metric', 'Least', '10 %', 'Median', 'Mean', '90 %', '99 %', 'Most'],
      rows,
    }),
  )
}

type DistributionMetric = (typeof DISTRIBUTION_METRICS)[number]

function histogramFigure(
  metric: DistributionMetric,
  { edges, counts }: Snapshot['distribution']['sessions']['log'],
): string {
  // Nearly all bins of zero alone are empty, and then say nothing.
  const shown = counts.map((count, at) => ({ count, from: edges[at], to: edges[at + 1] }))
  const columns = shown.slice(shown[0]?.count === 0 ? 1 : 0).map(({ count, from, to }) => ({
    label: metricValue(metric, from),
    parts: [
      {
        name:
          `${metricValue(metric, from)} to below ${metricValue(metric, to)}: ` +
          `${count.toLocaleString('en-US')} subscribers`,
        value: count,
        colour: ACCENT,
      },
    ],
  }))
  if (columns.length === 0) return ''
  const words = 'The table below has the quantiles'
  const axis = (value: number): string => countAxis.format(value)
  return figure(`Subscribers by ${metricName(metric).toLowerCase()}`, words, (width) =>
    columnsDrawing(columns, width, { axis, height: 170 }),
  )
}

/** The first of each metric. */
export function topSection({ top }: Snapshot, msisdn: Msisdn): string {
  const tables = METRICS.map((metric) =>
    topTable(`By ${metricName(metric).toLowerCase()}`, top[metric], msisdn, (value) =>
      metricValue(metric, value),
    ),
  )
  return section(
    'top',
    'Top subscribers',
    paragraph('Equal values stand in the order of their numbers.'),
    `<div class="pair">${tables.join('\n')}</div>`,
  )
}

/** A top list as a table with bars. */
export function topTable(
  caption: string,
  entries: Snapshot['top']['sessions'],
  msisdn: Msisdn,
  text: (value: number) => string,
): string {
  const most = entries.at(0)?.value ?? 0
  return table({
    caption,
    heading: ['Rank', 'MSISDN', 'Value'],
    rows: entries.map((entry, at) => [String(at + 1), msisdn(entry.msisdn), text(entry.value)]),
    words: [1],
    bars: entries.map(({ value }) => (most > 0 ? value / most : 0)),
  })
}
