// The metrics of each segment: minimum, mean, maximum and total.
import { absentMetrics, hasMetric } from '../known.js'
import { metric, METRICS, valueOrMean } from '../metrics.js'
import { segmentColours } from '../palette.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Segment} Segment */

/** Makes the panel; the result shows a snapshot in it. */
export function createAmounts() {
  const panel = createPanel({
    id: 'segments',
    title: 'Metrics of each segment',
    views: ['segments'],
    span: 'full',
    chart: false,
    open: true,
  })
  return (/** @type {Snapshot} */ snapshot) => {
    const { segments } = snapshot.segments
    const keys = METRICS.filter((key) => hasMetric(snapshot, key))
    panel.setLead(
      'Minimum, mean and maximum per subscriber, and the total of the segment.' +
        absentMetrics(snapshot, METRICS),
    )
    const colours = segmentColours(segments.map(({ name }) => name))
    panel.table(() => amountsTable(segments, keys, colours))
  }
}

/**
 * One row per segment and metric.
 * @param {Segment[]} segments
 * @param {typeof METRICS} keys
 * @param {Map<string, string>} colours
 * @returns {import('../table.js').Table}
 */
function amountsTable(segments, keys, colours) {
  const lines = segments.flatMap((segment) =>
    keys.map((key) => ({ segment, key, summary: segment.metrics[key] })),
  )
  return {
    caption: 'Minimum, mean, maximum and total of each segment',
    columns: ['Segment', 'Metric', 'Minimum', 'Mean', 'Maximum', 'Total'].map((name) => ({ name })),
    rows: lines.map(({ segment: { name }, key, summary: { min, mean, max, total } }) => [
      { text: name, colour: colours.get(name) },
      { text: metric(key).name, unit: metric(key).unit },
      min,
      mean,
      max,
      total,
    ]),
    formats: lines.map(({ key }) => valueOrMean(key)),
  }
}
