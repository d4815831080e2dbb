// The metrics of each segment: minimum, mean, maximum and total.
import { metric, valueOrMean } from '../metrics.js'
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
  panel.setLead('Minimum, mean and maximum per subscriber, and the total of the segment.')
  return (/** @type {Snapshot} */ { segments: { segments } }) => {
    const colours = segmentColours(segments.map(({ name }) => name))
    panel.table(() => amountsTable(segments, colours))
  }
}

/**
 * One row per segment and metric.
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('../table.js').Table}
 */
function amountsTable(segments, colours) {
  const lines = segments.flatMap((segment) =>
    Object.entries(segment.metrics).map(([key, summary]) => ({ segment, key, summary })),
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
