// The segments: their sizes and centroids.
import { bars, barSeries, segmentLegend } from '../axes.js'
import { tooltip } from '../chart.js'
import { count, share } from '../format.js'
import { metric } from '../metrics.js'
import { segmentColours } from '../palette.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Segment} Segment */

/** Pixels for the text behind a bar, and room above the highest column for its value. */
const SHARE_ROOM = 108
const HEADROOM = 1.12
const NARROW_HEADROOM = 1.28

/** Makes the panels; the result shows a snapshot in them. */
export function createSegments() {
  const sizes = createPanel({
    id: 'segment-sizes',
    title: 'Subscribers of each segment',
    views: ['overview', 'segments'],
    span: 'half',
    chart: 'low',
  })
  const centroids = createPanel({
    id: 'centroids',
    title: 'Centroid of each segment',
    views: ['overview', 'segments'],
    span: 'half',
    chart: 'low',
  })
  return (/** @type {Snapshot} */ { segments }) => {
    const found = segments.segments
    const colours = segmentColours(found.map(({ name }) => name))
    sizes.setLead(segments.text)
    sizes.draw((surroundings) => sizesOption(surroundings, found, colours))
    sizes.table(() => sizesTable(found, colours))
    centroids.setLead(
      `Means per subscriber; the heights are values after ${segments.scaling} scaling.`,
    )
    centroids.draw((surroundings) =>
      centroidsOption(surroundings, segments.features, found, colours),
    )
    centroids.table(() => centroidsTable(segments.features, found, colours))
  }
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('../chart.js').Option}
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
      barSeries(
        surroundings,
        'sizes',
        segments.map(({ name, subscribers, share: part }) => ({
          value: subscribers,
          text: `${count(subscribers)} · ${share(part)}`,
          colour: colours.get(name) ?? '',
        })),
      ),
    ],
  }
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {readonly string[]} features
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('../chart.js').Option}
 */
function centroidsOption({ theme, narrow }, features, segments, colours) {
  const value = (/** @type {Segment} */ segment, /** @type {string} */ feature) =>
    metric(feature).mean(segment.centroid[feature] ?? 0)
  return {
    grid: { left: 4, right: 4, top: 30, bottom: 24 },
    legend: segmentLegend(theme, segments),
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
      max: ({ max }) => Math.max(max, 0) * (narrow ? NARROW_HEADROOM : HEADROOM) || 1,
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
      labelLayout: { hideOverlap: true },
      itemStyle: { color: colours.get(segment.name), borderRadius: [3, 3, 0, 0] },
      label: {
        show: true,
        position: 'top',
        color: theme.ink,
        fontSize: narrow ? 10 : 12,
        lineHeight: 12,
        // Narrow columns have no room for a number and its unit in one line.
        formatter: ({ dataIndex }) =>
          value(segment, features[dataIndex] ?? '').replace(' ', narrow ? '\n' : ' '),
      },
      data: features.map((feature) => segment.centroidScaled[feature] ?? 0),
    })),
  }
}

/**
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('../table.js').Table}
 */
function sizesTable(segments, colours) {
  return {
    caption: 'Subscribers of each segment',
    columns: [
      { name: 'Segment' },
      { name: 'Subscribers', format: count },
      { name: 'Share', format: share },
    ],
    rows: segments.map(({ name, subscribers, share: part }) => [
      { text: name, colour: colours.get(name) },
      subscribers,
      part,
    ]),
  }
}

/**
 * @param {readonly string[]} features
 * @param {Segment[]} segments
 * @param {Map<string, string>} colours
 * @returns {import('../table.js').Table}
 */
function centroidsTable(features, segments, colours) {
  return {
    caption: 'Centroid of each segment',
    columns: [
      { name: 'Segment' },
      ...features.flatMap((feature) => {
        const { name, unit, mean } = metric(feature)
        return [
          { name, unit, format: mean },
          { name: `${name}, scaled`, format: (/** @type {number} */ value) => value.toFixed(3) },
        ]
      }),
    ],
    rows: segments.map(({ name, centroid, centroidScaled }) => [
      { text: name, colour: colours.get(name) },
      ...features.flatMap((each) => [centroid[each] ?? 0, centroidScaled[each] ?? 0]),
    ]),
  }
}
