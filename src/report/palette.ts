// Colours of the report: one for each application and segment, the same as on the live page.
import { APPLICATIONS } from '../record/columns.ts'

/** Okabe and Ito, "Color Universal Design" (2008): told apart with any colour vision. */
const BLUE = '#0072b2'
const SKY = '#56b4e9'
const GREEN = '#009e73'
const ORANGE = '#e69f00'
const VERMILION = '#d55e00'
const PURPLE = '#cc79a7'
const GREY = '#8c929c'

const OF_APPLICATIONS = [SKY, BLUE, ORANGE, VERMILION, GREY, PURPLE, GREEN]
const OF_SEGMENTS = [SKY, ORANGE, VERMILION, PURPLE, GREEN, BLUE, GREY]

/** The colour of an application: by its place in the alphabet, whatever its traffic. */
export function applicationColour(name: string): string {
  return OF_APPLICATIONS[[...APPLICATIONS].sort().indexOf(name as never)] ?? GREY
}

/** The colour of a segment by its place from least to most engaged. */
export const segmentColour = (level: number): string => OF_SEGMENTS[level % OF_SEGMENTS.length]

/** Black or white, whichever is read better on a colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? '#17202e' : '#ffffff'
}
