// One chart: created when it is first visible, updated in place, redrawn when theme or width change.
import { init } from './vendor/echarts.js'
import { make, save } from './dom.js'
import { currentTheme } from './palette.js'

/** @typedef {import('./vendor/echarts.js').EChartsOption} Option */
/** @typedef {import('./palette.js').Theme} Theme */
/** @typedef {{ theme: Theme, narrow: boolean }} Surroundings */

/** Charts narrower than this, in pixels, leave out details. */
const NARROW = 420
/** Pixels of a saved picture per pixel of the screen, and the height of its title. */
const PIXEL_RATIO = 2
const TITLE_ROOM = 44

const dark = matchMedia('(prefers-color-scheme: dark)')
const still = matchMedia('(prefers-reduced-motion: reduce)')

/** Parts of an option that are replaced, not merged, so that nothing of an earlier choice remains. */
const REPLACED = ['series', 'xAxis', 'yAxis', 'visualMap', 'legend']

/**
 * A chart in the element; `draw` takes a function from theme and width to the option.
 * @param {HTMLElement} element
 */
export function createChart(element) {
  /** @type {import('./vendor/echarts.js').ECharts | null} */
  let chart = null
  /** @type {((surroundings: Surroundings) => Option) | null} */
  let latest = null
  /** @type {(index: number) => void} */
  let picked = () => undefined
  const redraw = () => {
    // A hidden chart is drawn when it becomes visible.
    if (latest === null || element.clientWidth === 0) return
    if (chart === null) {
      chart = init(element, null, { renderer: 'canvas' })
      chart.on('click', ({ dataIndex }) => picked(dataIndex))
    }
    const theme = currentTheme()
    const option = latest({ theme, narrow: element.clientWidth < NARROW })
    chart.setOption({ ...common(theme), ...option }, { replaceMerge: REPLACED })
  }
  dark.addEventListener('change', redraw)
  new ResizeObserver(() => {
    if (element.clientWidth === 0) return
    chart?.resize()
    redraw()
  }).observe(element)
  return {
    /** @param {(surroundings: Surroundings) => Option} option */
    draw(option) {
      latest = option
      redraw()
    },
    /** Calls back with the index of a clicked value. @param {(index: number) => void} callback */
    pick(callback) {
      picked = callback
    },
    /** Saves the chart as PNG with its title. @param {string} name @param {string} title */
    save(name, title) {
      if (chart === null) return
      const picture = withTitle(chart.renderToCanvas({ pixelRatio: PIXEL_RATIO }), title)
      picture.toBlob((content) => content !== null && save(`${name}.png`, content), 'image/png')
    },
  }
}

/**
 * @param {HTMLCanvasElement} drawn
 * @param {string} title
 */
function withTitle(drawn, title) {
  const theme = currentTheme()
  const picture = document.createElement('canvas')
  const top = TITLE_ROOM * PIXEL_RATIO
  picture.width = drawn.width
  picture.height = drawn.height + top
  const context = picture.getContext('2d')
  if (context === null) return drawn
  context.fillStyle = theme.surface
  context.fillRect(0, 0, picture.width, picture.height)
  context.fillStyle = theme.ink
  context.font = `600 ${16 * PIXEL_RATIO}px ${getComputedStyle(document.body).fontFamily}`
  context.textBaseline = 'middle'
  context.fillText(title, 12 * PIXEL_RATIO, top / 2)
  context.drawImage(drawn, 0, top)
  return picture
}

/**
 * The options that all charts share.
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
 * A tooltip made of elements instead of markup, as the content security policy forbids style
 * attributes in markup.
 * @param {Theme} theme
 * @param {'item' | 'axis'} trigger
 * @param {(index: number, series: number) => { title: string, rows: [string, string][] }} content
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
    axisPointer: {
      type: 'shadow',
      z: 0,
      shadowStyle: { color: theme.grid, opacity: 0.7 },
      lineStyle: { color: theme.muted },
    },
    formatter: (found) => {
      const first = Array.isArray(found) ? found[0] : found
      const { title, rows } = content(first?.dataIndex ?? 0, first?.seriesIndex ?? 0)
      const lines = rows.map(([name, value]) => make('tr', make('th', name), make('td', value)))
      return [make('strong', title), make('table', make('tbody', ...lines))]
    },
  }
}
