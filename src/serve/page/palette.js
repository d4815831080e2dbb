// Colours: those of the theme, and one for each application and segment, shared with the report.
import { TABLES } from './tables.js'

/** @typedef {{ ink: string, muted: string, line: string, grid: string, surface: string,
 *   bar: string, accent: string, heat: string, hottest: string }} Theme */

/** The colours of the current theme, from the style sheet. */
export function currentTheme() {
  const style = getComputedStyle(document.documentElement)
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim()
  return {
    ink: read('ink'),
    muted: read('muted'),
    line: read('line'),
    grid: read('grid'),
    surface: read('surface'),
    bar: read('bar'),
    accent: read('accent'),
    heat: read('heat'),
    hottest: read('hottest'),
  }
}

/** The colour of each application. @type {ReadonlyMap<string, string>} */
export const APPLICATION_COLOURS = new Map(
  TABLES.applications.map(({ name, colour }) => [/** @type {string} */ (name), colour]),
)

/**
 * The colour of each segment.
 * @param {readonly string[]} names from least to most engaged
 */
export function segmentColours(names) {
  const colours = TABLES.segmentColours
  return new Map(names.map((name, index) => [name, colours[index % colours.length] ?? '']))
}

/** Shapes of the points of segments from least to most engaged, in addition to the colours. */
const SEGMENT_SHAPES = ['circle', 'rect', 'triangle', 'diamond']

/** The shape of a segment's points. @param {number} index */
export function segmentShape(index) {
  return SEGMENT_SHAPES[index % SEGMENT_SHAPES.length] ?? 'circle'
}
