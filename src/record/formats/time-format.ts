// The order of day and month in times such as `14/04/2019 9:05`: which values show it.

/** The orders of day and month before a year. */
export const TIME_FORMATS = ['month-first', 'day-first'] as const
/** One of TIME_FORMATS. */
export type TimeFormat = (typeof TIME_FORMATS)[number]

/** What may be between day, month and year; a text has one of them twice. */
export const DATE_SEPARATORS = ['/', '-', '.'] as const

/** What may be before and after a time. */
export const TIME_BLANKS = ' \t\n\v\f\r'
const SPACE = '[\\t-\\r ]*'
/** AM or PM, with or without dots; both dialects of regular expressions read it alike. */
export const MERIDIEM = '[\\t-\\r ]*([AaPp])[.]?[Mm][.]?'
const CLOCK = `(\\d{1,2}):(\\d{1,2})(?::(\\d{1,2})(?:\\.(\\d{1,9}))?)?`

/** Two parts of unknown order, separator and year, hour, minute, second, fraction, A or P. */
export const DAY_MONTH = new RegExp(
  `^${SPACE}(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4})[\\t-\\r ]${SPACE}${CLOCK}(?:${MERIDIEM})?${SPACE}$`,
)
/** The same of a text that begins with its year and ends with AM or PM. */
export const YEAR_MERIDIEM = new RegExp(
  `^${SPACE}(\\d{4})([/.-])(\\d{1,2})\\2(\\d{1,2})[\\t-\\r ]${SPACE}${CLOCK}${MERIDIEM}${SPACE}$`,
)

/** The order that values show, in number and by an example each. */
export interface TimeEvidence {
  /** A first part above 12. */
  dayFirst: number
  /** A second part above 12. */
  monthFirst: number
  /** Both parts up to 12. */
  either: number
  examples: { dayFirst: string; monthFirst: string; either: string }
}

/** No values. */
export const createTimeEvidence = (): TimeEvidence => ({
  dayFirst: 0,
  monthFirst: 0,
  either: 0,
  examples: { dayFirst: '', monthFirst: '', either: '' },
})

/** What a text is evidence of; null for a text whose order does not matter, or that is not a date. */
export function orderShownBy(text: string): keyof TimeEvidence['examples'] | null {
  const match = DAY_MONTH.exec(text)
  if (match === null) return null
  const [first, second] = [Number(match[1]), Number(match[3])]
  if (first < 1 || second < 1 || Math.max(first, second) > 31) return null
  if (first > 12) return second > 12 ? null : 'dayFirst'
  return second > 12 ? 'monthFirst' : 'either'
}

/** Adds a text that occurs `count` times. */
export function addTime(evidence: TimeEvidence, text: string, count = 1): void {
  const shown = orderShownBy(text)
  if (shown === null) return
  if (evidence[shown] === 0) evidence.examples[shown] = text.trim()
  evidence[shown] += count
}
