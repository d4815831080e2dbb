// The colours of applications and segments: one palette for the report and the live page.
import { APPLICATIONS } from '../record/columns.ts'

/** Okabe and Ito, "Color Universal Design" (2008): distinguishable with any colour vision. */
const BLUE = '#0072b2'
const SKY = '#56b4e9'
const GREEN = '#009e73'
const ORANGE = '#e69f00'
const VERMILION = '#d55e00'
const PURPLE = '#cc79a7'
const GREY = '#8c929c'

/** By the place of an application in the alphabet, which does not change with traffic. */
const APPLICATION_COLOURS = [SKY, BLUE, ORANGE, VERMILION, GREY, PURPLE, GREEN]

/** From least to most engaged: cold to warm, then the others. */
export const SEGMENT_COLOURS: readonly string[] = [
  SKY,
  ORANGE,
  VERMILION,
  PURPLE,
  GREEN,
  BLUE,
  GREY,
]

const BY_NAME: ReadonlyMap<string, string> = new Map(
  [...APPLICATIONS]
    .sort()
    .map((name, at) => [name, APPLICATION_COLOURS[at % APPLICATION_COLOURS.length]]),
)

/** The colour of an application; grey for an unknown one. */
export const applicationColour = (name: string): string => BY_NAME.get(name) ?? GREY

/** The colour of a segment by its place from least to most engaged. */
export const segmentColour = (level: number): string =>
  SEGMENT_COLOURS[level % SEGMENT_COLOURS.length]

/** Black or white, whichever has the higher contrast on a colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? '#17202e' : '#ffffff'
}
