// What each segment amounts to: least, mean, most and total of every metric.
import { metric, valueOrMean } from '../format.js'
import { segmentColours } from '../palette.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Segment} Segment */

/** Makes the panel; the result shows a snapshot in it. */
export function createAmounts() {
  const panel = createPanel({
    id: 'segments',
    title: 'What each segment amounts to',
    views: ['segments'],
    span: 'full',
    chart: false,
    open: true,
  })
  panel.setLead('Least, mean and most of a subscriber, and the total of all members.')
  return (/** @type {Snapshot} */ { segments: { segments } }) => {
    const colours = segmentColours(segments.map(({ name }) => name))
    panel.table(() => amountsTable(segments, colours))
  }
}

/**
 * One row a segment and metric.
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
