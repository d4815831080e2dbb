// Follows the rows of each source in order of Start: which of them are in the topic already, and how
// far each source is sent.
import { assert, PulseError } from '../errors.ts'
import { addToChecksum, isSame, NOTHING, type Progress, type Source } from './progress.ts'
import type { Values } from './values.ts'

/** What the topic holds of a source when a producer starts. */
export interface Beginning {
  source: Source
  /** Its first rows in order of Start are in the topic. */
  from: number
  /** The checksum over these rows; null when nothing shows it. */
  checksum: number | null
  /** Rows found in the topic, one bit per row number; null when the topic was not read. */
  marks: Uint8Array | null
  /** Number of marked rows. */
  marked: number
  /** What is committed now; null for nothing. */
  committed: Progress | null
}

/** The progress of one source that the next transaction commits. */
export interface Step {
  source: Source
  progress: Progress
  /** The progress that it replaces. */
  former: Progress | null
}

/** A place in the order of each source. */
interface Places {
  rows: Float64Array
  checksums: Int32Array
}

/** Follows the rows of all sources of a run. */
export interface Follower {
  beginnings: readonly Beginning[]
  /** Up to the end of the chunk that was looked at last. */
  seen: Places
  /** Up to the last row that was added or skipped. */
  passed: Places
  /** Marked rows that are still to be passed. */
  marksLeft: Float64Array
  /** The latest progress that was handed out to be committed. */
  handedOut: (Progress | null)[]
  /** Of the rows of the present chunk: place of the row after it, checksum, whether it is sent. */
  next: Float64Array
  checksums: Int32Array
  sent: Uint8Array
}

/** Follows from the first row of each source on. */
export const createFollower = (beginnings: readonly Beginning[]): Follower => {
  const places = (): Places => ({
    rows: new Float64Array(beginnings.length),
    checksums: new Int32Array(beginnings.length),
  })
  return {
    beginnings,
    seen: places(),
    passed: places(),
    marksLeft: Float64Array.from(beginnings, ({ marked }) => marked),
    handedOut: beginnings.map(({ committed }) => committed),
    next: new Float64Array(0),
    checksums: new Int32Array(0),
    sent: new Uint8Array(0),
  }
}

/**
 * Looks at the next chunk of rows, in order: fills `sent` with 1 where the topic holds the row.
 *
 * @throws PulseError `kafka` when rows that were sent are now in another order
 */
export function lookAt(follower: Follower, values: Values): void {
  const { beginnings, seen } = follower
  const { count, file, row } = values
  if (follower.sent.length < count) {
    follower.next = new Float64Array(count)
    follower.checksums = new Int32Array(count)
    follower.sent = new Uint8Array(count)
  }
  const { next, checksums, sent } = follower
  for (let i = 0; i < count; i++) {
    const at = file[i]
    const { from, checksum, marks, source } = beginnings[at]
    next[i] = ++seen.rows[at]
    checksums[i] = seen.checksums[at] = addToChecksum(seen.checksums[at], row[i])
    sent[i] = next[i] <= from || (marks !== null && isMarked(marks, row[i])) ? 1 : 0
    if (next[i] === from && checksum !== null && checksum !== checksums[i]) {
      throw new PulseError(
        'kafka',
        `${source.path}: its first ${from} rows in order of Start are not those that were sent; ` +
          'expected the same options as before, above all those of times',
      )
    }
  }
}

const isMarked = (marks: Uint8Array, row: number): boolean =>
  (marks[row >> 3] & (1 << (row & 7))) !== 0

/** Passes row i of the present chunk: it is added to a batch, or the topic holds it. */
export function pass(follower: Follower, values: Values, i: number): void {
  const { beginnings, passed } = follower
  const at = values.file[i]
  passed.rows[at] = follower.next[i]
  passed.checksums[at] = follower.checksums[i]
  const { marks } = beginnings[at]
  if (marks !== null && isMarked(marks, values.row[i])) follower.marksLeft[at]--
}

/** What has changed since the last call: to be committed with the rows that were added since. */
export function steps(follower: Follower): Step[] {
  const { beginnings, passed, marksLeft, handedOut } = follower
  return beginnings.flatMap(({ source, from, committed }, at) => {
    const progress = {
      rows: passed.rows[at],
      checksum: passed.checksums[at],
      whole: marksLeft[at] === 0,
    }
    const former = handedOut[at]
    if (isSame(progress, former ?? NOTHING) && progress.whole === (former ?? NOTHING).whole)
      return []
    // Rows that were skipped are committed already.
    if (committed?.whole === true && progress.rows <= from) return []
    handedOut[at] = progress
    return [{ source, progress, former }]
  })
}

/** Asserts that a run that has passed all rows has passed those of each source. */
export function assertAllPassed({ beginnings, passed }: Follower): void {
  beginnings.forEach(({ source }, at) => {
    assert(passed.rows[at] === source.rows, `all rows of source ${at} were passed`)
  })
}
