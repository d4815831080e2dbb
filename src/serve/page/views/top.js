// The top subscribers by the chosen metric.
import { lookUp } from '../address.js'
import { bars, barSeries } from '../axes.js'
import { tooltip } from '../chart.js'
import { absentMetrics } from '../known.js'
import { metric } from '../metrics.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').TopEntry} TopEntry */
/** @typedef {import('../../../snapshot/metrics.ts').Metric} Metric */
/** @typedef {import('../choices.js').Chosen} Chosen */
/** @typedef {import('../panel.js').Panel} Panel */

/** Room for the longest value, such as `1,234,567 h`. */
const VALUE_ROOM = 84

/** Makes the panel; the result shows a snapshot in it. */
export function createTops() {
  const panel = createPanel({
    id: 'top',
    title: 'Top subscribers',
    views: ['overview', 'subscribers'],
    span: 'half',
    choices: ['top'],
  })
  return (/** @type {Snapshot} */ snapshot, /** @type {Chosen} */ chosen) => {
    const key = /** @type {Metric} */ (chosen.top)
    const entries = snapshot.top[key]
    panel.setTitle(`Top ${entries.length || 10} by ${metric(key).name.toLowerCase()}`)
    panel.setLead(absentMetrics(snapshot, [key]).trim())
    showLeaders(panel, entries, key, null)
  }
}

/**
 * Shows a top list as bars and table; a bar links to its subscriber.
 * @param {Panel} panel
 * @param {readonly TopEntry[]} entries
 * @param {string} key of the metric
 * @param {string | null} colour null for the colour of neutral bars
 */
export function showLeaders(panel, entries, key, colour) {
  const { name, unit, format } = metric(key)
  const names = entries.map(({ msisdn }) => String(msisdn))
  panel.draw((surroundings) => ({
    ...bars(surroundings, names, VALUE_ROOM),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
      title: names[index] ?? '',
      rows: [
        ['Rank', String(index + 1)],
        [name, format(entries[index]?.value ?? 0)],
      ],
    })),
    series: [
      barSeries(
        surroundings,
        panel.id,
        entries.map(({ value }) => ({
          value,
          text: format(value),
          colour: colour ?? surroundings.theme.bar,
        })),
      ),
    ],
  }))
  panel.pick((index) => lookUp(names[index] ?? ''))
  panel.table(() => ({
    caption: `Top subscribers: ${name}`,
    columns: [{ name: 'Rank' }, { name: 'MSISDN' }, { name, unit, format }],
    rows: entries.map(({ msisdn, value }, index) => [
      String(index + 1),
      { text: String(msisdn), msisdn },
      value,
    ]),
  }))
}
