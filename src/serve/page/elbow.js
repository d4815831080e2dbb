// The elbow: how much each further segment explains, and where the curve bends.
import { createChart, tooltip } from './chart.js'
import { byId, setText, table } from './dom.js'
import { meanCount, tick } from './format.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */

/** Makes the chart; the result shows a snapshot in it. */
export function createElbow() {
  const chart = createChart(byId('elbow'))
  return (/** @type {Snapshot} */ { elbow, segments }) => {
    setText(byId('elbow-lead'), elbow.text)
    const knee = elbow.knee === null ? -1 : elbow.k.indexOf(elbow.knee)
    chart.draw(({ theme }) => ({
      grid: { left: 4, right: 14, top: 40, bottom: 8, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        data: elbow.k.map(String),
        name: 'number of segments, k',
        nameLocation: 'middle',
        nameGap: 28,
        nameTextStyle: { color: theme.muted },
        axisTick: { show: false },
        axisLine: { lineStyle: { color: theme.line } },
        axisLabel: { color: theme.ink, interval: 0 },
      },
      yAxis: {
        type: 'value',
        name: 'inertia',
        nameGap: 22,
        min: 0,
        nameTextStyle: { color: theme.muted, align: 'left' },
        axisLabel: { color: theme.muted, formatter: tick },
        splitLine: { lineStyle: { color: theme.grid } },
      },
      tooltip: tooltip(theme, 'axis', (index) => ({
        title: `k = ${elbow.k[index] ?? ''}`,
        rows: [['Inertia', meanCount(elbow.inertia[index] ?? 0)]],
      })),
      series: [
        {
          id: 'inertia',
          type: 'line',
          symbol: 'circle',
          lineStyle: { color: theme.accent, width: 2.5 },
          itemStyle: { color: theme.accent },
          data: elbow.inertia.map((value, index) => ({
            value,
            symbolSize: index === knee ? 15 : 7,
            itemStyle:
              index === knee
                ? { color: theme.surface, borderColor: theme.accent, borderWidth: 3 }
                : { color: theme.accent },
          })),
          markLine: {
            silent: true,
            symbol: 'none',
            animation: false,
            lineStyle: { color: theme.muted, type: 'dashed' },
            label: {
              formatter: `knee at k = ${elbow.knee ?? ''}`,
              color: theme.ink,
              fontSize: 12.5,
              position: 'end',
            },
            data: knee < 0 ? [] : [{ xAxis: knee }],
          },
        },
      ],
    }))
    byId('elbow-table').replaceChildren(
      table(
        'Inertia by number of segments',
        ['k', 'Inertia', 'Note'],
        [
          {
            rows: elbow.k.map((k, index) => [
              String(k),
              meanCount(elbow.inertia[index] ?? 0),
              [k === elbow.knee ? 'knee' : '', k === segments.k ? 'in use' : '']
                .filter((note) => note !== '')
                .join(', '),
            ]),
          },
        ],
      ),
    )
  }
}
