// Colours: what belongs to the theme, and one colour for each application and segment everywhere.

/**
 * Okabe and Ito, "Color Universal Design" (2008): told apart by people with any colour vision.
 * Its black and yellow, which vanish on dark or light ground, stand last or are left out.
 */
const BLUE = '#0072b2'
const SKY = '#56b4e9'
const GREEN = '#009e73'
const ORANGE = '#e69f00'
const VERMILION = '#d55e00'
const PURPLE = '#cc79a7'
const GREY = '#8c929c'

const APPLICATION_COLOURS = [SKY, BLUE, ORANGE, VERMILION, GREY, PURPLE, GREEN]

/** From cool to hot, as segments go from least to most engaged. */
const SEGMENT_COLOURS = [SKY, ORANGE, VERMILION, PURPLE, GREEN, BLUE, GREY]

/** @typedef {{ ink: string, muted: string, line: string, grid: string, surface: string,
 *   bar: string, accent: string, heat: string, hottest: string }} Theme */

/** The colours of the theme in force, out of the style sheet. */
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

/**
 * Name to colour. By alphabet, so that no order of traffic ever changes it.
 * @param {readonly string[]} names
 */
export function applicationColours(names) {
  return assign([...names].sort(), APPLICATION_COLOURS)
}

/**
 * Name to colour, from least to most engaged.
 * @param {readonly string[]} names
 */
export function segmentColours(names) {
  return assign(names, SEGMENT_COLOURS)
}

/** Shapes by which segments differ besides, from least to most engaged. */
const SEGMENT_SHAPES = ['circle', 'rect', 'triangle', 'diamond']

/** The shape of a segment's points. @param {number} index */
export function segmentShape(index) {
  return SEGMENT_SHAPES[index % SEGMENT_SHAPES.length] ?? 'circle'
}

/**
 * @param {readonly string[]} names
 * @param {readonly string[]} colours
 * @returns {Map<string, string>}
 */
function assign(names, colours) {
  return new Map(names.map((name, index) => [name, colours[index % colours.length] ?? GREY]))
}
