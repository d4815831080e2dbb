// The three lists of subscribers that lead in sessions, duration and traffic.
import { bars, createChart, tooltip } from './chart.js'
import { byId, table } from './dom.js'
import { metric } from './format.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */

/** Element ids and the metrics shown in them. */
const LISTS = /** @type {const} */ ([
  ['top-sessions', 'sessions'],
  ['top-duration', 'durationMs'],
  ['top-traffic', 'trafficBytes'],
])

/** Room for the longest value, such as `1,234,567 h`. */
const VALUE_ROOM = 76

/** Makes the charts; the result shows a snapshot in them. */
export function createTops() {
  const lists = LISTS.map(([id, key]) => ({
    id,
    key,
    chart: createChart(byId(id)),
    rows: byId(`${id}-table`),
  }))
  return (/** @type {Snapshot} */ snapshot) => {
    for (const { key, chart, rows } of lists) {
      const entries = snapshot.top[key]
      const { name, format } = metric(key)
      chart.draw((surroundings) => ({
        ...bars(
          surroundings,
          entries.map((entry) => String(entry.msisdn)),
          VALUE_ROOM,
        ),
        tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
          title: String(entries[index]?.msisdn ?? ''),
          rows: [
            ['Rank', String(index + 1)],
            [name, format(entries[index]?.value ?? 0)],
          ],
        })),
        series: [
          {
            id: key,
            type: 'bar',
            barCategoryGap: '32%',
            itemStyle: { color: surroundings.theme.bar, borderRadius: [0, 3, 3, 0] },
            label: {
              show: true,
              position: 'right',
              color: surroundings.theme.ink,
              fontSize: 12.5,
              formatter: ({ dataIndex }) => format(entries[dataIndex]?.value ?? 0),
            },
            data: entries.map((entry) => entry.value),
          },
        ],
      }))
      const cells = entries.map((entry, index) => [
        `${index + 1}`,
        String(entry.msisdn),
        format(entry.value),
      ])
      rows.replaceChildren(
        table(`Top subscribers: ${name}`, ['Rank', 'MSISDN', name], [{ rows: cells }]),
      )
    }
  }
}
