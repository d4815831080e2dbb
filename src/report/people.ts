// The report on subscribers: the distribution of each metric, and the top lists.
import {
  DISTRIBUTION_METRICS,
  labelOf,
  METRICS,
  type DistributionMetric,
} from '../snapshot/metrics.ts'
import { knownMetrics } from '../snapshot/not-in-data.ts'
import type { Distribution, Snapshot, TopEntry } from '../snapshot/schema.ts'
import { valueText } from '../snapshot/units.ts'
import { columnsDrawing } from './charts.ts'
import { figure, paragraph, section, table } from './markup.ts'

/** Shows an MSISDN, whole or masked. */
export type Msisdn = (msisdn: number) => string

/** A style sheet's colour, which differs on dark ground. */
const ACCENT = 'var(--accent)'

const countAxis = new Intl.NumberFormat('en-US', { notation: 'compact' })

/** The distribution of metrics over subscribers, as charts and a table. */
export function distributionSection(snapshot: Snapshot): string {
  const { distribution } = snapshot
  const metrics = knownMetrics(snapshot, DISTRIBUTION_METRICS)
  const rows = metrics.map((metric) => {
    const { min, mean, max, quantiles } = distribution[metric]
    const { p10, p50, p90, p99 } = quantiles
    const values = [min, p10, p50, mean, p90, p99, max]
    return [labelOf(metric), ...values.map((value) => valueText(metric, value))]
  })
  return section(
    'distribution',
    'Distribution of engagement',
    paragraph(
      'Most subscribers use little and a few use very much. The columns therefore grow in steps of ' +
        '1, 2, 5, 10 and so on: each covers at least twice the range of the one before it. The label ' +
        'below a column is its lower bound.',
    ),
    ...metrics.map((metric) => histogramFigure(metric, distribution[metric].log)),
    table({
      caption: 'Per subscriber',
      heading: ['Metric', 'Minimum', '10 %', 'Median', 'Mean', '90 %', '99 %', 'Maximum'],
      rows,
    }),
  )
}

function histogramFigure(
  metric: DistributionMetric,
  { edges, counts }: Distribution['log'],
): string {
  const bins = counts.map((count, at) => ({ count, from: edges[at], to: edges[at + 1] }))
  // The first bin holds only zeros; it is left out where it is empty.
  const shown = bins.slice(bins[0]?.count === 0 ? 1 : 0)
  const columns = shown.map(({ count, from, to }) => ({
    label: valueText(metric, from),
    parts: [
      {
        name:
          `${valueText(metric, from)} to below ${valueText(metric, to)}: ` +
          `${count.toLocaleString('en-US')} subscribers`,
        value: count,
        colour: ACCENT,
      },
    ],
  }))
  if (columns.length === 0) return ''
  const axis = (value: number): string => countAxis.format(value)
  return figure(
    `Subscribers by ${labelOf(metric).toLowerCase()}`,
    'The quantiles are in the table below',
    (width) => columnsDrawing(columns, width, { axis, height: 170 }),
  )
}

/** The top list of each metric. */
export function topSection(snapshot: Snapshot, msisdn: Msisdn): string {
  const tables = knownMetrics(snapshot, METRICS).map((metric) =>
    topTable(`By ${labelOf(metric).toLowerCase()}`, snapshot.top[metric], msisdn, (value) =>
      valueText(metric, value),
    ),
  )
  return section(
    'top',
    'Top subscribers',
    paragraph('Subscribers with equal values are listed by ascending MSISDN.'),
    `<div class="pair">${tables.join('\n')}</div>`,
  )
}

/** A top list as a table with bars. */
export function topTable(
  caption: string,
  entries: readonly TopEntry[],
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
