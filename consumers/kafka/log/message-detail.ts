// Why a message was rejected, in more words than its reason: kept with it, and sent with its letter.
import { shorten } from '../../../src/errors.ts'
import { claimedHeaders, headersOf } from '../../../src/kafka/headers.ts'
import type { Reason } from '../../../src/record/batch.ts'
import { AMOUNTS, PLACE } from '../../../src/record/columns.ts'
import { headerBytes, MOST_RAW_BYTES, type MessageRows } from './message-rows.ts'

/** Longest detail that is kept; one that lists names of columns may be longer. */
const MOST_LETTERS = 500

/** The detail of row i; null where the reason is enough. No detail holds a value of the message. */
export function detailOf(rows: MessageRows, i: number, reason: Reason): string | null {
  const detail =
    rows.details.get(i) ?? (reason === 'invalid-number' ? invalidNumber(rows, i) : null)
  const { bytes, keyFrom, keyTo, valueFrom, valueTo } = rows
  const [key, value] = [keyTo[i] - keyFrom[i], valueTo[i] - valueFrom[i]]
  const parts = [
    cutTo(value, `its ${value} bytes`),
    cutTo(key, `the ${key} bytes of its key`),
    headersNotKept(bytes[i], valueTo[i]),
    detail,
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : shorten(parts.join('; '), MOST_LETTERS)
}

const cutTo = (size: number, what: string): string | null =>
  size > MOST_RAW_BYTES ? `the first ${MOST_RAW_BYTES} of ${what} are kept` : null

function headersNotKept(bytes: Buffer, valueTo: number): string | null {
  const claimed = claimedHeaders(bytes, valueTo)
  if (claimed <= 0) return null
  const headers = headersOf(bytes, valueTo)
  const size = headerBytes(headers)
  if (size > MOST_RAW_BYTES) return `its headers of ${size} bytes are not kept`
  if (headers.length === 0) return 'its headers are damaged and not kept'
  const isCut = claimed > headers.length
  return isCut ? `the first ${headers.length} of its ${claimed} headers are kept` : null
}

function invalidNumber({ columns }: MessageRows, i: number): string | null {
  for (const [at, { column }] of AMOUNTS.entries()) {
    const value = columns[PLACE.amounts + at].values[i]
    if (value < 0 && value !== -Number.MAX_VALUE) return `the column "${column}" is negative`
    if (value >= 2 ** 53) return `the column "${column}" is 2^53 or more`
  }
  return null
}
