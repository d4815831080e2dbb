// A sample of the subscribers of each segment by two features, with the centroids.
import { segmentLegend, valueAxis } from '../axes.js'
import { tooltip } from '../chart.js'
import { count } from '../format.js'
import { absentMetrics } from '../known.js'
import { featureValues, meanOf, metric, valueOrMean } from '../metrics.js'
import { segmentColours, segmentShape } from '../palette.js'
import { createPanel } from '../panel.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Segment} Segment */
/** @typedef {import('../choices.js').Chosen} Chosen */
/** @typedef {{ name: string, index: number, points: number[][], centre: number[] }} Cloud */

/** Makes the panel; the result shows a snapshot in it. */
export function createScatter() {
  const panel = createPanel({
    id: 'scatter',
    title: 'Subscribers by segment',
    views: ['overview', 'segments'],
    span: 'half',
    choices: ['x', 'y', 'axes'],
    chart: 'high',
  })
  return (/** @type {Snapshot} */ snapshot, /** @type {Chosen} */ chosen) => {
    const { segments, subscribers } = snapshot
    const absent = absentMetrics(snapshot, [...new Set([chosen.x, chosen.y])])
    const clouds = (absent === '' ? segments.segments : []).map((segment, index) =>
      cloud(segment, index, chosen),
    )
    const isLog = chosen.axes === 'log'
    const drawn = clouds.map((each) => ({ ...each, points: shownOf(each.points, isLog) }))
    const sampled = clouds.reduce((sum, { points }) => sum + points.length, 0)
    const seen = drawn.reduce((sum, { points }) => sum + points.length, 0)
    const without =
      sampled === seen ? '' : ` ${count(sampled - seen)} with a value of 0 are not shown.`
    panel.setLead(
      absent.trim() ||
        `A sample of ${count(sampled)} of ${count(subscribers)} subscribers, with equal numbers from ` +
          `small and large segments. Outlined points are centroids of all members.${without}`,
    )
    const colours = segmentColours(clouds.map(({ name }) => name))
    panel.draw((surroundings) => option(surroundings, drawn, colours, chosen))
    panel.table(() => tableOf(clouds, colours, chosen))
  }
}

/**
 * @param {Segment} segment
 * @param {number} index
 * @param {Chosen} chosen
 * @returns {Cloud}
 */
function cloud(segment, index, { x, y }) {
  const across = featureValues(segment.sample, x)
  const up = featureValues(segment.sample, y)
  return {
    name: segment.name,
    index,
    points: across.map((value, at) => [value, up[at] ?? 0]),
    centre: [centreOf(segment, x), centreOf(segment, y)],
  }
}

/** The points that a logarithmic axis can show. @param {number[][]} points @param {boolean} isLog */
function shownOf(points, isLog) {
  return isLog ? points.filter((point) => point.every((value) => value > 0)) : points
}

/**
 * The centroid of all members in a feature; their mean where it is not a feature of the segments.
 * @param {Segment} segment
 * @param {string} feature
 */
function centreOf({ centroid, metrics }, feature) {
  return centroid[feature] ?? meanOf(metrics, feature)
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {readonly Cloud[]} clouds
 * @param {Map<string, string>} colours
 * @param {Chosen} chosen
 * @returns {import('../chart.js').Option}
 */
function option({ theme }, clouds, colours, { x, y, axes }) {
  const [across, up] = [metric(x), metric(y)]
  const plotted = (/** @type {number[]} */ [a = 0, b = 0]) => [a / across.plot, b / up.plot]
  const isLog = axes === 'log'
  const axis = (/** @type {ReturnType<typeof metric>} */ { name, format, plot }) => ({
    ...valueAxis(theme, name.toLowerCase(), (value) => format(value * plot), isLog),
    scale: !isLog,
  })
  return {
    grid: { left: 4, right: 18, top: 30, bottom: 2, outerBoundsMode: 'same' },
    legend: segmentLegend(theme, clouds),
    xAxis: { ...axis(across), nameLocation: 'middle', nameGap: 26 },
    yAxis: axis(up),
    tooltip: tooltip(theme, 'item', (index, series) => {
      const found = clouds[series % clouds.length]
      const isCentre = series >= clouds.length
      const [a = 0, b = 0] = (isCentre ? found?.centre : found?.points[index]) ?? []
      return {
        title: `${found?.name ?? ''}${isCentre ? ', centroid' : ''}`,
        rows: [
          [across.name, isCentre ? across.mean(a) : across.format(a)],
          [up.name, isCentre ? up.mean(b) : up.format(b)],
        ],
      }
    }),
    series: [
      ...clouds.map(({ name, index, points }) => ({
        id: name,
        name,
        type: /** @type {const} */ ('scatter'),
        symbol: segmentShape(index),
        symbolSize: 6,
        color: colours.get(name) ?? '',
        itemStyle: { opacity: 0.55 },
        data: points.map(plotted),
      })),
      ...clouds.map(({ name, index, centre }) => ({
        id: `${name}, centroid`,
        // The same name, so that the legend hides the centroid with its segment.
        name,
        type: /** @type {const} */ ('scatter'),
        symbol: segmentShape(index),
        symbolSize: 17,
        color: colours.get(name) ?? '',
        itemStyle: { borderColor: theme.ink, borderWidth: 2.5 },
        z: 5,
        data: shownOf([centre], isLog).map(plotted),
      })),
    ],
  }
}

/**
 * @param {readonly Cloud[]} clouds
 * @param {Map<string, string>} colours
 * @param {Chosen} chosen
 * @returns {import('../table.js').Table}
 */
function tableOf(clouds, colours, { x, y }) {
  const columns = [x, y].map((feature) => {
    const { name, unit } = metric(feature)
    return { name, unit, format: valueOrMean(feature) }
  })
  return {
    caption: 'Centroids and sampled subscribers of each segment',
    columns: [{ name: 'Segment' }, { name: 'Of' }, ...columns],
    rows: clouds.flatMap(({ name, points, centre }) => {
      const title = { text: name, colour: colours.get(name) }
      return [
        [title, 'centroid', ...centre],
        ...points.map((point) => [title, 'subscriber', ...point]),
      ]
    }),
  }
}
