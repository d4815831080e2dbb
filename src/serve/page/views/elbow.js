// The elbow: inertia by the number of segments, and the knee.
import { tooltip } from '../chart.js'
import { meanCount, tick } from '../format.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */

/** The sentence that follows the text of the knee. */
const METHOD =
  'The knee is the point farthest below the straight line between the ends of the curve.'

/** Makes the panel; the result shows a snapshot in it. */
export function createElbow() {
  const panel = createPanel({
    id: 'elbow',
    title: 'Number of segments: the elbow',
    views: ['overview', 'segments'],
    span: 'half',
  })
  return (/** @type {Snapshot} */ { elbow, segments }) => {
    const inUse = segments.k === 0 ? '' : ` In use: ${segments.k}.`
    panel.setLead(`${elbow.text}${elbow.knee === null ? '' : ` ${METHOD}`}${inUse}`)
    panel.draw((surroundings) => option(surroundings, elbow))
    panel.table(() => ({
      caption: 'Inertia by number of segments',
      columns: [{ name: 'k' }, { name: 'Inertia', format: meanCount }, { name: 'Note' }],
      rows: elbow.k.map((k, index) => [
        String(k),
        elbow.inertia[index] ?? 0,
        [k === elbow.knee ? 'knee' : '', k === segments.k ? 'in use' : '']
          .filter((note) => note !== '')
          .join(', '),
      ]),
    }))
  }
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {Snapshot['elbow']} elbow
 * @returns {import('../chart.js').Option}
 */
function option({ theme }, elbow) {
  const knee = elbow.knee === null ? -1 : elbow.k.indexOf(elbow.knee)
  return {
    grid: { left: 4, right: 14, top: 22, bottom: 2, outerBoundsMode: 'same' },
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
          label: {
            show: index === knee,
            formatter: `knee at k = ${elbow.knee ?? ''}`,
            color: theme.ink,
            fontSize: 12.5,
            position: 'right',
            offset: [4, -14],
          },
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          lineStyle: { color: theme.muted, type: 'dashed' },
          label: { show: false },
          data: knee < 0 ? [] : [{ xAxis: knee }],
        },
      },
    ],
  }
}
