// Counts the unreadable values of needed columns in the first rows of a topic.
//
// What there is of these rows is looked at before one is applied (`units.ts`), and refused as a whole
// (`unit-decision.ts`). The rows that come later are counted before they are applied (`unit-check.ts`).
import { UNREADABLE } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { isTooMany, NEEDED_COLUMNS, requireFew } from '../../../src/record/readable.ts'
import { DECODED } from './message-format.ts'
import type { MessageRows } from './message-rows.ts'

/** Rows that are looked at even if fewer would do, while there are more. */
export const FIRST_ROWS = 1000
const NEEDED = NEEDED_COLUMNS.map((column) => USED_COLUMNS.indexOf(column))

/** The first decoded rows, at most FIRST_ROWS. */
export interface FirstRows {
  rows: number
  /** Rows that are unreadable in each of NEEDED_COLUMNS. */
  unreadable: number[]
}

/** No rows. */
export const createFirstRows = (): FirstRows => ({ rows: 0, unreadable: NEEDED.map(() => 0) })

/** Adds the decoded rows of a log from an offset on. */
export function addFirstRows(first: FirstRows, rows: MessageRows, from: number): void {
  for (let i = 0; i < rows.count && first.rows < FIRST_ROWS; i++) {
    if (rows.outcome[i] !== DECODED || rows.offset[i] < from) continue
    first.rows++
    for (const [at, place] of NEEDED.entries()) {
      if (rows.columns[place].values[i] === UNREADABLE) first.unreadable[at]++
    }
  }
}

/** Whether a batch has rows to add. */
export function hasFirstRows(
  { rows }: FirstRows,
  { outcome, offset, count }: MessageRows,
  from: number,
): boolean {
  if (rows >= FIRST_ROWS) return false
  for (let i = 0; i < count; i++) if (outcome[i] === DECODED && offset[i] >= from) return true
  return false
}

/** Whether more rows may show that a column is readable after all, or that it is not. */
export const isUncertain = ({ rows, unreadable }: FirstRows): boolean =>
  rows < FIRST_ROWS && unreadable.some((count) => isTooMany(count, rows))

/** A column that too many of `of` rows cannot be read in, as a sentence; null for none. */
export function unreadableColumn(first: FirstRows, of = first.rows): string | null {
  for (const [at, column] of NEEDED_COLUMNS.entries()) {
    const count = first.unreadable[at]
    const problem = isTooMany(count, of) ? requireFew(count, first.rows) : null
    if (problem !== null) return `the column "${column}" ${problem}`
  }
  return null
}
