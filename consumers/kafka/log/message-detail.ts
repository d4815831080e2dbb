// Why a message was rejected, in more words than its reason: kept with it, and sent with its letter.
import { shorten } from '../../../src/errors.ts'
import type { Reason } from '../../../src/record/batch.ts'
import { AMOUNTS, PLACE } from '../../../src/record/columns.ts'
import { MOST_RAW_BYTES, type MessageRows } from './message-rows.ts'

/** Longest detail that is kept; one that lists names of columns may be longer. */
const MOST_LETTERS = 500

/** The detail of row i; null where the reason is enough. No detail holds a value of the message. */
export function detailOf(rows: MessageRows, i: number, reason: Reason): string | null {
  const detail =
    rows.details.get(i) ?? (reason === 'invalid-number' ? invalidNumber(rows, i) : null)
  const size = rows.valueTo[i] - rows.valueFrom[i]
  const cut =
    size > MOST_RAW_BYTES ? `the first ${MOST_RAW_BYTES} of its ${size} bytes are kept` : null
  const parts = [cut, detail].filter((part) => part !== null)
  return parts.length === 0 ? null : shorten(parts.join('; '), MOST_LETTERS)
}

function invalidNumber({ columns }: MessageRows, i: number): string | null {
  for (const [at, { column }] of AMOUNTS.entries()) {
    const value = columns[PLACE.amounts + at].values[i]
    if (value < 0 && value !== -Number.MAX_VALUE) return `the column "${column}" is negative`
    if (value >= 2 ** 53) return `the column "${column}" is 2^53 or more`
  }
  return null
}
