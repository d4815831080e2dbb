// When a source counts as unreadable: too many texts in a needed column that spell no number.

/** The columns without which rows are worth nothing. */
export const NEEDED_COLUMNS = [
  'MSISDN/Number',
  'Dur. (ms)',
  'Total DL (Bytes)',
  'Total UL (Bytes)',
] as const

const MOST_SHARE = 0.05
/** Single odd rows, in a small source, are rejected or counted rows. */
const FEW_ROWS = 3

/** What is wrong with a column, as the end of a sentence; null when few of its rows are unreadable. */
export function requireFew(unreadable: number, rows: number): string | null {
  if (unreadable < FEW_ROWS || unreadable <= rows * MOST_SHARE) return null
  return `is not readable as a number in ${unreadable} of ${rows} rows, expected at most ${100 * MOST_SHARE} %`
}
