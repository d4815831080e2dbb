// The segments: how large, where their centres lie, and what each amounts to.
import { bars, createChart, tooltip } from './chart.js'
import { byId, make, setText, swatch, table } from './dom.js'
import { count, metric, share } from './format.js'
import { segmentColours } from './palette.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../snapshot/schema.ts').Segment} Segment */

const SHARE_ROOM = 108
/** Room above the highest column for its value. */
const HEADROOM = 1.12

/** Makes the charts; the result shows a snapshot in them. */
export function createSegments() {
  const sizes = createChart(byId('segment-sizes'))
  const centroids = createChart(byId('centroids'))
  return (/** @type {Snapshot} */ { segments }) => {
    const found = segments.segments
    const colours = segmentColours(found.map(({ name }) => name))
    setText(byId('segments-lead'), segments.text)
    setText(byId('scaling'), `heights after ${segments.scaling} scaling`)
    sizes.draw((surroundings) => sizesOption(surroundings, found, colours))
    centroids.draw((surroundings) =>
      centroidsOption(surroundings, segments.features, found, colours),
    )
    byId('segments-table').replaceChildren(segmentsTable(found, colours))
  }
}

/**
 * @param {import('./chart.js').Surroundings} surroundings
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('./chart.js').Option}
 */
function sizesOption(surroundings, segments, colours) {
  return {
    ...bars(
      surroundings,
      segments.map(({ name }) => name),
      SHARE_ROOM,
    ),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
      title: segments[index]?.name ?? '',
      rows: [
        ['Subscribers', count(segments[index]?.subscribers ?? 0)],
        ['Share', share(segments[index]?.share ?? 0)],
      ],
    })),
    series: [
      {
        id: 'sizes',
        type: 'bar',
        barMaxWidth: 34,
        label: {
          show: true,
          position: 'right',
          color: surroundings.theme.ink,
          fontSize: 12.5,
          formatter: ({ dataIndex }) => {
            const segment = segments[dataIndex]
            return segment === undefined
              ? ''
              : `${count(segment.subscribers)} · ${share(segment.share)}`
          },
        },
        data: segments.map(({ name, subscribers }) => ({
          value: subscribers,
          itemStyle: { color: colours.get(name), borderRadius: [0, 3, 3, 0] },
        })),
      },
    ],
  }
}

/**
 * @param {import('./chart.js').Surroundings} surroundings
 * @param {readonly string[]} features
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('./chart.js').Option}
 */
function centroidsOption({ theme, narrow }, features, segments, colours) {
  const value = (/** @type {Segment} */ segment, /** @type {string} */ feature) =>
    metric(feature).mean(segment.centroid[feature] ?? 0)
  return {
    grid: { left: 4, right: 4, top: 24, bottom: 24 },
    xAxis: {
      type: 'category',
      data: features.map((feature) => metric(feature).name),
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: theme.line } },
      axisLabel: { color: theme.ink, fontSize: narrow ? 11 : 12.5, interval: 0 },
    },
    yAxis: {
      type: 'value',
      axisLabel: { show: false },
      splitLine: { lineStyle: { color: theme.grid } },
      max: ({ max }) => Math.max(max, 0) * HEADROOM || 1,
    },
    tooltip: tooltip(theme, 'axis', (index) => ({
      title: metric(features[index] ?? '').name,
      rows: segments.map((segment) => [segment.name, value(segment, features[index] ?? '')]),
    })),
    series: segments.map((segment) => ({
      id: segment.name,
      name: segment.name,
      type: 'bar',
      barGap: '12%',
      barMaxWidth: 60,
      itemStyle: { color: colours.get(segment.name), borderRadius: [3, 3, 0, 0] },
      label: {
        show: true,
        position: 'top',
        color: theme.ink,
        fontSize: narrow ? 10 : 12,
        formatter: ({ dataIndex }) => value(segment, features[dataIndex] ?? ''),
      },
      data: features.map((feature) => segment.centroidScaled[feature] ?? 0),
    })),
  }
}

/**
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 */
function segmentsTable(segments, colours) {
  const columns = ['Per subscriber', 'Minimum', 'Mean', 'Maximum', 'Total of segment']
  const groups = segments.map((segment) => ({
    title: make(
      'span',
      swatch(colours.get(segment.name) ?? ''),
      `${segment.name}: ${count(segment.subscribers)} subscribers, ${share(segment.share)}`,
    ),
    rows: Object.entries(segment.metrics).map(([key, { min, mean, max, total }]) => {
      const { name, format, mean: formatMean } = metric(key)
      return [name, format(min), formatMean(mean), format(max), format(total)]
    }),
  }))
  return table('Minimum, mean, maximum and total of each segment', columns, groups)
}
