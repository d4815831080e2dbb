// The distribution of metrics over the subscribers, as histograms and quantiles.
import { nameAxis, valueAxis } from '../axes.js'
import { tooltip } from '../chart.js'
import { count, share, tick, trimmed } from '../format.js'
import { absentMetrics, hasMetric, knownCell } from '../known.js'
import { DISTRIBUTIONS, metric, valueOrMean } from '../metrics.js'
import { createPanel } from '../panel.js'
import { TABLES } from '../tables.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Distribution} Distribution */
/** @typedef {import('../choices.js').Chosen} Chosen */

/** The distribution of a metric that is not in the data. */
const NOTHING = {
  linear: { edges: [], counts: [] },
  log: { edges: [], counts: [] },
  quantiles: { p50: 0, p99: 0 },
}

/** Makes a panel for each metric and one of quantiles; the result shows a snapshot in them. */
export function createDistributions() {
  const quantiles = createPanel({
    id: 'quantiles',
    title: 'Quantiles',
    views: ['subscribers'],
    span: 'half',
    chart: false,
    open: true,
  })
  const shown = DISTRIBUTIONS.map((key) => ({
    key,
    panel: createPanel({
      id: `distribution-${key}`,
      title: `Subscribers by ${metric(key).name.toLowerCase()}`,
      views: ['subscribers'],
      span: 'third',
      choices: ['bins'],
    }),
  }))
  return (/** @type {Snapshot} */ snapshot, /** @type {Chosen} */ chosen) => {
    showQuantiles(quantiles, snapshot)
    for (const { key, panel } of shown) {
      const distribution = hasMetric(snapshot, key) ? snapshot.distribution[key] : NOTHING
      const { format } = metric(key)
      const { p50, p99 } = distribution.quantiles
      panel.setLead(
        snapshot.subscribers === 0
          ? 'No subscribers yet.'
          : absentMetrics(snapshot, [key]).trim() ||
              `Half of the subscribers have at most ${format(p50)}, 1% more than ${format(p99)}.`,
      )
      showHistogram(panel, distribution, key, chosen.bins === 'linear' ? 'linear' : 'log')
    }
  }
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Pick<Distribution, 'linear' | 'log'>} distribution
 * @param {string} key
 * @param {'linear' | 'log'} bins
 */
function showHistogram(panel, distribution, key, bins) {
  const { edges, counts } = distribution[bins]
  const { name, unit, format } = metric(key)
  const all = counts.reduce((sum, each) => sum + each, 0)
  const at = (/** @type {number} */ index) => edges[index] ?? 0
  const range = (/** @type {number} */ index) => `${format(at(index))} to ${format(at(index + 1))}`
  panel.draw(({ theme }) => ({
    grid: { left: 2, right: 14, top: 8, bottom: 2, outerBoundsMode: 'same' },
    xAxis: nameAxis(
      theme,
      counts.map((_, index) => trimmed(format(at(index)))),
      `${name.toLowerCase()} per subscriber, from`,
    ),
    yAxis: valueAxis(theme, 'subscribers', tick),
    tooltip: tooltip(theme, 'axis', (index) => ({
      title: range(index),
      rows: [
        ['Subscribers', count(counts[index] ?? 0)],
        ['Share', share((counts[index] ?? 0) / (all || 1))],
      ],
    })),
    series: [
      {
        id: 'subscribers',
        type: 'bar',
        barCategoryGap: '8%',
        itemStyle: { color: theme.bar, borderRadius: [2, 2, 0, 0] },
        data: [...counts],
      },
    ],
  }))
  panel.table(() => ({
    caption: `Subscribers by ${name}`,
    columns: [
      { name: `${name} from`, unit, format },
      { name: 'to', unit, format },
      { name: 'Subscribers', format: count },
      { name: 'Share', format: share },
    ],
    rows: counts.map((each, index) => [at(index), at(index + 1), each, each / (all || 1)]),
  }))
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Snapshot} snapshot
 */
function showQuantiles(panel, snapshot) {
  const { distribution, subscribers } = snapshot
  panel.setLead(
    `The share on the left of the ${count(subscribers)} subscribers has at most this value.`,
  )
  /** @type {[string, (each: Distribution) => number][]} */
  const rows = [
    ['minimum', ({ min }) => min],
    ...TABLES.quantiles.map(
      (quantile) =>
        /** @type {[string, (each: Distribution) => number]} */ ([
          `${Number(quantile.slice(1))}%`,
          ({ quantiles }) => quantiles[quantile],
        ]),
    ),
    ['maximum', ({ max }) => max],
    ['mean', ({ mean }) => mean],
  ]
  panel.table(() => ({
    caption: 'Quantiles over subscribers',
    columns: [
      { name: 'Share' },
      ...DISTRIBUTIONS.map((key) => {
        const { name, unit } = metric(key)
        return { name, unit, format: valueOrMean(key) }
      }),
    ],
    rows: rows.map(([name, read]) => [
      name,
      ...DISTRIBUTIONS.map((key) => knownCell(hasMetric(snapshot, key), read(distribution[key]))),
    ]),
  }))
}
