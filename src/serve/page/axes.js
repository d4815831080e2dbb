// Axes and series that several charts share.
import { trimmed } from './format.js'

/** @typedef {import('./chart.js').Option} Option */
/** @typedef {import('./chart.js').Surroundings} Surroundings */
/** @typedef {import('./palette.js').Theme} Theme */

/**
 * Horizontal bars: names on the left, values written at the end of each bar.
 * @param {Surroundings} surroundings
 * @param {readonly string[]} names from the top down
 * @param {number} room pixels for the text after the bars
 * @returns {Option}
 */
export function bars({ theme }, names, room) {
  return {
    grid: {
      left: 0,
      right: room,
      top: 6,
      bottom: 6,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: { type: 'value', show: false, min: 0, max: ({ max }) => max || 1 },
    yAxis: {
      type: 'category',
      inverse: true,
      data: [...names],
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: theme.ink, fontSize: 12.5, interval: 0 },
    },
  }
}

/**
 * A series of horizontal bars.
 * @param {Surroundings} surroundings
 * @param {string} id
 * @param {readonly { value: number, text: string, colour: string }[]} data
 * @returns {import('./vendor/echarts.js').BarSeriesOption}
 */
export function barSeries({ theme }, id, data) {
  return {
    id,
    type: 'bar',
    barCategoryGap: '32%',
    barMaxWidth: 34,
    label: {
      show: true,
      position: 'right',
      color: theme.ink,
      fontSize: 12.5,
      formatter: ({ dataIndex }) => data[dataIndex]?.text ?? '',
    },
    data: data.map(({ value, colour }) => ({
      value,
      itemStyle: { color: colour, borderRadius: [0, 3, 3, 0] },
    })),
  }
}

/**
 * An axis of values with its name and grid lines.
 * @param {Theme} theme
 * @param {string} name
 * @param {(value: number) => string} format
 * @param {boolean} [log]
 */
export function valueAxis(theme, name, format, log = false) {
  return {
    type: log ? /** @type {const} */ ('log') : /** @type {const} */ ('value'),
    name,
    nameTextStyle: { color: theme.muted, align: /** @type {const} */ ('left') },
    nameGap: 14,
    axisLabel: {
      color: theme.muted,
      formatter: (/** @type {number} */ value) => trimmed(format(value)),
      hideOverlap: true,
    },
    splitLine: { lineStyle: { color: theme.grid } },
    axisLine: { show: false, lineStyle: { color: theme.line } },
    axisTick: { show: false },
    minorSplitLine: { show: false },
  }
}

/**
 * Segments with their colours, above a chart.
 * @param {Theme} theme
 * @param {readonly { name: string }[]} segments
 */
export function segmentLegend(theme, segments) {
  return {
    top: 0,
    left: 0,
    data: segments.map(({ name }) => name),
    textStyle: { color: theme.ink, fontSize: 12.5 },
    itemWidth: 10,
    itemHeight: 10,
    inactiveColor: theme.line,
  }
}

/**
 * An axis of names below the chart.
 * @param {Theme} theme
 * @param {readonly string[]} names
 * @param {string} [title]
 */
export function nameAxis(theme, names, title = '') {
  return {
    type: /** @type {const} */ ('category'),
    data: [...names],
    name: title,
    nameLocation: /** @type {const} */ ('middle'),
    nameGap: 26,
    nameTextStyle: { color: theme.muted },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.ink, hideOverlap: true },
  }
}
