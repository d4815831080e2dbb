// SQL of the TIMESTAMP that a text with day, month and year spells, the twin of `timeOf`.
import { literal } from '../../duckdb.ts'
import { DATE_SEPARATORS, MERIDIEM, type TimeFormat } from '../../record/formats/time-format.ts'

const CLOCKS = ['%H:%M', '%H:%M:%S']
const HALF_DAYS = ['%I:%M %p', '%I:%M:%S %p']
const [FRACTION, HALF_FRACTION] = ['%H:%M:%S.%n', '%I:%M:%S.%n %p']

/** A date pattern with each of the clocks, as a list. */
const formats = (date: string, clocks: readonly string[]): string =>
  `[${clocks.map((clock) => literal(`${date} ${clock}`)).join(', ')}]`

/** The TIMESTAMP of a text; nanoseconds have a type of their own. */
const parse = (text: string, date: string, clocks: readonly string[], fraction: string): string =>
  `coalesce(try_strptime(${text}, ${formats(date, clocks)}),
    try_strptime(${text}, ${literal(`${date} ${fraction}`)})::TIMESTAMP)`

/**
 * SQL of the TIMESTAMP; NULL for any other text, and without an order for a text that needs one.
 *
 * @param text SQL of a text without spaces around it
 */
export function textTime(text: string, order: TimeFormat | null): string {
  const date = order === 'day-first' ? ['%d', '%m', '%Y'] : ['%m', '%d', '%Y']
  const begins = (mark: string): string =>
    `(${text} BETWEEN '0' AND ':' AND (${text} LIKE '_${mark}%' OR ${text} LIKE '__${mark}%'))`
  const ordered = order === null ? [] : DATE_SEPARATORS
  const plain = ordered.map(
    (mark) => `WHEN ${begins(mark)} THEN ${parse(text, date.join(mark), CLOCKS, FRACTION)}`,
  )
  // What is before AM or PM and after it varies; strptime knows one spelling.
  const half = `regexp_replace(${text}, ${literal(`${MERIDIEM}[\\t-\\r ]*$`)}, ' \\1M')`
  const yearFirst = DATE_SEPARATORS.map(
    (mark) => `WHEN substr(${text}, 5, 1) = ${literal(mark)}
      THEN ${parse(half, ['%Y', '%m', '%d'].join(mark), HALF_DAYS, HALF_FRACTION)}`,
  )
  const halves = ordered.map(
    (mark) => `WHEN ${begins(mark)} THEN ${parse(half, date.join(mark), HALF_DAYS, HALF_FRACTION)}`,
  )
  const ends = ['m', 'M', '.'].map((end) => `ends_with(${text}, '${end}')`).join(' OR ')
  return `CASE WHEN ${ends} THEN CASE ${[...halves, ...yearFirst].join(' ')} END
    ${plain.join(' ')} END`
}

/**
 * SQL of the TIMESTAMP of the spelling that most files have, NULL for any other: tried first, so that
 * these files do not pay for the others. An order is known.
 */
export const usualTime = (text: string, order: TimeFormat): string =>
  `try_strptime(${text}, ${formats(order === 'day-first' ? '%d/%m/%Y' : '%m/%d/%Y', CLOCKS)})`
