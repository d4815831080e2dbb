// One chart: made once, changed in place, redrawn when the theme or the width changes.
import { init } from './vendor/echarts.js'
import { make } from './dom.js'
import { currentTheme } from './palette.js'

/** @typedef {import('./vendor/echarts.js').EChartsOption} Option */
/** @typedef {import('./palette.js').Theme} Theme */
/** @typedef {{ theme: Theme, narrow: boolean }} Surroundings */

/** Below this many pixels a chart leaves out what is dispensable. */
const NARROW = 420

const dark = matchMedia('(prefers-color-scheme: dark)')
const still = matchMedia('(prefers-reduced-motion: reduce)')

/**
 * A chart in the element; `draw` takes how its option comes from the theme and the width.
 * @param {HTMLElement} element
 */
export function createChart(element) {
  const chart = init(element, null, { renderer: 'canvas' })
  /** @type {((surroundings: Surroundings) => Option) | null} */
  let latest = null
  const redraw = () => {
    if (latest === null) return
    const theme = currentTheme()
    const option = latest({ theme, narrow: element.clientWidth < NARROW })
    chart.setOption({ ...common(theme), ...option }, { replaceMerge: ['series'] })
  }
  dark.addEventListener('change', redraw)
  new ResizeObserver(() => {
    chart.resize()
    redraw()
  }).observe(element)
  return {
    /** @param {(surroundings: Surroundings) => Option} option */
    draw(option) {
      latest = option
      redraw()
    },
  }
}

/**
 * What all charts share.
 * @param {Theme} theme
 * @returns {Option}
 */
function common(theme) {
  return {
    animation: !still.matches,
    animationDuration: 400,
    animationDurationUpdate: 500,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: theme.ink },
  }
}

/**
 * A tooltip made of elements, not of markup: the content security policy allows no style
 * attributes in markup.
 * @param {Theme} theme
 * @param {'item' | 'axis'} trigger
 * @param {(index: number) => { title: string, rows: [string, string][] }} content
 * @returns {Option['tooltip']}
 */
export function tooltip(theme, trigger, content) {
  return {
    trigger,
    confine: true,
    className: 'tip',
    transitionDuration: 0,
    backgroundColor: theme.surface,
    borderColor: theme.line,
    textStyle: { color: theme.ink, fontSize: 13 },
    axisPointer: { type: 'shadow', z: 0, shadowStyle: { color: theme.grid, opacity: 0.7 } },
    formatter: (found) => {
      const first = Array.isArray(found) ? found[0] : found
      const { title, rows } = content(first?.dataIndex ?? 0)
      const lines = rows.map(([name, value]) => make('tr', make('th', name), make('td', value)))
      return [make('strong', title), make('table', make('tbody', ...lines))]
    },
  }
}

/**
 * Horizontal bars: names on the left, values written at the end of each bar.
 * @param {Surroundings} surroundings
 * @param {readonly string[]} names from the top down
 * @param {number} room pixels for the text behind the bars
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
