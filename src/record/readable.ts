// When a source counts as unreadable: too many texts in a needed column that spell no number.

/** The columns without which rows are worth nothing. */
export const NEEDED_COLUMNS = [
  'MSISDN/Number',
  'Dur. (ms)',
  'Total DL (Bytes)',
  'Total UL (Bytes)',
] as const

/** Whether a source is refused without a column. */
export const isNeeded = (column: string): boolean =>
  (NEEDED_COLUMNS as readonly string[]).includes(column)

const MOST_SHARE = 0.05
/** Single odd rows, in a small source, are rejected or counted rows. */
const FEW_ROWS = 3

/** Whether a share of rows is larger than that of odd rows. */
export const isTooMany = (unreadable: number, rows: number): boolean =>
  unreadable > rows * MOST_SHARE

/** What is wrong with a column, as the end of a sentence; null when few of its rows are unreadable. */
export function requireFew(unreadable: number, rows: number): string | null {
  if (unreadable < FEW_ROWS || !isTooMany(unreadable, rows)) return null
  return `is not readable as a number in ${unreadable} of ${rows} rows, expected at most ${100 * MOST_SHARE} %`
}
